"""Explanations that a run keeps: the newest, each row once, with undefined numbers and media."""

from __future__ import annotations

import math

import numpy as np

from torso.evaluation.estimate import Estimate
from torso.runs.folder.folder import RunFolder
from torso.studies.explain.answer import Share, TaskExplanation
from torso.studies.explain.kept import STUDY, keep, kept_explanations
from torso.studies.explain.report import Explanation


def explanation(row: int) -> Explanation:
    share = Share("photo", "photo", "region r1 c1", Estimate(0.5), (0, 0, 4, 8))
    task = TaskExplanation("y", "no", "probability of no", True, 0.7, 0.2, (share,), (share,), None)
    media = {"photo": np.full((4, 8, 3), 9, np.uint8), "sound": np.zeros((30, 8), np.float32)}
    return Explanation(row, "table.csv", "occlusion", {"y": task}, media=media)


def kept(folder):
    return kept_explanations(RunFolder(folder).studies([])[STUDY]["result"])


def test_the_newest_rows_are_kept_once_with_their_media(tmp_path):
    assert keep(tmp_path, [explanation(row) for row in range(1, 21)]) is None
    assert [own.explanation.row for own in kept(tmp_path)] == [*range(20, 8, -1)]
    keep(tmp_path, [explanation(15)])
    rows = [own.explanation.row for own in kept(tmp_path)]
    assert rows[0] == 15 and rows.count(15) == 1 and len(rows) == 12
    first = kept(tmp_path)[0]
    assert (first.seen["photo"].kind, first.seen["photo"].length) == ("image", (4, 8))
    assert (first.seen["sound"].kind, first.seen["sound"].length) == ("audio", (30,))
    assert all(own.address.startswith("data:image/") for own in first.seen.values())
    share = first.explanation["y"].parts[0]
    assert share.span == (0, 0, 4, 8) and math.isnan(share.share.low)


def test_a_damaged_study_is_written_anew_and_a_locked_folder_is_told(tmp_path):
    keep(tmp_path, [explanation(1)])
    (tmp_path / "studies" / "explain.json").write_text("{")
    assert keep(tmp_path, [explanation(2)]) is None
    assert [own.explanation.row for own in kept(tmp_path)] == [2]
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "studies").write_text("a file")
    assert "is not kept there" in str(keep(blocked, [explanation(1)]))
