"""The front door: pages that a newcomer reads first name only what exists, and count what there is."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
import torch
import typer

import torso
from tests.docs.test_docs import PAGES, column, prose
from tests.places import ROOT
from torso.app.cli import app
from torso.app.demo.digits import TARGETS
from torso.balancing import Balancer
from torso.encoders import Encoder
from torso.evaluation.report import Estimate, TaskReport
from torso.fusion import Fusion
from torso.runs.report.report import RunReport, TrainingReport, Usage
from torso.runs.settings.check import check_values
from torso.runs.settings.config import RunConfig
from torso.runs.settings.config_errors import key_paths
from torso.runs.settings.paths import apply_settings
from torso.runs.settings.rooms import ROOMS, registry_of
from torso.sharing import Sharing

CHINESE = ROOT / "docs" / "zh.md"
CHINESE_PAGES = [CHINESE, *sorted((ROOT / "docs" / "zh").glob("*.md"))]
FIGURES = re.compile(r"<!-- results:\w+ -->.*?<!-- /results -->", re.DOTALL)
OF_THE_SYSTEM = (
    r"pip install .+|make|notebook|\. \.venv/bin/activate|\.venv|[XθΣ]_?[\w.]*|log P\(T_k …\)"
)
OBJECTS = {"run": torso.Predictor, "torso": torso, "balancer": Balancer, "losses": torch.Tensor}


def spans(text: str) -> list[str]:
    """Return what a page sets in backticks, outside its fences."""
    return re.findall(r"`([^`\n]+)`", text)


@cache
def words() -> set[str]:
    """Return every name that a page may use: parts, settings, columns, files, options."""
    known = {"torso", *ROOMS, *torso.__all__, *vars(torso.Batch), *key_paths(RunConfig)}
    for room in ROOMS:
        for name in registry_of(room):
            known |= {name, name.rpartition("/")[2], *registry_of(room).settings(name)}
    known |= {
        *column("runs.md", "file"),
        "note",
        "情感",
        *TARGETS,
        "better",
        "no better",
        "worse",
        "kept",
    }
    known |= {"fast", "balanced", "best"}
    group = typer.main.get_command(app)
    for command in (group, *group.commands.values()):
        known |= {option for param in command.params for option in param.opts}
    empty = RunReport(split="test", tasks={}, usage=Usage(), training=TrainingReport())
    return known | {*empty.scores().columns}


def unknown_spans(text: str) -> Iterator[str]:
    for span in spans(text):
        owner, _, rest = span.partition(".")
        if span in words() or re.fullmatch(OF_THE_SYSTEM, span) or (ROOT / span).exists():
            continue
        if span.startswith(("torso ", "make ")):  # test_docs reads these
            continue
        if owner in OBJECTS and hasattr(OBJECTS[owner], re.match(r"\w*", rest)[0]):
            continue
        if span.startswith("--") and _is_taken(shlex.split(span)):
            continue
        yield span


def _is_taken(given: list[str]) -> bool:
    """Return whether the command line knows an option, and a config its setting and value."""
    if given[0] not in words():
        return False
    if given[0] != "--set" or given[1].endswith("=…"):
        return given[0] != "--set" or given[1][:-2] in words()
    values: dict[str, object] = {"targets": {"digit": None}}
    apply_settings(values, [given[1]])
    check_values(values)
    return True


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: page.stem)
def test_the_chinese_pages_name_only_what_exists(page):
    assert list(unknown_spans(FIGURES.sub("", prose(page)))) == []


@pytest.mark.parametrize(
    "gone", ["`triple`", "`--set fusion=gatde`", "`torso.lost`", "`--sety a`", "`train.yaml`"]
)
def test_a_name_that_is_gone_is_found(gone):
    try:
        assert list(unknown_spans(gone)) == [gone.strip("`")]
    except torso.core.errors.ConfigError as error:
        assert "gatde" in str(error)


def test_the_chinese_page_shows_every_fusion_in_its_family():
    families = {"并行": "parallel", "串行": "sequential", "分层": "hierarchical"}
    for word, family in families.items():
        row = re.search(
            rf"^\| \*\*{word}\*\* \|.*\| (.+) \|$", CHINESE.read_text("utf-8"), re.MULTILINE
        )
        parts = {name for name, part in Fusion.registry.items() if part.family == family}
        assert set(spans(row[1])) == {name for name in parts if _ours(Fusion, name)}


def test_verdicts_are_the_words_of_the_page():
    for value, verdict in ((0.9, "better"), (0.1, "worse"), (0.5, "no better")):
        estimate = Estimate(value, value - 0.1, value + 0.1)
        task = TaskReport(
            "binary", 9, 9, None, "accuracy", {"accuracy": estimate}, {"accuracy": 0.5}
        )
        assert task.verdict() == verdict


COUNTED = {
    Balancer: r"(\d+) (?:balancers|methods that look at)|(\d+) 种损失平衡方法",
    Fusion: r"(\d+) fusions|(\d+) 种融合",
    Sharing: r"(\d+) sharings|(\d+) 种共享方式",
    Encoder: r"(\d+) encoders|(\d+) 种编码器",
}
"""Room -> how a page counts its parts."""


def _ours(room: type, name: str) -> bool:
    return room.registry.find(name).__module__.startswith("torso.")


@pytest.mark.parametrize("room", COUNTED, ids=lambda room: room.__name__)
def test_counts_in_prose_are_those_of_the_registry(room):
    number = sum(_ours(room, name) for name in room.registry)
    wrong = [
        f"{page.name}: {found[0]}"
        for page in PAGES
        for found in re.finditer(COUNTED[room], page.read_text(encoding="utf-8"))
        if int(found[1] or found[2]) != number
    ]
    assert wrong == []


def test_no_table_of_a_page_is_empty():
    empty = [
        f"{page.name}: {found[0]}"
        for page in PAGES
        for found in re.finditer(
            r"^\|.*\|\n\|[-| :]+\|\n(?!\|)|^\|[| ]*\|\n\|[-| :]+\|$",
            page.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]
    assert empty == []


@pytest.mark.parametrize("torch_build", ["", "torch --index-url https://example.org/whl/cu126"])
def test_make_installs_the_torch_that_one_names(torch_build):
    choice = [f"TORCH={torch_build}"] if torch_build else []
    done = subprocess.run(
        ["make", "-n", "-B", "setup", *choice], cwd=ROOT, capture_output=True, text=True, check=True
    )
    installs = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert installs[0].endswith(f" {torch_build or 'torch==2.13.0'}")
    assert "-c .venv/constraints.txt" in installs[1]  # without the pin of torch
    assert "grep -v '^torch=='" in done.stdout


@pytest.mark.parametrize("face", ["fit", "load", "Predictor", "Estimator", "prepare", "train"])
def test_the_face_has_an_example_each(face):
    assert ">>> " in inspect.getdoc(getattr(torso, face))
