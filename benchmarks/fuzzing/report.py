"""All borders in turn: time and cases by their shares, failing cases kept, figures printed and written."""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from .border import Border
from .borders import BORDERS
from .children import CPU_SECONDS, MEMORY, Result, tried
from .least import least_case

__all__ = ["tried_all"]


def tried_all(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Try the borders, print a line each, and return the figures."""
    borders = {}
    for number, name in enumerate(options.border or BORDERS):
        place = folder / str(number)
        place.mkdir()
        borders[name] = BORDERS[name](place)
    whole = sum(border.share for border in borders.values())
    figures: dict[str, Any] = {}
    for name, border in borders.items():
        part = border.share / whole
        if name != "requests":  # its server starts after the fork
            border.warm()
        cases = None if options.cases is None else max(1, round(options.cases * part))
        print(f"{name:20} ", end="", flush=True)
        seconds = None if options.seconds is None else options.seconds * part
        result = tried(border, name, options.seed, cases=cases, seconds=seconds)
        kinds = _kept(border, name, options, result)
        figures[name] = {
            "cases": result.cases,
            "read": result.read,
            "failures": len(result.failures),
            "kinds": kinds,
            "seconds": round(result.seconds, 1),
        }
        print(
            f"{result.cases:9,} cases, {result.read:9,} read, {len(result.failures):6,} failures, {result.seconds:6.1f} s",
            flush=True,
        )
        for kind, count in kinds.items():
            print(f"    {count:6,} x {kind}", flush=True)
    total = {key: sum(figure[key] for figure in figures.values()) for key in ("cases", "failures")}
    print(f"{total['cases']:,} cases, {total['failures']:,} failures")
    return {
        "command": f"OMP_NUM_THREADS=1 python benchmarks/fuzz.py {shlex.join(sys.argv[1:])}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, shared with other work",
        "day": time.strftime("%Y-%m-%d"),
        "limits": {"cpu_seconds_a_case": CPU_SECONDS, "bytes_beyond_start": MEMORY},
        **total,
        "borders": figures,
    }


def _kept(border: Border, name: str, options: argparse.Namespace, result: Result) -> dict[str, int]:
    """Keep the first case of each kind of failure, whole and minimised; return kind -> count."""
    kinds = Counter(failure.sign for failure in result.failures)
    for sign in kinds:
        first = next(failure for failure in result.failures if failure.sign == sign)
        case = border.case(name, options.seed, first.number)
        options.keep.mkdir(parents=True, exist_ok=True)
        file = options.keep / f"{name.replace(' ', '_')}-{options.seed}-{first.number}"
        file.write_bytes(case)
        file.with_name(f"least-{file.name}").write_bytes(least_case(border, case, sign))
        file.with_name(f"{file.name}.txt").write_text(first.told, errors="backslashreplace")
    return dict(kinds.most_common())
