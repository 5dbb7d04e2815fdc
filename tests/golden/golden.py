"""Golden runs: small trainings whose every number is written down, to prove that a change changes nothing.

    OMP_NUM_THREADS=1 PYTHONPATH=src python tests/golden/golden.py record FILE [--keep FOLDER] [--only NAME]
    OMP_NUM_THREADS=1 PYTHONPATH=src python tests/golden/golden.py compare FILE [--only NAME] [--ignore ITEM]
    OMP_NUM_THREADS=1 PYTHONPATH=src python tests/golden/golden.py load FOLDER

`record` runs all cases of `golden_cases.py` on the tables of `golden_tables.py` and writes the results, as
compressed JSON. `golden.json.gz` was recorded before the reshaping of November 2026, and again when columns got the
kinds `name` and `set`: of 76 cases one differed, `kinds inferred`, whose texts and labels are read as these since.
`compare` runs them again and prints per case `equal` or the first item that differs; its exit status is 1 if
any does. Equality is to the last digit, so it holds on one machine, with one version of torch and one thread;
`compare` says if these are others. `--keep` also saves the folders of a few runs with their tables, and
`load` holds later code against them: each must open and answer as it did.

Of a run is written: the losses of every step, what each epoch came to, the reports and their baselines,
every column of `predict` before and after saving and loading, an evaluation on new rows, and the names,
shapes and values of the weights.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from golden_cases import SMALL, Case, all_cases
from golden_tables import Tables

import torso

LONG = 32
"""Values that an array has at most if it is written in full."""


# --- adapters: all that is used beyond torso.fit, load, Estimator, predict and evaluate. Where a name moves,
# --- its new place is added here, before the old one.


def balancer_base() -> type:
    """Return the base class of all balancers; its `backward(losses, shared, ...)` is what is listened to."""
    from torso.balancing import Balancer

    return Balancer


def as_recorded() -> None:
    """Give heads of numbers and label sets the defaults of the time when the file was recorded."""
    from torso.tasks.multilabel import Logistics
    from torso.tasks.number import Gaussian
    from torso.tasks.vector import GaussianVector

    before = {Gaussian: ("recentre", False), GaussianVector: ("recentre", False)}
    for head, (name, value) in {**before, Logistics: ("decide", "probable")}.items():
        defaults = head.__init__.__kwdefaults__ or {}
        if name in defaults:
            defaults[name] = value


def listener_base() -> type:
    """Return the base class of those who are told about epochs and the end."""
    from torso.training import Listener

    return Listener


def epoch_values(epoch: Any) -> dict[str, Any]:
    """Return what an epoch came to, without what depends on the clock."""
    names = ("number", "training", "validation", "metrics", "weights", "rows", "lr", "best")
    more = ("conflicts", "mixing")
    return {name: getattr(epoch, name) for name in (*names, *more)}


def reports_of(run: Any) -> dict[str, Any]:
    """Return task -> report of a run on the rows that `fit` kept aside."""
    return run.reports


def report_values(report: Any) -> dict[str, Any]:
    """Return the numbers of a report."""

    def shown(estimates: Mapping[str, Any]) -> dict[str, Any]:
        return {name: [value.value, value.low, value.high] for name, value in estimates.items()}

    return {
        "rows": report.rows,
        "labels": report.labels,
        "headline": report.headline,
        "metrics": shown(report.metrics),
        "baseline": dict(report.baseline),
        "by_name": {name: shown(part) for name, part in report.by_name.items()},
    }


def summary_of(run: Any) -> dict[str, Any]:
    """Return how a training went: its end, its best epoch and the rows and labels that it used."""
    training = {
        name: run.metrics["training"][name]
        for name in ("end", "epochs", "best_epoch", "best_loss", "parameters")
    }
    return {**training, "split": run.metrics["split"], "usage": run.metrics["usage"]}


def weights_of(run: Any) -> dict[str, torch.Tensor]:
    """Return name -> weight of a run's model."""
    return run.model.state_dict()


