"""The last explanations of a run, kept in its folder with their pictures and recordings."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from torso.core.errors import RunError
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.json_files import Json
from torso.studies.explain.overlays import grey_recording
from torso.studies.explain.report import Explanation

__all__ = ["STUDY", "KeptExplanation", "Seen", "keep", "kept_explanations"]

STUDY = "explain"
_MOST = 12
"""Explanations that a run keeps: the newest."""


@dataclass(frozen=True)
class Seen:
    """A picture or a recording as the run read it.

    Attributes:
        kind: `image` or `audio`.
        address: of the picture, or of a picture of the recording, as a page can hold it.
        length: rows and columns of the picture, or frames or samples of the recording, that spans count in.
    """

    kind: str
    address: str
    length: tuple[int, ...]


@dataclass(frozen=True)
class KeptExplanation:
    """An explanation with its media.

    Attributes:
        explanation: of a row.
        seen: column -> its picture or recording.
    """

    explanation: Explanation
    seen: Mapping[str, Seen]


def keep(folder: Path, explanations: Sequence[Explanation]) -> str | None:
    """Add explanations to those that a run keeps; the same row of the same table is kept once.

    Returns:
        A note where the folder cannot be written; None if all is well.
    """
    run = RunFolder(folder)
    try:
        before = run.studies([]).get(STUDY, {}).get("result", {}).get("explanations", [])
        fresh = [_written(each) for each in explanations[-_MOST:]]
        names = {_name(each) for each in fresh}
        kept = [*(each for each in before if _name(each) not in names), *fresh][-_MOST:]
        run.write_study(STUDY, {"explanations": kept})
    except (OSError, RunError) as error:
        return f"{folder} cannot be written ({error}): the explanation is not kept there."
    return None


def kept_explanations(saved: Json) -> list[KeptExplanation]:
    """Return the explanations that `keep` wrote, the newest first."""
    return [
        KeptExplanation(
            Explanation.from_dict({k: v for k, v in each.items() if k != "seen"}),
            {
                column: Seen(own["kind"], own["address"], tuple(own["length"]))
                for column, own in each["seen"].items()
            },
        )
        for each in reversed(saved["explanations"])
    ]


def _name(saved: Json) -> tuple[object, ...]:
    return saved["table"], saved["row"], saved["method"]


def _written(explanation: Explanation) -> Json:
    seen = {column: _seen(np.asarray(cell)) for column, cell in explanation.media.items()}
    return {**explanation.to_dict(), "seen": seen}


def _seen(cell: np.ndarray) -> Json:
    """Return a picture `[height, width, 3]`, or a recording `[frames, mels]` or `[samples]`, small enough to keep."""
    from PIL import Image

    kind = "image" if cell.ndim == 3 else "audio"
    pixels = cell if kind == "image" else grey_recording(cell)
    image = Image.fromarray(pixels)
    small = max(image.size) <= 64
    stream = io.BytesIO()
    if small:
        image.save(stream, "PNG")
    else:
        image.save(stream, "JPEG", quality=80)
    sort = "png" if small else "jpeg"
    address = f"data:image/{sort};base64,{b64encode(stream.getvalue()).decode()}"
    length = cell.shape[:2] if kind == "image" else cell.shape[:1]
    return {"kind": kind, "address": address, "length": [int(side) for side in length]}
