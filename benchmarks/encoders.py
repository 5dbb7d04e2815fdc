"""Encoders from scratch beside the default of their form, at equal epochs and settings, on few rows.

    OMP_NUM_THREADS=1 python benchmarks/encoders.py --seeds 0 1 2 [--sets fashion fsdd waves]

* fashion: 1,500 pictures of Fashion-MNIST, tested on 2,000 of its test file: which garment;
* fsdd: 1,500 spoken digits, tested on the published test takes: which digit;
* waves: 1,500 generated sines at 24 random times each, heights with noise and a fifth of them unknown, tested on
  2,000: which of five frequencies. Nothing but the times tells it.

A tenth of the rows decides which epoch is kept. A seed draws the rows, the split, the order and the weights, and is
the same for all choices. Intervals are 95 % t-intervals over the seeds; `over_default` is of the paired differences.
Each fit is written to results/encoders.json as soon as it is done, and one that stands there is not made again.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image
from reports import read_report, write_report
from small_training import circumstances, interval, paired_interval

import torso

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402

TRAINING, TEST = 1_500, 2_000
FREQUENCIES = (3.0, 6.0, 9.0, 12.0, 15.0)
"""Cycles in the whole time of a series."""


class Choice(NamedTuple):
    """How the column is laid out and read, and whether rows are mixed."""

    column: dict[str, Any]
    encoder: Any
    mixup: float = 0.0


@dataclass(frozen=True)
class Set:
    """A column, what it is to tell, and what may read it.

    Attributes:
        draw: seed -> table with the columns `seen`, `answer` and `side`.
        epochs: of every choice.
        choices: by name; the first is the default.
    """

    draw: Callable[[int], pd.DataFrame]
    epochs: int
    choices: dict[str, Choice]


def fashion(seed: int) -> pd.DataFrame:
    """Return pictures as PNG files."""
    rng = np.random.default_rng(seed)
    folder, parts = data_folder("fashion_mnist"), []
    for file, rows in (("train", TRAINING), ("t10k", TEST)):
        with gzip.open(folder / f"{file}-images-idx3-ubyte.gz") as opened:
            pictures = np.frombuffer(opened.read()[16:], np.uint8).reshape(-1, 28, 28)
        with gzip.open(folder / f"{file}-labels-idx1-ubyte.gz") as opened:
            answers = np.frombuffer(opened.read()[8:], np.uint8)
        some = rng.permutation(len(answers))[:rows]
        seen = [_png(pictures[row]) for row in some]
        parts.append(sided(seen, [f"garment {answers[row]}" for row in some], file != "train", rng))
    return pd.concat(parts, ignore_index=True)


def fsdd(seed: int) -> pd.DataFrame:
    """Return recordings as WAV files; takes 0 to 4 of each speaker and digit are the test."""
    rng = np.random.default_rng(seed)
    with zipfile.ZipFile(data_folder("fsdd") / "recordings.zip") as archive:
        names = sorted(one for one in archive.namelist() if one.endswith(".wav"))
        files = {Path(name).stem: archive.read(name) for name in names}
    test = [name for name in files if int(name.split("_")[2]) < 5]
    some = rng.permutation([name for name in files if int(name.split("_")[2]) >= 5])[:TRAINING]
    return pd.concat(
        [
            sided([files[n] for n in part], [f"digit {n[0]}" for n in part], part is test, rng)
            for part in (some, test)
        ],
        ignore_index=True,
    )


def waves(seed: int) -> pd.DataFrame:
    """Return series of steps `[time, height]`, the latter None where it is unknown."""
    rng = np.random.default_rng(seed)
    rows = TRAINING + TEST
    frequency = rng.choice(FREQUENCIES, rows)
    times = np.sort(rng.random((rows, 24)), axis=1)
    phase = rng.random((rows, 1))
    heights = np.sin(2 * np.pi * (frequency[:, None] * times + phase))
    heights = heights + 0.2 * rng.standard_normal(heights.shape)
    known = rng.random(heights.shape) < 0.8
    series = [
        [[time, float(height) if there else None] for time, height, there in zip(*row, strict=True)]
        for row in zip(times.tolist(), heights, known, strict=True)
    ]
    answers = [f"{one:g} cycles" for one in frequency]
    table = sided(series, answers, False, rng)
    table.loc[TRAINING:, "side"] = "test"
    return table


def sided(
    seen: list[Any], answers: list[str], test: bool, rng: np.random.Generator
) -> pd.DataFrame:
    """Return a table; of rows that do not test, a tenth validates."""
    side = np.where(rng.random(len(seen)) < 0.1, "validation", "train")
    return pd.DataFrame({"seen": seen, "answer": answers, "side": "test" if test else side})


def _png(picture: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "png")
    return held.getvalue()


PICTURE = {"kind": "image", "size": 28}
AUDIO = {"kind": "audio", "rate": 8000}
SERIES = {"kind": "sequence", "time": "first", "gaps": "flag"}
SETS = {
    "fashion": Set(
        fashion,
        8,
        {
            "convnet": Choice(PICTURE, "convnet"),
            "vit": Choice(PICTURE, "vit"),
            "pyramid, 1 token": Choice(PICTURE, {"type": "pyramid", "tokens": 1, "jitter": 0.5}),
            "convnet, flipped": Choice(PICTURE, {"type": "convnet", "augment": {"flip": True}}),
            "convnet, mixup 0.2": Choice(PICTURE, "convnet", 0.2),
        },
    ),
    "fsdd": Set(
        fsdd, 10, {"convnet": Choice(AUDIO, "convnet"), "conformer": Choice(AUDIO, "conformer")}
    ),
    "waves": Set(
        waves,
        12,
        {
            "transformer, times as a number": Choice(SERIES, "transformer"),
            "time2vec": Choice(SERIES, "time2vec"),
        },
    ),
}


def fit(table: pd.DataFrame, one: Set, choice: str, seed: int) -> dict[str, Any]:
    """Return what one fit came to."""
    column, encoder, mixup = one.choices[choice]
    began = time.process_time()
    run = torso.fit(
        table,
        ["answer"],
        inputs={"seen": column},
        config={
            "seed": seed,
            "encoders": {"seen": encoder},
            "fusion": "concat",
            "data": {"split": {"column": "side"}},
            "training": {"epochs": one.epochs, "patience": one.epochs, "mixup": mixup},
        },
    )
    metrics = run.reports["answer"].metrics
    parameters = sum(p.numel() for p in run.model.encoder_parameters()["seen"])
    return {
        "choice": choice,
        "seed": seed,
        "accuracy": metrics["accuracy"].to_dict(),
        "log_loss": metrics["log_loss"].value,
        "parameters": parameters,
        "cpu_s": time.process_time() - began,
    }


def means(fits: list[dict[str, Any]], one: Set) -> dict[str, Any]:
    """Return choice -> its accuracy over the seeds, and its lead over the default on the same seeds."""
    scores = {
        choice: {run["seed"]: run["accuracy"]["value"] for run in fits if run["choice"] == choice}
        for choice in one.choices
    }
    default = next(iter(scores.values()))
    return {
        choice: {
            "accuracy": interval(list(found.values())),
            "over_default": paired_interval(found, default),
            "cpu_s": float(np.mean([run["cpu_s"] for run in fits if run["choice"] == choice])),
            "parameters": next(run["parameters"] for run in fits if run["choice"] == choice),
        }
        for choice, found in scores.items()
        if found.keys() & default.keys()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "encoders.json")
    options = parser.parse_args()
    report = read_report(options.out)
    report |= circumstances(Path(__file__)) | {"rows": TRAINING}
    for name in options.sets:
        one = SETS[name]
        fits = report.get(name, {}).get("fits", [])
        for seed in options.seeds:
            table = one.draw(seed)
            for choice in one.choices:
                if any((run["choice"], run["seed"]) == (choice, seed) for run in fits):
                    continue
                fits.append(fit(table, one, choice, seed))
                print(name, fits[-1], flush=True)
                report[name] = {"epochs": one.epochs, "means": means(fits, one), "fits": fits}
                write_report(options.out, report)


if __name__ == "__main__":
    main()