def predictor_of(estimator: Any) -> Any:
    """Return the run inside a fitted `torso.Estimator`."""
    return estimator.predictor_


def skipped_of(run: Any) -> int:
    """Return how many cells counted as missing although they held something."""
    return len(run.skipped)


def robustness_values(run: Any, table: Any) -> dict[str, Any]:
    """Return the curves of metrics under noise and gaps."""
    told = torso.robustness(run, table, levels=[0.0, 0.5, 1.0])
    return {
        "curves": told.curves,
        "subsets": {" ".join(kept): metrics for kept, metrics in told.subsets.items()},
    }


def search_values(run: Any, text: str, table: Any) -> dict[str, Any]:
    """Return which rows of a table are nearest to a text."""
    return answers_values(
        torso.Searcher(run).search(table, text=text, by="word", find="spots", top=9)
    )


# --- what is written down


def plain(value: Any) -> Any:
    """Return a cell as JSON holds it, its numbers to the last digit and its bytes as a digest."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | torch.Tensor | list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:16]}"
    if isinstance(value, np.generic):
        return value.item()
    return value


def text_of(value: Any) -> str:
    """Write a plain value so that two are alike only if they are equal to the last digit."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def total(value: Any) -> float:
    """Add up the finite numbers in a plain value."""
    if isinstance(value, Mapping):
        return total([*value.values()])
    if isinstance(value, list):
        return sum(map(total, value))
    known = isinstance(value, int | float) and np.isfinite(value)
    return float(value) if known else 0.0


def digest(values: list[Any]) -> Any:
    """Return a short list of short cells as it is, else its digest, its first cells and the sum of its numbers."""
    text = text_of(values)
    if len(values) <= LONG and len(text) <= 25 * LONG:
        return values
    first = [cell if len(text_of(cell)) < 80 else text_of(cell)[:80] for cell in values[:5]]
    code = hashlib.sha256(text.encode()).hexdigest()[:32]
    return {"length": len(values), "sha256": code, "first": first, "sum": total(values)}


def answers_values(answers: Any) -> dict[str, Any]:
    """Return the columns of a frame of answers, each with its type."""
    return {
        name: {"type": str(column.dtype), "cells": digest([plain(cell) for cell in column])}
        for name, column in answers.items()
    }


def weights_values(run: Any) -> dict[str, Any]:
    """Return names and shapes of the weights, and a digest of all values whatever their names and order."""
    weights = weights_of(run)
    values = [weight.contiguous().numpy().tobytes() for weight in weights.values()]
    codes = sorted(hashlib.sha256(value).hexdigest() for value in values)
    return {
        "names": sorted(f"{name} {[*weight.shape]}" for name, weight in weights.items()),
        "values": hashlib.sha256("".join(codes).encode()).hexdigest()[:32],
    }


