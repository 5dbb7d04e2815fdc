"""Cures in notes and refusals about a table: met on a table that asks for them, pasted, taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

import torso
from tests.cures.templates import TRIED, fragments, pasted, tries
from tests.inference.test_grouped import people
from tests.small_tables import png
from torso.core.errors import TorsoError
from torso.inference import inspect_table
from torso.tables import read_table
from torso.tasks.number.target import NumberTarget

ROWS = 60
RNG = np.random.default_rng(0)


def column(*cells: object, rows: int = ROWS) -> list[object]:
    """Return the cells, repeated."""
    return [cells[row % len(cells)] for row in range(rows)]


def numbers(rows: int = ROWS) -> list[float]:
    return RNG.normal(size=rows).round(3).tolist()


def days(count: int = ROWS) -> list[str]:
    return [f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in range(count)]


def titles() -> list[str]:
    return [
        f"the {RNG.integers(10**6)} red and {RNG.integers(10**6)} old doors" for _ in range(ROWS)
    ]


@dataclass(frozen=True)
class Case:
    """A table that makes Torso say something with a cure in it.

    Args:
        fragment: of the message in the source.
        table: columns.
        targets: names.
        settings: that are given already.
        filled: placeholder of the cure -> what a user writes there.
        besides: settings that the text around the cure asks for, too.
    """

    fragment: str
    table: Mapping[str, object]
    targets: tuple[str, ...] = ("y",)
    settings: tuple[str, ...] = ()
    filled: Mapping[str, str] = field(default_factory=dict)
    besides: tuple[str, ...] = ()


Y = column("a", "b", "c")
X = numbers()
PICTURES = [png(side=8 + row) for row in range(ROWS)]
HEAVY = RNG.lognormal(3, 2, ROWS).round(2).tolist()
MIXED = [*map(str, range(150, 150 + ROWS - 3)), "tall", "small", "big"]
KIND = ("targets.y.kind={}",)

CASES = [
    Case(
        "If their size counts: ",
        {"x": X, "zip": RNG.choice([92276, 93510, 92880], ROWS).tolist(), "y": Y},
    ),
    Case(".decimal=", {"x": [f"1.{row:03}" for row in range(100, 160)], "y": Y}),
    Case(
        "Correct the cell, name it a sign",
        {"x": [*map(str, range(150, 150 + ROWS - 1)), "tall"], "y": Y},
        settings=("data.on_error=fail",),
    ),
    Case(
        "Give the column another kind, such as",
        {"x": MIXED, "y": Y},
        settings=("data.most_skipped=0.01", "inputs.x.kind=number"),
    ),
    Case(
        "keep them on one side",
        {
            "who": [f"patient {row // 3}" for row in range(120)],
            "x": numbers(120),
            "y": [str(ill) for ill in np.repeat(RNG.random(40) < 0.4, 3)],
        },
    ),
    Case("if they are text: ", {"b": [b"what is this", b"no idea"] * 30, "x": X, "y": Y}),
    Case(
        "if they are names: ",
        {
            "z": X,
            "x": [int(10 ** (16 + 0.05 * (row % 40))) + row % 40 for row in range(ROWS)],
            "y": Y,
        },
    ),
    Case(
        "Its numbers may be times",
        {"x": [1_700_000_000 + 86_400 * row for row in range(ROWS)], "y": Y},
    ),
    Case(
        " if they are values: ",
        {
            "z": X,
            "x": RNG.choice(["Adult", "Child", "?"], ROWS, p=[0.6, 0.3, 0.1]).tolist(),
            "y": Y,
        },
    ),
    Case(
        "if they mean missing: ",
        {"z": X, "x": RNG.choice(["low", "none", "high", "mid"], ROWS).tolist(), "y": Y},
    ),
    Case("hold out the newest: ", {"when": days(), "x": X, "y": Y}),
    Case(
        "keep them together with --set data.split.group",
        {
            "x": [1.5] * 30 + numbers(30),
            "g": ["g"] * 30 + column("h", "i", "j", rows=30),
            "y": ["a"] * 30 + Y[:30],
        },
        filled={"COLUMN": "g"},
    ),
    Case(
        "Years of two digits stand for",
        {"x": [f"0{row % 9 + 1}/15/{row % 30:02}" for row in range(ROWS)], "y": Y},
        filled={"YEAR": "1950"},
    ),
    Case(
        "Otherwise say ",
        {"x": [f"0{row % 9 + 1}/0{row % 8 + 1}/2024" for row in range(ROWS)], "y": Y},
    ),
    Case("so an answer is a median. To learn the mean", {"x": X, "y": HEAVY}),
    Case("For ratings or counts choose ", {"x": X, "y": column(1, 2, 3, 4, 5)}),
    Case("For names of classes choose ", {"x": X, "y": RNG.binomial(10, 0.5, ROWS).tolist()}),
    Case("Its classes seem to have an order", {"x": X, "y": column("small", "medium", "large")}),
    Case("These look like counts", {"x": X, "y": RNG.poisson(2, ROWS).tolist()}),
    Case(
        "a binary target should have two values",
        {"x": X, "y": Y},
        settings=("targets.y.kind=binary",),
    ),
    Case("are no classes; to learn to write them", {"x": X, "y": titles()}),
    Case(
        "or take the column as a number with",
        {"x": X, "y": [*column(1, 2, rows=ROWS - 1), -3]},
        settings=("targets.y.kind=count", "data.on_error=fail"),
    ),
    Case(
        "an ordinal target of words should say their order",
        {"x": X, "y": column("low", "high")},
        settings=("targets.y.kind=ordinal",),
    ),
    Case(
        "Add them with ",
        {"x": X, "y": column("low", "mid", "high")},
        settings=("targets.y.kind=ordinal", "targets.y.order=[low, high]"),
        filled={"[...]": "[low, mid, high]"},
    ),
    Case(
        "give --set targets.TIME.event=COLUMN",
        {"x": X, "y": HEAVY, "dead": column(1, 0)},
        settings=("targets.y.kind=survival",),
        filled={"TIME": "y", "COLUMN": "dead"},
    ),
    Case("weigh all rows alike", {"x": X, "w": [0.0] * ROWS, "y": Y}, settings=("data.weight=w",)),
    Case(
        "`data.weight` should be no input",
        {"x": X, "w": column(1.0, 2.5), "y": Y},
        settings=("data.weight=w", "inputs.w=number"),
    ),
    Case("`data.weight` should be no target", {"x": X, "y": HEAVY}, settings=("data.weight=y",)),
    Case(
        "Take in such a column",
        {"x": X, "p": PICTURES, "y": [[[0.1, 0.1, 0.5, 0.5, "cat"]]] * ROWS},
        settings=("targets.y.kind=boxes", "inputs.p=null"),
        filled={"COLUMN": "p"},
    ),
    Case(
        "Name one with ",
        {"p": PICTURES, "q": PICTURES, "y": [[[0.1, 0.1, 0.5, 0.5, "cat"]]] * ROWS},
        settings=("targets.y.kind=boxes",),
        filled={"COLUMN": "q"},
    ),
    Case(
        "Boxes in pixels need ",
        {"p": PICTURES, "y": [[[10, 10, 50, 50, "cat"]]] * ROWS},
        settings=("targets.y.kind=boxes",),
        filled={"[WIDTH,HEIGHT]": "[64,64]"},
    ),
    Case(
        "runs/settings/paths.py --set {}.{}=", {"x": X, "y": Y}, settings=("encoders.z=periodic",)
    ),
    Case(
        "name it with --set data.root=FOLDER",
        {"x": X, "p": [f"{row}.png" for row in range(ROWS)], "y": Y},
        settings=("inputs.p.kind=image", "inputs.p.size=16"),
        filled={"FOLDER": "DATA"},
    ),
]
TRIED.update({case.fragment: "test_a_cure_of_a_table_is_taken" for case in CASES})


def said(case: Case) -> str:
    """Return all that is said about the table, or why it is refused."""
    targets = list(case.targets)
    lines: list[str] = []
    try:
        lines += torso.prepare(case.table, targets, settings=case.settings).notes
        for report in inspect_table(read_table(case.table), targets):
            lines += [report.why, *report.warnings]
    except TorsoError as error:
        lines.append(str(error))
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fragment)
def test_a_cure_of_a_table_is_taken(case, tmp_path):
    text = said(case)
    files = {
        place: str(tmp_path / "pictures") if value == "DATA" else value
        for place, value in case.filled.items()
    }
    line = next(
        (
            line
            for line in text.splitlines()
            if any(each.search(line) for each in fragments(case.fragment))
        ),
        "",
    )
    assert line, text
    folder = tmp_path / "pictures"
    folder.mkdir()
    for row in range(ROWS):
        (folder / f"{row}.png").write_bytes(png())
    cures = pasted(line, **files)
    assert cures, line
    joint = (
        [cures]
        if any(".order=" in cure or cure.endswith("kind=category") for cure in cures)
        else [[cure] for cure in cures]
    )
    for cure in joint:
        told = torso.prepare(case.table, list(case.targets), settings=[*case.settings, *cure]).notes
        assert line not in told, cure


@tries("so these are learnt and an answer is a mean")
def test_labels_that_the_inputs_explain():
    labels = np.array(HEAVY)
    target, cells = NumberTarget(), read_table({"y": HEAVY}).column("y")
    target.fit(cells)
    target.settle(cells, np.stack([labels, np.zeros(ROWS)], axis=1))
    (note,) = target.notes
    told = torso.prepare({"x": X, "y": HEAVY}, ["y"], settings=pasted(note)).config.targets["y"]
    assert told["transform"] == "log"
    return note


@tries("If it will answer about new ones, keep each on one side")
def test_rows_that_belong_together():
    table = people(own=2.0)
    (note,) = [note for note in torso.prepare(table, ["value"]).notes if "random split" in note]
    told = torso.prepare(table, ["value"], settings=pasted(note)).notes
    assert not any("random split" in note for note in told)
    return note


@tries("no logarithm, which is learnt")
def test_a_label_without_a_logarithm():
    labels = [*HEAVY[:-1], -5.0]
    log = ["targets.y.transform=log", "data.split.column=part"]
    table = {"x": X, "y": labels, "part": ["train"] * 40 + ["validation"] * 10 + ["test"] * 10}
    (skipped,) = torso.prepare(table, ["y"], settings=log).skipped
    assert not torso.prepare(table, ["y"], settings=[*log, *pasted(skipped.reason)]).skipped
    return skipped.reason
