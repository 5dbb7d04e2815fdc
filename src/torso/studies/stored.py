"""The result of a study in the folder of its run, for `torso show` and `torso report`."""

from __future__ import annotations

from dataclasses import Field, replace
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from torso.core.whole_files import Json
from torso.runs.folder.folder import RunFolder

__all__ = ["stored"]


class _Study(Protocol):
    """A frozen dataclass with notes, which JSON can hold."""

    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    @property
    def notes(self) -> tuple[str, ...]: ...

    def to_dict(self) -> Json: ...


S = TypeVar("S", bound=_Study)


def stored(name: str, study: S, folder: Path | None) -> S:
    """Write a study into the folder of its run, and return it; with a note where that may not be written.

    Args:
        name: of the study: `importance` becomes `studies/importance.json`.
        study: the result.
        folder: of the run; None if it is in memory, where nothing is kept.
    """
    if folder is None:
        return study
    try:
        RunFolder(folder).write_study(name, study.to_dict())
    except OSError as error:
        note = f"{folder} cannot be written ({error.strerror}): the study is not kept there."
        return replace(study, notes=(*study.notes, note))
    return study
