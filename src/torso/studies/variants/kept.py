"""Results of variants in a folder: each is a run of its own, with a fingerprint of the rows and settings behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from torso._version import __version__
from torso.core.errors import RunError, TorsoError
from torso.core.whole_files import json_text
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stage import Stage
from torso.runs.folder.stored_split import column_digests
from torso.runs.preparing.prepared import Prepared
from torso.studies.variants.variant import Outcome, Variant

__all__ = ["Kept", "fingerprint", "folder_name"]

_STUDY = "variant"
_PLACES = ("table", "validation", "test", "root", "cache", "weights")
"""Keys of `data` that say where files lie: a table that has moved is the same table."""


@dataclass(frozen=True)
class Kept:
    """The folder of a study's variants.

    Attributes:
        folder: holds a run per variant.
    """

    folder: Path

    def run(self, variant: Variant) -> RunFolder:
        """Return the folder of a variant's run."""
        return RunFolder(self.folder / folder_name(variant.name), of_study=True)

    def read(self, variant: Variant, prepared: Prepared) -> tuple[Outcome | None, str]:
        """Return a finished variant, and else why it is trained anew, if something of it is there.

        Args:
            variant: that is asked for.
            prepared: its own rows and config.
        """
        run = self.run(variant)
        if run.stage not in (Stage.FINISHED, Stage.RESUMABLE):
            return None, ""
        try:
            about = run.studies()[_STUDY]["result"]
            if about["fingerprint"] != fingerprint(prepared):
                return None, "it was trained on other rows or with other settings"
            return self.outcome(variant), ""
        except (TorsoError, KeyError, TypeError, ValueError) as error:
            return None, f"its folder {run.path} is damaged ({error!r:.120})"

    def outcome(self, variant: Variant) -> Outcome:
        """Return a finished variant, whatever it was trained on.

        Raises:
            RunError: its folder is damaged.
            KeyError: it did not end well.
        """
        run = self.run(variant)
        about = run.studies()[_STUDY]["result"]
        held_out = run.held_out()
        if held_out is None:
            raise RunError(f"{run.path} lacks the answers to the held-out rows.")
        costs = float(about["seconds"]), float(about["cpu_seconds"])
        return Outcome(variant, run.report(), held_out, *costs, run.path)

    def finish(self, variant: Variant, prepared: Prepared, seconds: tuple[float, float]) -> Outcome:
        """Note a run as finished and return the outcome.

        Args:
            variant: whose run lies in its folder.
            prepared: its own rows and config.
            seconds: wall and CPU seconds that it took.

        Raises:
            RunError: the run cannot be read back.
        """
        self.run(variant).write_study(
            _STUDY,
            {
                "fingerprint": fingerprint(prepared),
                "variant": variant.to_dict(),
                "seconds": seconds[0],
                "cpu_seconds": seconds[1],
            },
        )
        return self.outcome(variant)


def folder_name(name: str) -> str:
    """Return a name for a folder: the variant's own, as far as every system takes it.

    >>> folder_name("image"), folder_name("a/b alone")
    ('image', 'a-b-alone-b79e6715')
    """
    plain = re.sub(r"[^\w-]+", "-", name).strip("-").lower()[:40]
    return plain if plain == name else f"{plain}-{_digest(name.encode())[:8]}".lstrip("-")


def fingerprint(prepared: Prepared) -> str:
    """Return a digest of all that a training's result depends on: cells, split, rows, settings, Torso's version."""
    config = prepared.config.model_dump()
    data = {key: value for key, value in config["data"].items() if key not in _PLACES}
    data["split"] = {key: value for key, value in data["split"].items() if key != "like"}
    columns = {*prepared.schema.inputs, *prepared.schema.label_columns()}
    whole = prepared.parts["training"].table
    parts = {}
    for name, part in prepared.parts.items():
        digests = prepared.split.digests if part.table is whole else column_digests(part.table)
        cells = {column: digests[column] for column in sorted(columns & digests.keys())}
        parts[name] = [cells, _digest(part.rows.astype("<i8").tobytes())]
    about = [__version__, {**config, "data": data}, parts]
    return _digest(json_text(about).encode("utf-8", "replace"))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