@contextmanager
def losses_heard() -> Iterator[list[Any]]:
    """Note the losses of each step inside the block: whatever any balancer's `backward` is given, once per step."""
    steps: list[Any] = []
    nested = 0

    def heard(backward: Any) -> Any:
        @wraps(backward)
        def outer(self: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal nested
            if nested == 0:
                losses = kwargs["losses"] if "losses" in kwargs else args[0]
                steps.append(losses.detach().tolist())
            nested += 1
            try:
                return backward(self, *args, **kwargs)
            finally:
                nested -= 1

        return outer

    def family(base: type) -> Iterator[type]:
        yield base
        for child in base.__subclasses__():
            yield from family(child)

    classes = {kind: kind.__dict__["backward"] for kind in family(balancer_base()) if "backward" in kind.__dict__}  # fmt: skip
    for kind, backward in classes.items():
        kind.backward = heard(backward)  # type: ignore[attr-defined]
    try:
        yield steps
    finally:
        for kind, backward in classes.items():
            kind.backward = backward  # type: ignore[attr-defined]


def make_listener(interrupt: bool = False) -> Any:
    """Return a listener that notes epochs and the end, or that interrupts the second epoch."""

    class Ear(listener_base()):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[Any] = []
            self.end = ""

        def batch_done(self, epoch: int, batch: int) -> None:
            if interrupt and epoch == 2 and batch == 2:
                raise KeyboardInterrupt

        def epoch_done(self, epoch: Any) -> None:
            self.epochs.append(plain(epoch_values(epoch)))

        def ended(self, reason: str) -> None:
            self.end = reason

    return Ear()


# --- runs


def fit_case(case: Case, tables: Tables, out: Path, values: dict[str, Any]) -> Any:
    """Train a case as its way says, note in `values` what was heard, and return the run."""
    as_recorded()
    table = tables.get(case.table)
    settings = {**SMALL, **case.named, "data.cache": str(tables.folder / "cache")}
    settings |= tables.with_models(dict(case.settings))
    given: dict[str, Any] = {"inputs": case.inputs or None, "settings": settings, "out": out}
    ear = make_listener()
    if case.way == "own tables":
        given["validation"] = tables.get(case.table, 1)
        given["test"] = tables.get(case.table, 2)
    if case.way == "estimator":
        own = torso.Estimator(kind=dict(case.targets), inputs=dict(case.inputs), settings=settings)
        own.fit(table[[*case.inputs]], table[[*case.targets]])
        new = tables.get(case.table, 1)
        values["estimator"] = {
            "answers": answers_values(own.predict(new[[*case.inputs]])),
            "probabilities": digest(plain(own.predict_proba(new[[*case.inputs]]))),
            "score": own.score(new[[*case.inputs]], new[[*case.targets]]),
        }
        run = predictor_of(own)
        run.save(out)
        return run
    if case.way == "resume":
        ear = make_listener(interrupt=True)
        torso.fit(table, case.targets, listener=ear, **given)
        values["interrupted"] = {"epochs": ear.epochs, "end": ear.end}
        ear = make_listener()
        run = torso.fit(table, out=out, resume=True, listener=ear)
    else:
        run = torso.fit(table, case.targets, listener=ear, **given)
    values |= {"epochs": ear.epochs, "end": ear.end}
    return run


def run_case(case: Case, tables: Tables, out: Path) -> dict[str, Any]:
    """Run a case and return all that is written down about it."""
    values: dict[str, Any] = {}
    with losses_heard() as steps:
        values["steps"] = steps
        run = fit_case(case, tables, out, values)
    table, new = tables.get(case.table), tables.get(case.table, 1)
    values["reports"] = {task: report_values(report) for task, report in reports_of(run).items()}
    values["summary"] = summary_of(run)
    values["skipped"] = skipped_of(run)
    values["answers"] = answers_values(run.predict(table))
    if isinstance(table, pd.DataFrame):
        row = table.astype(object).where(table.notna(), None).to_dict("records")[1]
        values["answer to one row"] = answers_values(run.predict([row]))
    values["evaluation"] = {
        task: report_values(report) for task, report in run.evaluate(new, resamples=20).items()
    }
    if case.more == "robustness":
        values["robustness"] = robustness_values(run, new)
    elif case.more:
        values["search"] = search_values(run, case.more, table)
    loaded = torso.load(out, device="cpu")
    again = answers_values(loaded.predict(table))
    values["loaded"] = "as before" if text_of(again) == text_of(values["answers"]) else again
    reports = {task: report_values(report) for task, report in reports_of(loaded).items()}
    same = text_of(plain(reports)) == text_of(plain(values["reports"]))
    values["loaded reports"] = "as before" if same else reports
    values["weights"] = weights_values(run)
    return json.loads(json.dumps(plain(values)))


def chosen(only: str) -> list[Case]:
    """Return the cases whose names hold `only`."""
    cases = all_cases()
    names = [case.name for case in cases]
    if len({*names}) < len(names):
        raise SystemExit(f"Two cases have one name: {sorted(names)}")
    return [case for case in cases if only in case.name]


def described() -> dict[str, Any]:
    """Return machine, versions, command, and the last commit that changed the package."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    package = str(Path(torso.__file__).parent)
    git = ("git", "-C", package, "log", "-1", "--format=%H", "--", ".")
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "machine": model,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "command": " ".join(sys.argv),
        "commit": commit,
    }


# --- the file: a line per case; names of weights stand there once, and cases count their lines


def write_file(file: Path, head: dict[str, Any], cases: dict[str, Any]) -> None:
    """Write what came out, compactly."""
    names = sorted({name for values in cases.values() for name in values["weights"]["names"]})
    places = {name: place for place, name in enumerate(names)}
    lines = []
    for name, values in cases.items():
        weights = values["weights"]
        numbers = [places[weight] for weight in weights["names"]]
        short = {**values, "weights": {**weights, "names": numbers}}
        lines.append(f"{text_of(name)}: {text_of(short)}")
    parts = [f'"head": {text_of(head)}', f'"names": {text_of(names)}']
    body = ",\n".join([*parts, '"cases": {\n' + ",\n".join(lines) + "\n}"])
    file.write_bytes(gzip.compress(f"{{\n{body}\n}}\n".encode(), mtime=0))


def read_file(file: Path) -> dict[str, Any]:
    """Read what `write_file` wrote."""
    saved = json.loads(gzip.decompress(file.read_bytes()))
    for values in saved["cases"].values():
        weights = values["weights"]
        weights["names"] = [saved["names"][place] for place in weights["names"]]
    return saved


# --- commands


def record(file: Path, only: str, keep: Path | None) -> int:
    """Run the cases and write what came out; return the exit status."""
    began = time.process_time()
    cases: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder) / "tables")
        for number, case in enumerate(chosen(only)):
            before = time.process_time()
            out = Path(folder) / f"run{number}"
            cases[case.name] = run_case(case, tables, out)
            if keep is not None and case.keep:
                keep_run(case, tables, out, keep)
            print(f"{time.process_time() - before:5.1f} s  {case.name}", flush=True)
    seconds = round(time.process_time() - began, 1)
    write_file(file, {**described(), "cpu_seconds": seconds}, cases)
    print(f"{len(cases)} cases, {seconds} s of CPU, {file.stat().st_size:,} bytes in {file}")
    return 0


def first_difference(before: Any, after: Any, where: str = "") -> tuple[str, Any, Any] | None:
    """Return the first place where two plain values differ, and what stands there; None if they are equal."""
    if text_of(before) == text_of(after):
        return None
    if isinstance(before, dict) and isinstance(after, dict):
        if [*before] != [*after]:
            return f"{where} (names)", [*before], [*after]
        pairs = [(f"{where} / {name}", before[name], after[name]) for name in before]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"{where}[{n}]", *pair) for n, pair in enumerate(zip(before, after, strict=True))]
    else:
        return where, before, after
    differences = (first_difference(old, new, place) for place, old, new in pairs)
    return next(difference for difference in differences if difference is not None)


def told(place: str, before: Any, after: Any) -> str:
    """Say what differs; of long lists, only the members that the other lacks."""
    if isinstance(before, list) and isinstance(after, list):
        gone = [part for part in before if part not in after]
        come = [part for part in after if part not in before]
        if gone or come:
            before, after = gone, come
    shown = [
        text if len(text) < 600 else text[:600] + "…" for text in map(text_of, (before, after))
    ]
    return f"differs at{place}\n    before: {shown[0]}\n    after:  {shown[1]}"


def compare(file: Path, only: str, ignore: list[str]) -> int:
    """Run the cases again, print what differs, and return 1 if anything does."""
    saved = read_file(file)
    now = described()
    for name in ("machine", "capability", "python", "torch", "numpy"):
        if saved["head"][name] != now[name]:
            print(f"another {name}: {saved['head'][name]} before, {now[name]} now")
    equal, cases, began = 0, chosen(only), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder) / "tables")
        for number, case in enumerate(cases):
            text = "not in the file"
            if case.name in saved["cases"]:
                before = saved["cases"][case.name]
                try:
                    after = run_case(case, tables, Path(folder) / f"run{number}")
                except Exception as error:  # a case that fails must not hide the others
                    text = f"fails with {type(error).__name__}: {error}"
                else:
                    for values in (before, after):
                        drop(values, ignore)
                    difference = first_difference(before, after)
                    equal += difference is None
                    text = "equal" if difference is None else told(*difference)
            print(f"{case.name}: {text}", flush=True)
    absent = [name for name in saved["cases"] if only in name and name not in {case.name for case in cases}]  # fmt: skip
    for name in absent:
        print(f"{name}: no such case any more")
    print(f"{equal} of {len(cases) + len(absent)} cases equal, {time.process_time() - began:.0f} s")
    return int(equal < len(cases) + len(absent))


def drop(values: dict[str, Any], items: list[str]) -> None:
    """Take items such as `weights.names` out of what was written about a case."""
    for item in items:
        *path, last = item.split(".")
        inner: Any = values
        for name in path:
            inner = inner.get(name, {})
        inner.pop(last, None)


def keep_run(case: Case, tables: Tables, out: Path, keep: Path) -> None:
    """Copy a run and its table to `keep`, and note what it answers there."""
    folder = keep / case.name.replace(",", "").replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "run", ignore_errors=True)
    shutil.copytree(out, folder / "run")
    table = tables.get(case.table)
    if isinstance(table, pd.DataFrame):
        path = folder / "table.parquet"
        table.to_parquet(path)
    else:
        shutil.copytree(table.parent, folder / "table", dirs_exist_ok=True)
        path = folder / "table" / table.name
    notes = keep / "old.json"
    old = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {"head": described()}
    old[folder.name] = {"table": str(path.relative_to(keep)), **kept_values(folder / "run", path)}
    notes.write_text(json.dumps(old, indent=1, ensure_ascii=False), encoding="utf-8")


def kept_values(folder: Path, table: Path) -> dict[str, Any]:
    """Open a run and return its answers about a table, its evaluation there and its reports."""
    run = torso.load(folder, device="cpu")
    evaluation = run.evaluate(table, resamples=20)
    values = {
        "answers": answers_values(run.predict(table)),
        "evaluation": {task: report_values(report) for task, report in evaluation.items()},
        "reports": {task: report_values(report) for task, report in reports_of(run).items()},
    }
    return json.loads(json.dumps(plain(values)))


def load(keep: Path) -> int:
    """Open the runs that were kept, compare what they answer, and return 1 if anything differs."""
    old = json.loads((keep / "old.json").read_text(encoding="utf-8"))
    names = [name for name in old if name != "head"]
    equal = 0
    for name in names:
        before = {**old[name]}
        table = keep / before.pop("table")
        try:
            difference = first_difference(before, kept_values(keep / name / "run", table))
        except Exception as error:  # a run that does not open must not hide the others
            print(f"{name}: fails with {type(error).__name__}: {error}")
            continue
        equal += difference is None
        print(f"{name}: {'equal' if difference is None else told(*difference)}")
    print(f"{equal} of {len(names)} old runs equal")
    return int(equal < len(names))


def main() -> int:
    """Read the command line, do what it says, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("command", choices=["record", "compare", "load"])
    parser.add_argument("path", type=Path, help="the file, or for `load` the folder")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--keep", type=Path, help="folder for the runs of a few cases")
    parser.add_argument("--ignore", action="append", default=[], help="e.g. weights.names")
    given = parser.parse_args()
    torch.set_num_threads(1)
    os.environ.pop("TORSO_CACHE", None)
    warnings.simplefilter("ignore")
    print(f"torso from {torso.__file__}")
    if given.command == "record":
        return record(given.path, given.only, given.keep)
    if given.command == "compare":
        return compare(given.path, given.only, given.ignore)
    return load(given.path)


if __name__ == "__main__":
    sys.exit(main())
