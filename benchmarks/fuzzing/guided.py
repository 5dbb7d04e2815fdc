"""One border by atheris, which keeps the cases that reach new lines of Torso and changes them further."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp

__all__ = ["guided"]


def guided(name: str, seconds: float, seed: int, keep: Path) -> None:
    """Run libFuzzer on a border; it ends the process, with an error if a case fails."""
    import atheris

    with atheris.instrument_imports(include=["torso"]):
        from .borders import BORDERS
    folder = Path(mkdtemp())
    border = BORDERS[name](folder)
    if not border.guided:
        sys.exit(f"{name!r} cannot be guided: it has threads, or code that atheris does not see.")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, case in enumerate(border.corpus):
        (corpus / str(number)).write_bytes(case)
    keep.mkdir(parents=True, exist_ok=True)
    limits = [
        f"-max_total_time={seconds:.0f}",
        f"-seed={seed + 1}",
        "-timeout=10",
        "-rss_limit_mb=2048",
    ]
    place = f"-artifact_prefix={keep}/{name.replace(' ', '_')}-guided-"
    atheris.Setup(
        [sys.argv[0], str(corpus), *limits, place, "-print_final_stats=1"], border.try_case
    )
    atheris.Fuzz()
