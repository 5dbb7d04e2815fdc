"""950 pictures, 7,389 voices in 14 languages, five answers per row, one default run.

Each row is a stamp spoken in one language: its picture, its text, the recording, and for one row in seven a
sound effect. The model says the category, the language, whether the picture is a cartoon and may be flipped,
and how long the recording is. Stamps never cross the split, so a test stamp was never seen in any language.
It takes about ten minutes on one core.

    python examples/talking_stamps.py --out runs/stamps
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from _data import data_folder
from rich import print

import torso
from torso.app.terminal import results_table

ROOTS = {"image": "images.zip", "audio": "audio.zip", "sound_effect": "audio.zip"}
INPUTS = ["image", "text", "audio", "sound_effect"]
TARGETS = ["category", "lang", "cartoon", "noflip", "seconds"]
SETTINGS = ["data.split.group=id"]  # a stamp's recordings stay on one side


def stamps(folder: Path, rows: int | None = None) -> pd.DataFrame:
    """Join the stamps with their recordings; an empty cell is a gap."""
    pictures = pd.read_csv(folder / "stamps.csv", keep_default_na=False)
    clips = pd.read_csv(folder / "clips.csv", keep_default_na=False)
    table = clips.merge(pictures, on="id", validate="many_to_one")[["id", *INPUTS, *TARGETS]]
    return table if rows is None else table.sample(rows, random_state=0)


def inputs(folder: Path) -> dict[str, dict[str, object]]:
    """Name the zips that the paths lead into; Torso sees the kinds itself."""
    return {name: {"root": str(folder / ROOTS[name])} if name in ROOTS else {} for name in INPUTS}


def main() -> None:
    """Fit, and print the answers on stamps that were never seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="use so many rows only")
    parser.add_argument("--out", type=Path, default=Path("runs/stamps"))
    parser.add_argument("--table", type=Path, help="write the joined table there and stop")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    options = parser.parse_args()
    folder = data_folder("talking_stamps")
    table = stamps(folder, options.rows)
    if options.table:
        table.to_csv(options.table, index=False)
        return

    run = torso.fit(
        table,
        TARGETS,
        inputs=inputs(folder),
        out=options.out,
        overwrite=True,
        settings=[*SETTINGS, *options.settings],
    )
    print(results_table(run.reports))


if __name__ == "__main__":
    main()
