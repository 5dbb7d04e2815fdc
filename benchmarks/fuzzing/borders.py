"""The table of borders: name -> a function that makes it in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .border import Border
from .cells import CELLS
from .decoders import DECODERS
from .readers import READERS
from .requests import REQUESTS
from .runs import RUNS
from .settings import SETTINGS

__all__ = ["BORDERS"]

BORDERS: Mapping[str, Callable[[Path], Border]] = {
    **READERS,
    **SETTINGS,
    **CELLS,
    **DECODERS,
    **RUNS,
    **REQUESTS,
}
