"""Tracks: average precision, IDF1, MOTA and identity switches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from torso.evaluation.clear_mot import identified, mistakes
from torso.evaluation.overlaps import (
    HIT,
    AveragePrecisions,
    areas,
    class_counts,
    greedy_hits,
    iou,
)
from torso.evaluation.weighted import Floats, mean_defined, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["TracksScores"]


class TracksScores(Scores, name="tracks"):
    """Average precision of whole tracks, IDF1, MOTA, and identity switches per clip.

    `average_precision` is that of `boxes` with tracks instead of boxes: the overlap of two tracks is the sum over the
    frames of what their boxes share, over the sum of what they cover together, and has to be 0.5 (Yang, Fan, Xu,
    "Video Instance Segmentation", ICCV 2019, https://arxiv.org/abs/1905.04804, with boxes instead of masks, and one
    threshold). A track whose class is wrong is wrong.

    The others judge following alone, whatever things are called, over the tracks that are likelier a thing than
    nothing: two boxes are about the same thing if they overlap by at least 0.5. `idf1` is the F1 of boxes under the right name,
    by the best one-to-one matching of whole tracks; `mota` is 1 less the share of boxes that are missed,
    invented or switched, so below 0 where there are more mistakes than boxes; `identity_switches` counts the last per
    row. All sums go over all rows at once. The baseline has no switches to compare with: what never moves never
    changes its name.

    Predictions are `[rows, tracks, frames, 8]`: corners, class, its probability, that of being a thing and that of being
    there, NaN for none. Truths are `[rows, most, frames, 5]`: corners and class, the class -1 for none, all NaN where missing.
    """

    headline = "average_precision"
    metrics = ("average_precision", "idf1", "mota", "identity_switches")
    words: ClassVar[Mapping[str, str]] = {
        "idf1": "IDF1",
        "mota": "MOTA",
        "identity_switches": "id switches",
    }
    errors = ("identity_switches",)
    against = "mean tracks"
    axes = (4, 4)
    probable = False
    alike = False
    gaps = True

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:
        self._blind = np.array_equal(prediction, guess, equal_nan=True)
        there = prediction[..., 7] >= HIT  # [rows, tracks, frames]; NaN is no track
        there &= (prediction[..., 5] >= 0).any(axis=2, keepdims=True)
        self._precisions = _precisions(prediction, there, truth)
        sure = there & (prediction[..., 6] >= HIT)
        counts = [
            _counts(own[some.any(axis=1)], some[some.any(axis=1)], true)
            for own, some, true in zip(prediction, sure, truth, strict=True)
        ]
        self._counts = np.array(counts, np.float64).reshape(-1, 5)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        precisions = self._precisions.measure(weights)
        named, boxes, true, wrong, switches = (weights @ self._counts).T
        overall = {
            "average_precision": mean_defined(precisions),
            "idf1": ratio(2 * named, boxes + true),
            "mota": 1.0 - ratio(wrong + switches, true),
        }
        if not self._blind:
            overall["identity_switches"] = ratio(switches, weights.sum(axis=1))
        return Measured(overall, {"average_precision": precisions})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the mean track of each class, and the share of rows that hold one.

        In each frame it is the mean box, there as often as the class's tracks are; in a frame in which none was
        seen, the mean box of all frames.
        """
        tracks: list[object] = []
        shares = []
        for at in range(1 + int(truth[..., 4].max(initial=-1, where=truth[..., 4] >= 0))):
            own = truth[..., 4] == at  # [rows, most, frames]
            shares.append(float(own.any(axis=(1, 2)).mean()))
            tracks.append(_mean_track(truth[..., :4], own).tolist() if own.any() else None)
        return {"tracks": tracks, "shares": shares}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return these tracks for every row, as probable as their share."""
        frames = prediction.shape[2]
        learnt = np.full((1, len(baseline["tracks"]), frames, 8), np.nan)
        for at, (track, share) in enumerate(
            zip(baseline["tracks"], baseline["shares"], strict=True)
        ):
            if track is not None:
                learnt[0, at, :, [0, 1, 2, 3, 7]] = np.array(track).T
                learnt[0, at, :, 4:7] = at, share, share
        return np.broadcast_to(learnt, (len(prediction), *learnt.shape[1:]))


def _mean_track(corners: Array, own: Array) -> Floats:
    """Return `[frames, 5]`: the mean box of the tracks that are `own`, and the share of them that is there."""
    count = own.sum(axis=(0, 1)).astype(np.float64)
    boxes = np.where(own[..., None], corners, 0.0).astype(np.float64).sum(axis=(0, 1))
    mean = np.where(
        count[:, None] > 0, boxes / count.clip(min=1)[:, None], boxes.sum(0) / count.sum()
    )
    share = count / own.any(axis=2).sum()
    return np.concatenate([mean, share[:, None]], axis=1)


def _precisions(prediction: Floats, there: Array, truth: Array) -> AveragePrecisions:
    """Return the average precision of tracks, those without a box left out."""
    row, track = np.nonzero(there.any(axis=2))
    tracks, present = prediction[row, track], there[row, track]
    named, score = tracks[:, 0, 4], tracks[:, 0, 5]
    true = truth[..., 4].max(axis=2)  # [rows, most]
    corners = _zeroed(truth[..., :4].astype(np.float64), truth[..., 4] >= 0)
    answered = _zeroed(tracks[..., :4], present)

    def overlaps(at: int) -> Floats:
        shared, together = areas(answered[at], corners[row[at]])  # [most, frames]
        return ratio(shared.sum(axis=1), together.sum(axis=1))

    right = greedy_hits(row, named, score, true, overlaps)
    return AveragePrecisions(row, named, score, right, class_counts(true))


def _counts(tracks: Floats, there: Array, truth: Array) -> list[int]:
    """Return boxes under the right name, answered boxes, true boxes, mistakes, and switches of a row."""
    present = truth[..., 4] >= 0
    some = present.any(axis=1)
    present, corners = present[some], truth[some, :, :4].astype(np.float64)
    answered = _zeroed(tracks[..., :4], there)
    pairs = iou(answered[None], _zeroed(corners, present)[:, None])  # [true, answered, frames]
    overlaps = np.nan_to_num(pairs).transpose(2, 0, 1)
    wrong = mistakes(overlaps, present, there)
    return [
        identified(overlaps),
        int(there.sum()),
        int(present.sum()),
        wrong.missed + wrong.invented,
        wrong.switches,
    ]


def _zeroed(corners: Floats, there: Array) -> Floats:
    """Return corners without area where there is no box."""
    return np.where(there[..., None], corners, 0.0)
