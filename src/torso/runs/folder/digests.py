"""Digests of the files that a run answers by, so that a damaged or edited one is refused instead of answering otherwise.

They lie in `torso.json`, which is written last. `run.yaml` is for people to edit, and has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path

from torso.core.errors import RunError

__all__ = ["check_digests", "digests_of"]

_ANSWERING = (
    *("schema.json", "vocabulary.json", "statistics.json", "model.safetensors"),
    *("plain.json", "plain.safetensors", "decisions.json"),
)


def digests_of(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 of the files of a run that change its answers."""
    return {name: _digest(folder / name) for name in _ANSWERING if (folder / name).is_file()}


def check_digests(folder: Path, noted: Mapping[str, object]) -> None:
    """Refuse a run with a file that is not as it was written.

    Args:
        folder: of the run.
        noted: name -> digest, as `torso.json` has them; empty in a run of an earlier version.

    Raises:
        RunError: a file differs, is absent, or was added.
    """
    if not noted:
        return
    own = digests_of(folder)
    other = sorted(name for name in own.keys() | noted.keys() if own.get(name) != noted.get(name))
    if other:
        state = "is absent" if other[0] not in own else "is not as it was written"
        raise RunError(
            f"{folder / other[0]} {state}: the file was damaged or edited. Copy the run again; if you changed it on purpose, take "
            "`digests` out of torso.json."
        )


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
