"""950 pictures, 7,389 voices in 14 languages, five answers per row, one model.

Each row is a stamp spoken in one language: its picture, its text, the recording, and for one row in seven a
sound effect. The model says the category, the language, whether the picture is a cartoon and may be flipped,
and how long the recording is. Stamps never cross the split, so a test stamp was never seen in any language.

    python examples/talking_stamps.py --out runs/stamps
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from _data import data_folder

import torso

INPUTS = {
    "image": {"kind": "image", "size": 64, "root": "images.zip"},
    "text": "text",
    "audio": {"kind": "audio", "root": "audio.zip"},
    "sound_effect": {"kind": "audio", "root": "audio.zip"},
}
TARGETS = ["category", "lang", "cartoon", "noflip", "seconds"]


def stamps(folder: Path, rows: int | None = None) -> pd.DataFrame:
    """Join the stamps with their recordings; an empty cell is a gap."""
    pictures = pd.read_csv(folder / "stamps.csv", keep_default_na=False)
    clips = pd.read_csv(folder / "clips.csv", keep_default_na=False)
    table = clips.merge(pictures, on="id", validate="many_to_one")
    columns = ["id", *INPUTS, *TARGETS]
    return table[columns] if rows is None else table[columns].sample(rows, random_state=0)


def main() -> None:
    """Fit, and print the answers on stamps that were never seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("runs/stamps"))
    parser.add_argument("--set", dest="settings", action="append", default=[])
    options = parser.parse_args()
    folder = data_folder("talking_stamps")

    inputs = {
        name: {**spec, "root": str(folder / spec["root"])} if "root" in spec else spec
        for name, spec in (
            (name, {"kind": s} if isinstance(s, str) else s) for name, s in INPUTS.items()
        )
    }
    run = torso.fit(
        stamps(folder, options.rows),
        TARGETS,
        inputs=inputs,
        out=options.out,
        overwrite=True,
        settings=[
            "data.split.group=id",
            f"training.epochs={options.epochs}",
            *options.settings,
        ],
    )
    for task, report in run.reports.items():
        estimate = report.metrics[report.headline]
        print(
            f"{task:10} {report.headline:9} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
            f"   {report.against} {report.baseline[report.headline]:.3f}"
        )


if __name__ == "__main__":
    main()
