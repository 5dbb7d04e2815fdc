"""The model card of a run: its facts in words, below the metadata that Hugging Face's hub reads.

A run may be shown to people who may not see its table, so a card names columns and counts, and never shows a cell: no class,
no label, no note, and of a file only its name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from shlex import quote
from typing import Protocol

import yaml

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report.patterns import lacks
from torso.runs.report.report import RunReport
from torso.runs.schema.schema import Schema
from torso.runs.settings.check import names_code
from torso.runs.settings.config import RunConfig
from torso.tables.databases import name_of
from torso.tasks import words_of

__all__ = ["Described", "model_card"]

_HUB_TASKS = {"class": "tabular-classification", "quantity": "tabular-regression"}
_LICENSE = (
    "# license: left open; choose one: https://huggingface.co/docs/hub/repositories-licenses\n"
)
_SHOWN = 8  # patterns of gaps
_FEW = 100
"""Labels below which a score is called uncertain."""


class Described(Protocol):
    """A run as far as its card tells."""

    @property
    def config(self) -> RunConfig:
        """Return the complete config."""

    @property
    def schema(self) -> Schema:
        """Return the fitted schema."""

    @property
    def report(self) -> RunReport:
        """Return the results."""


def model_card(run: Described, name: str, repository: str = "") -> str:
    """Return the card as Markdown, its metadata first.

    Args:
        run: finished.
        name: of its folder.
        repository: of the hub, where the folder is fetched from one.
    """
    head = yaml.safe_dump(_metadata(run, name), sort_keys=False, allow_unicode=True)
    lines = [
        f"# {_escaped(name)}",
        "",
        *_opening(run),
        *_section("What goes in", _inputs(run)),
        *_section("What comes out", _targets(run)),
        *_section("Rows and labels", _rows(run.report)),
        *_section("Scores", _scores(run.report)),
        *_section("Limits", [f"* {line}" for line in _limits(run)]),
        *_section("How to use it", _use(run, name, repository)),
        *_section("How it was made", _made(run)),
    ]
    return f"---\n{_LICENSE}{head}---\n\n" + "\n".join(lines) + "\n"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *lines]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table of Markdown; its cells are escaped already."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def _escaped(text: str) -> str:
    r"""Return a name as Markdown shows it letter by letter, on one line.

    >>> print(_escaped("a|b*"))
    a\|b\*
    """
    return re.sub(r"([\\`*_{}\[\]<>|#~$])", r"\\\1", " ".join(text.split()))


def _data_name(config: RunConfig) -> str:
    """Return the file name of the table, without its folders, or the name of the database."""
    return name_of(config.data.table) if config.data.table else "a table in memory"


# --- metadata


def _metadata(run: Described, name: str) -> dict[str, object]:
    """Return the head as the hub reads it: https://huggingface.co/docs/hub/model-cards."""
    reports = run.report.tasks
    kinds = dict.fromkeys(kind.name for kind in run.schema.inputs.values())
    tags = ["torso", *kinds, *(["multi-task"] if len(reports) > 1 else [])]
    if len(run.schema.modalities) > 1:
        tags.append("multi-modal")
    return {
        "library_name": "torso",
        "tags": [*dict.fromkeys(tags)],
        "metrics": [*dict.fromkeys(report.headline for report in reports.values())],
        "model-index": [
            {"name": name, "results": [_result(run, task) for task in reports]},
        ],
    }


def _result(run: Described, task: str) -> dict[str, object]:
    """Return one task's scores as the hub's index of models takes them; undefined ones are left out."""
    kind, report = run.schema.targets[task], run.report.tasks[task]
    defined = {m: own for m, own in report.metrics.items() if math.isfinite(own.value)}
    return {
        "task": {"type": _HUB_TASKS.get(kind.label, kind.kind), "name": task},
        "dataset": {
            "type": "tabular",
            "name": _data_name(run.config),
            "split": run.report.split,
        },
        "metrics": [
            {"type": metric, "name": metric.replace("_", " "), "value": round(own.value, 6)}
            for metric, own in defined.items()
        ],
    }


def _word(report: TaskReport, metric: str) -> str:
    return words_of(report.kind).get(metric, metric.replace("_", " "))


# --- words


