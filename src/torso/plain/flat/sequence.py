"""Sequences in the flat view: length, level, spread and trend of each number."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._statistics import Statistics

__all__ = ["SequenceFlattener"]

_EACH = ("mean", "spread", "least", "greatest", "first", "last", "slope")
_BRIEF = 64  # numbers a step from which on only mean and spread are told


class SequenceFlattener(Statistics, form="sequence"):
    """Steps, and of each number mean, spread, least, greatest, first, last and slope per step."""

    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the number of steps, then the statistics of each number."""
        steps = mask.sum(axis=1)  # a row's steps stand first
        known, each = mask[:, :, None], np.arange(len(values))
        count = steps[:, None]
        mean = np.where(known, values, 0).sum(axis=1) / count
        centred = np.where(known, values - mean[:, None], 0)
        spread = np.sqrt(np.square(centred).sum(axis=1) / count)
        statistics = [mean, spread]
        if values.shape[2] <= _BRIEF:
            time = np.arange(values.shape[1])[None] - (count - 1) / 2  # [rows, steps]
            time = np.where(mask, time, 0)
            slope = np.einsum("rs,rsn->rn", time, centred)
            slope /= np.maximum(np.square(time).sum(axis=1), 1e-9)[:, None]
            statistics += [
                np.where(known, values, np.inf).min(axis=1),
                np.where(known, values, -np.inf).max(axis=1),
                values[:, 0],
                values[each, steps - 1],
                slope,
            ]
        together = np.stack(statistics, axis=2).reshape(len(values), -1)
        return np.concatenate([count, together], axis=1).astype(np.float32)

    def titles(self, count: int) -> list[str]:
        """Return the names of the statistics, number by number."""
        width = int(self.part.columns[next(iter(self.part.columns))].offered().get("width", 1))
        told = _EACH if width <= _BRIEF else _EACH[:2]
        names = [f"{at + 1} {each}" for at in range(width) for each in told]
        return ["steps", *names][:count]
