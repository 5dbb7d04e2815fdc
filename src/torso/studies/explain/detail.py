"""Number of parts of a row and of questions to the run; both are smaller where an answer takes long."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COARSE", "FINE", "Detail"]


@dataclass(frozen=True)
class Detail:
    """Limits of an explanation.

    Attributes:
        grid: regions across and down a picture.
        stretches: of a recording, at most.
        answers: about, for a modality whose parts are sampled.
        steps: of a deletion curve, at most.
    """

    grid: int
    stretches: int
    answers: int
    steps: int


FINE = Detail(grid=6, stretches=12, answers=1000, steps=12)
COARSE = Detail(grid=4, stretches=8, answers=250, steps=8)
"""For runs with frozen pretrained encoders, which take as long for a picture as small networks for fifty."""