def _opening(run: Described) -> list[str]:
    columns, tasks = len(run.schema.inputs), len(run.schema.targets)
    return [
        f"A model that reads {_count(columns, 'column')} of a row and answers {_count(tasks, 'target')}, trained with Torso "
        f"{run.report.torso} on {_escaped(_data_name(run.config))}. Columns may be missing in any row."
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _inputs(run: Described) -> list[str]:
    usage = run.report.usage
    rows = max(1, usage.rows.get("training", 0))
    lines = []
    for label, modality in run.schema.modalities.items():
        count = usage.training_rows_with.get(label)
        share = "–" if count is None else f"{count / rows:.0%}"
        lines += [
            [_escaped(column), kind.name, _escaped(label), share]
            for column, kind in modality.columns.items()
        ]
    return _table(["column", "kind", "modality", "training rows that have the modality"], lines)


def _targets(run: Described) -> list[str]:
    lines = []
    for task, kind in run.schema.targets.items():
        report = run.report.tasks[task]
        facts = [f"one of {len(kind.names)}"] if kind.label == "class" and kind.names else []
        level = report.promised.get("coverage")
        if level is not None:
            facts.append(f"with an interval that is to hold {level[0]:.0%} of the labels")
        lines.append([_escaped(task), kind.kind, ", ".join(facts) or "–"])
    return _table(["target", "kind", "answer"], lines)


def _rows(report: RunReport) -> list[str]:
    usage = report.usage
    header = ["", *(f"{part} ({count:,} rows)" for part, count in usage.rows.items())]
    return _table(
        header,
        [
            [
                _escaped(task),
                *(f"{usage.labels[part].get(task, 0):,} labels" for part in usage.rows),
            ]
            for task in report.tasks
        ],
    )


def _scores(report: RunReport) -> list[str]:
    grouped = any(own.groups is not None for own in report.tasks.values())
    lines = [
        [
            _escaped(task),
            _word(own, metric),
            estimate_text(own.metrics[metric]),
            number_text(own.baseline[metric]),
            own.verdict(metric) or "undefined",
        ]
        for task, own in report.tasks.items()
        for metric in _shown(own)
    ]
    rows = max((own.rows for own in report.tasks.values()), default=0)
    return [
        f"On {rows:,} {report.split} rows, with 95 % bootstrap intervals over "
        f"{'whole groups of rows' if grouped else 'rows'}. The baseline sees no input. Coverage is the share of labels "
        "inside the model's intervals. `metrics.json` has all metrics.",
        "",
        *_table(["target", "metric", "value", "baseline", "verdict"], lines),
    ]


def _shown(report: TaskReport) -> list[str]:
    """Return the metrics to quote: the headline, and coverage where something is promised."""
    return list(dict.fromkeys([report.headline, *report.promised]))


def _limits(run: Described) -> Iterator[str]:
    report, split = run.report, run.config.data.split
    if report.split != "test":
        several = ", each answered by networks that did not learn from it" * (
            report.training.networks > 1
        )
        yield (
            f"There were no test rows. The scores are on validation rows{several}; these rows also ended the training and "
            "calibrated the answers, so they may flatter."
        )
    if split.time is None and split.column is None and run.config.data.test is None:
        units = "whole groups of rows" if split.group is not None else "rows"
        yield (
            f"Training and {report.split} rows are {units} of one table, drawn at random. Rows of another time, place or "
            "source were not judged."
        )
    for task, own in report.tasks.items():
        verdict, named = own.verdict(), _escaped(task)
        if not own.labels:
            yield f"{named}: no {report.split} row has a label, so it was not judged."
            continue
        if verdict != "better":
            yield f"{named}: not shown to be better than answers without inputs."
        if own.labels < _FEW:
            yield f"{named}: judged on {_count(own.labels, 'label')}, so its scores are uncertain."
        for metric in own.promised:
            if (kept := own.verdict(metric)) in ("too narrow", "too wide"):
                yield f"{named}: its intervals are {kept}."
    if report.patterns and len(run.schema.modalities) > 1:
        seen = ", ".join(
            f"{_escaped(lacks(pattern.absent, run.schema.modalities))} ({pattern.rows:,})"
            for pattern in report.patterns[:_SHOWN]
        )
        more = ", and rarer ones" if len(report.patterns) > _SHOWN else ""
        yield (
            f"Rows that were judged, by the modalities that they lack: {seen}{more}. Answers to rows with other gaps were never "
            "judged. `metrics.json` has the scores of each under `patterns`."
        )
    if report.training.end in ("interrupted", "diverged"):
        yield f"The training {report.training.end}; the best weights until then were kept.".replace(
            "interrupted", "was interrupted"
        )
    if report.notes:
        yield (
            f"The fit left {_count(len(report.notes), 'note')} in `metrics.json`, under `notes`. They may quote cells of the "
            "table."
        )
    yield (
        "`vocabulary.json` holds words and values of the table, classes among them. Look at it before you pass the folder on."
    )


def _use(run: Described, name: str, repository: str) -> list[str]:
    folder, code = quote(name), names_code(run.config)
    trusting = ", trust_code=True" if code else ""
    opened = f"torso.pull({repository!r})" if repository else repr(name)
    return [
        "```sh",
        *([f"torso pull {repository} -o {folder}"] if repository else []),
        f"torso predict {folder} NEW.csv -o answers.csv{' --trust-code' if code else ''}",
        "```",
        "",
        "```python",
        "import torso",
        "",
        f"answers = torso.load({opened}{trusting}).predict('NEW.csv')",
        "```",
    ]


def _made(run: Described) -> list[str]:
    report, config = run.report, run.config
    course = report.training
    lines = [
        f"* {_count(course.parameters, 'parameter')}, {_count(course.networks, 'network')}, "
        f"{_count(course.epochs, 'epoch')} ({course.end}), seed {config.seed}.",
        f"* Fusion {_part(config.fusion)}, sharing {_part(config.sharing)}, balancing {_part(config.balancing)}; encoders: "
        + ", ".join(f"{_escaped(m)} {_part(spec)}" for m, spec in config.encoders.items())
        + ".",
    ]
    shares = {task: own.share for task, own in report.blend.items() if own.share}
    if shares:
        listed = ", ".join(f"{_escaped(task)} {share:.0%}" for task, share in shares.items())
        lines.append(f"* Share of plain models in the answers: {listed}.")
    if config.start is not None:
        lines.append("* It started from the weights of another run; `run.yaml` names it.")
    seconds = course.seconds
    lines += [
        f"* {seconds.preparing + seconds.training + seconds.evaluating:,.0f} seconds in all.",
        "* `torso fit --config run.yaml` repeats it, given the table. `run.yaml` holds paths of the machine that trained it.",
    ]
    return lines


def _part(spec: object) -> str:
    """Return the name of a part, with the pretrained model that it is, where it is one."""
    if not isinstance(spec, Mapping):
        return _escaped(str(spec))
    name = str(spec.get("name") or "")
    if PurePath(name).is_absolute():
        name = PurePath(name).name
    return _escaped(str(spec.get("type", ""))) + (f" ({_escaped(name)})" if name else "")
