"""A table of the exam: its rows, what is asked, and the metric that counts. Needs only numpy and pandas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["ExamTable", "Question", "labels_of", "read_tables"]

FOLDS = 5
SALT = "torso-exam-folds"
CLASSES = ("category", "binary", "ordinal")
NUMBERS = ("number", "count")
FAMILIES: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "comics": lambda rows: rows["name"].str.extract(r"^([^(]+)")[0].str.split().str[-1],
    "scotch": lambda rows: rows["name"].str.split().str[:2].str.join(" "),
    "squirrels": lambda rows: rows["hectare"] + " " + rows["date"],
}
"""Groups that the split of a table keeps whole and that no column alone says; from the tables' README."""


@dataclass(frozen=True)
class Question:
    """A target column.

    Attributes:
        name: of the column.
        kind: number, count, category, binary, ordinal or multilabel.
        main: the metric that counts.
        heavy: whether its tail is so heavy that models see its logarithm.
        positive: class of a binary target that AUROC ranks.
        order: classes of an ordinal target, if the table says them.
    """

    name: str
    kind: str
    main: str
    heavy: bool = False
    positive: str | None = None
    order: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there are metrics of its kind."""
        return self.kind in (*CLASSES, *NUMBERS, "multilabel")

    @property
    def form(self) -> str:
        """How answers look: values, classes or sets."""
        if self.kind == "multilabel":
            return "sets"
        return "classes" if self.kind in CLASSES else "values"


@dataclass(frozen=True, eq=False)
class ExamTable:
    """Rows to learn from, rows to answer for, and the questions.

    Attributes:
        name: of the folder.
        folder: where the table lies.
        part: `test`, or `fold0` and so on where a share of train.csv takes the place of test.csv.
        key: of the bytes of both tables, so that kept answers belong to these rows.
        train: all cells as they stand; an empty cell is NaN.
        test: the same.
        inputs: column -> kind, as a person reads it.
        questions: by name.
        media: zips of files that cells name.
        bars: the plain figures that came with the table; empty if none did.
    """

    name: str
    folder: Path
    part: str
    key: str
    train: pd.DataFrame
    test: pd.DataFrame
    inputs: Mapping[str, str]
    questions: Mapping[str, Question]
    media: tuple[Path, ...] = ()
    bars: Mapping[str, Any] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the inputs of these kinds."""
        return [name for name, kind in self.inputs.items() if kind in kinds]

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Return the paths of both tables; those of a fold are written to `folder`."""
        if self.part == "test":
            return self.folder / "train.csv", self.folder / "test.csv"
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / "train.csv", folder / "test.csv"
        for path, rows in zip(paths, (self.train, self.test), strict=True):
            rows.to_csv(path, index=False, lineterminator="\n")
        return paths


def read_tables(root: Path, names: list[str] | None, fold: int | None) -> Iterator[ExamTable]:
    """Yield the tables of a folder, or the folder itself if it is a table."""
    if (root / "train.csv").exists():
        yield read_table(root, fold)
        return
    there = sorted(path.parent.name for path in root.glob("*/train.csv"))
    unknown = [name for name in names or () if name not in there]
    if unknown or not there:
        raise SystemExit(
            f"{root}: no table {' '.join(unknown)}. It has: {' '.join(there) or 'none'}."
        )
    for name in names or there:
        yield read_table(root / name, fold)


def read_table(folder: Path, fold: int | None = None) -> ExamTable:
    """Return the table of a folder with train.csv, test.csv, spec.json and perhaps bars.json and zips."""
    folder = folder.resolve()
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    bars = folder / "bars.json"
    barred = (
        json.loads(bars.read_text(encoding="utf-8")).get("targets", {}) if bars.exists() else {}
    )
    parts = [folder / "train.csv", folder / "test.csv"]
    digest = hashlib.sha1(b"".join(path.read_bytes() for path in parts)).hexdigest()[:8]
    train, test = (_read(path) for path in parts)
    if fold is not None:
        train, test = _fold(folder.name, spec, train, fold)
    questions = {
        name: _question(name, asked, barred.get(name, {}))
        for name, asked in spec["targets"].items()
    }
    return ExamTable(
        folder.name,
        folder,
        "test" if fold is None else f"fold{fold}",
        digest,
        train.reset_index(drop=True),
        test.reset_index(drop=True),
        {
            name: said if isinstance(said, str) else said["kind"]
            for name, said in spec["inputs"].items()
        },
        questions,
        tuple(sorted(folder.glob("*.zip"))),
        barred,
    )


def labels_of(question: Question, cells: pd.Series) -> np.ndarray:
    """Return a target's cells as labels: float64 with NaN, or objects with None where there is none.

    Labels of sets are frozensets of strings.
    """
    if question.form == "values":
        return pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
    labels = np.full(len(cells), None, dtype=object)
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            parts = (part.strip() for part in cell.split("|"))
            labels[row] = frozenset(filter(None, parts)) if question.form == "sets" else cell
    return labels


def _read(path: Path) -> pd.DataFrame:
    """Return the cells as text; only an empty cell is missing."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])


def _question(name: str, asked: str | dict[str, Any], bar: Mapping[str, Any]) -> Question:
    said = {"kind": asked} if isinstance(asked, str) else asked
    kind, heavy = said["kind"], bool(said.get("heavy"))
    usual = {"binary": "auroc", "multilabel": "micro_f1"}
    main = usual.get(kind) or ("accuracy" if kind in CLASSES else "r2_log1p" if heavy else "r2")
    return Question(
        name,
        kind,
        bar.get("main", main),
        heavy,
        said.get("positive"),
        tuple(said.get("order", ())),
    )


def _fold(
    name: str, spec: Mapping[str, Any], rows: pd.DataFrame, fold: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a fifth of the rows apart, by a hash of the group that the table's own split keeps whole."""
    group = spec.get("group")
    if name in FAMILIES:
        keys = FAMILIES[name](rows)
    elif group in rows:
        keys = rows[group]
    else:
        keys = pd.Series(np.nan, rows.index)
    numbered = pd.Series([f"row {row}" for row in range(len(rows))], rows.index)
    drawn = keys.fillna(numbered).map(_share)
    held = (drawn * FOLDS).astype(int) == fold % FOLDS
    return rows[~held], rows[held]


def _share(key: str) -> float:
    """Return a number in [0, 1) that depends on the key only."""
    return int(hashlib.sha1(f"{SALT}|{key}".encode()).hexdigest()[:12], 16) / 16**12
