"""The table of borders: name -> a function that makes it in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fuzzing.border import Border
from fuzzing.borders.cells import CELLS
from fuzzing.borders.decoders import DECODERS
from fuzzing.borders.readers import READERS
from fuzzing.borders.requests import REQUESTS
from fuzzing.borders.runs import RUNS
from fuzzing.borders.settings import SETTINGS

__all__ = ["BORDERS"]

BORDERS: Mapping[str, Callable[[Path], Border]] = {
    **READERS,
    **SETTINGS,
    **CELLS,
    **DECODERS,
    **RUNS,
    **REQUESTS,
}
