"""Where the examples find their data: `$TORSO_DATA`, by default `shared/data` beside the repository."""

import os
import sys
from pathlib import Path


def data_folder(name: str) -> Path:
    """Return the folder of one data set, or end the program with a sentence that says what is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TORSO_DATA") or beside) / name
    if not folder.is_dir():
        sys.exit(
            f"This example needs the data set {name!r}, and there is no folder {folder}. "
            "Put it there, or let TORSO_DATA name the folder that holds it."
        )
    return folder
