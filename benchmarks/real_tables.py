"""Real tables with several targets, cut in three and small enough for many trainings: Mulan's, the exam's, school, stamps, MOSI.

    table = real_table("mulan jura")
    table.frame, table.inputs, table.targets    # the column `part` says train, validation or test

Rows to learn from are at most `MOST_ROWS`, those to choose by and to test on half as many each, drawn by a fixed seed;
school has all its rows, for a school has 22 to 251. The test rows of the exam and of MOSI are the given ones; groups that
a table's README names never cross the parts. Pictures and recordings are vectors: 12 x 12 pixels, and the mean and spread
of log-mel bands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from contest.tables import FAMILIES
from contest.tables import read_table as exam_table
from multi_target import TARGETS as MULAN
from multi_target import data_folder, mulan
from scipy.io import loadmat

from torso.columns.inputs import AudioInput, ImageInput
from torso.columns.reading import Reading, ReadOptions
from torso.tables.table import read_table

__all__ = ["MOST_ROWS", "NAMES", "PART", "RealTable", "real_table"]

MOST_ROWS = 800
PART = "part"
_EXAM = [
    "imdb1000",
    "coffee",
    "coasters",
    "cheese",
    "mustard",
    "scotch",
    "squirrels",
    "comics",
    "crashes",
    "liar",
    "book_price",
    "tox21",
    "emodb",
    "art_price",
    "houses",
]
_GROUPS = {"art_price": "artist", "book_price": "Title", "crashes": "Date", "imdb1000": "Director"}
NAMES = (
    *(f"mulan {name}" for name in MULAN),
    *(f"exam {name}" for name in _EXAM),
    "mosi",
    "stamps",
    "school",
)


@dataclass(frozen=True)
class RealTable:
    """A table whose column `part` says train, validation or test.

    Attributes:
        frame: all rows.
        inputs: column -> its kind where Torso does not find it itself.
        targets: likewise.
    """

    frame: pd.DataFrame
    inputs: Mapping[str, object]
    targets: Mapping[str, object]


def real_table(name: str) -> RealTable:
    """Return a table of `NAMES`."""
    room, _, own = name.partition(" ")
    makers: dict[str, Callable[[str], RealTable]] = {"mulan": _mulan, "exam": _exam}
    makers |= {"mosi": _mosi, "stamps": _stamps, "school": _school}
    return makers[room](own)


def _mulan(name: str) -> RealTable:
    problem = mulan(name, 0)
    parts = _cut(np.arange(len(problem.table)), (0.5, 0.25, 0.25))
    inputs = dict.fromkeys(problem.inputs, None)
    return _capped(problem.table.assign(part=parts), inputs, problem.targets)


def _exam(name: str) -> RealTable:
    table = exam_table(data_folder("exam") / name)
    train, test = table.train, table.test
    if name in FAMILIES:
        groups = FAMILIES[name](train)
    else:
        groups = train[_GROUPS[name]] if name in _GROUPS else pd.Series(np.arange(len(train)))
    groups = groups.astype(object).where(groups.notna(), pd.Series(np.arange(len(train))))
    train = train.assign(part=_cut(pd.factorize(groups)[0], (0.67, 0.33)))
    frame = pd.concat([train, test.assign(part="test")], ignore_index=True)
    kinds = dict(table.inputs)
    frame = _seen(_capped_frame(frame), kinds, list(table.media))
    return RealTable(frame, dict.fromkeys(kinds, None), dict.fromkeys(table.questions, None))


def _mosi(_: str) -> RealTable:
    import mosi  # of examples/, which multi_target.py puts on the path

    frame = mosi.read(data_folder("mosi")).drop(columns="context")
    train, test = frame[frame.split == "train"], frame[frame.split == "test"]
    train = train.assign(part=_cut(pd.factorize(train.video)[0], (0.67, 0.33)))
    frame = pd.concat([train, test.assign(part="test")], ignore_index=True)
    return _capped(frame, dict.fromkeys(mosi.SENSES, None), {"sentiment": None})


def _stamps(_: str) -> RealTable:
    from stamps import TARGETS, stamp_table

    folder = data_folder("talking_stamps")
    frame = stamp_table(folder)
    frame = frame.assign(part=_cut(pd.factorize(frame["id"])[0], (0.5, 0.25, 0.25)))
    kinds = {"image": "image", "text": "text", "audio": "audio"}
    roots = [folder / "images.zip", folder / "audio.zip"]
    frame = _seen(_capped_frame(frame), kinds, roots)
    return RealTable(frame, dict.fromkeys(kinds, None), dict.fromkeys(TARGETS, None))


def _school(_: str) -> RealTable:
    content = loadmat(data_folder("school") / "school.mat")
    students, scores = content["X"].ravel(), content["Y"].ravel()
    frame = pd.DataFrame(np.concatenate(students)).rename(columns=lambda place: f"x{place}")
    frame = frame.loc[:, frame.nunique() > 1]
    inputs = dict.fromkeys(frame.columns, None)
    schools = np.repeat(np.arange(len(students)), [*map(len, students)])
    own = schools[:, None] == np.arange(len(students))
    values = np.where(own, np.concatenate(scores).ravel()[:, None], np.nan)
    wide = pd.DataFrame(values, columns=[f"s{place}" for place in range(len(students))])
    frame = pd.concat([frame, wide], axis=1)
    parts = _cut(np.arange(len(frame)), (0.5, 0.25, 0.25))
    return RealTable(frame.assign(part=parts), inputs, dict.fromkeys(wide.columns, "number"))


def _cut(groups: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return the part of each row; rows of one group share it."""
    count = int(groups.max()) + 1
    places = np.random.default_rng(0).permutation(count) / count
    bounds = np.cumsum(shares)[:-1]
    names = np.array(["train", "validation", "test"], dtype=object)
    return names[np.searchsorted(bounds, places[groups], side="right")]


def _capped(
    frame: pd.DataFrame, inputs: Mapping[str, object], targets: Mapping[str, object]
) -> RealTable:
    return RealTable(_capped_frame(frame), dict(inputs), dict(targets))


def _capped_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `MOST_ROWS` rows to learn from at most, half as many of each other part."""
    shuffled = frame.sample(len(frame), random_state=0)
    counts = shuffled.groupby(PART).cumcount()
    most = shuffled[PART].map({"train": MOST_ROWS}).fillna(MOST_ROWS // 2)
    return shuffled[counts < most].reset_index(drop=True)


def _seen(frame: pd.DataFrame, kinds: Mapping[str, str], roots: list[Path]) -> pd.DataFrame:
    """Return the table with vectors in the place of its files."""
    source, views = read_table(frame), {}
    for column, kind in kinds.items():
        if kind == "image":
            reading = Reading(ReadOptions(root=roots))
            pictures = ImageInput(size=16).source(source.column(column), reading)
            pixels = pictures.batch(np.arange(len(frame)))[0][:, 2:14, 2:14]
            views[column] = (pixels.reshape(len(frame), -1) / 255.0).tolist()
        elif kind == "audio":
            reading = Reading(ReadOptions(root=roots))
            frames = AudioInput(mels=32).source(source.column(column), reading)
            views[column] = [
                _statistics(frames.batch(np.array([row]))[0][0]) for row in range(len(frame))
            ]
    return frame.assign(**views)


def _statistics(heard: np.ndarray) -> list[float]:
    frames = heard.astype(np.float32)
    return np.concatenate([frames.mean(0), frames.std(0)]).tolist()
