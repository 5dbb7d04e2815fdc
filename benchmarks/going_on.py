"""A new task with few labelled rows: a fit from nothing, and fits that start from a run on another task.

    OMP_NUM_THREADS=1 python benchmarks/going_on.py --out FILE

`digits`: the run tells MNIST's digits 0 to 6 apart (2,100 pictures of 16 x 16), the new task 7, 8 and 9; accuracy on 600
pictures. `adult`: the run learnt income and marital status (4,000 people), the new task is hours a week; R2 on 2,000
others. One network each (`folds=0, blend=off`) of width 64; on the few rows batches of 16, up to 60 epochs and a
patience of 20, lest the fit from nothing has too few steps; defaults otherwise. A seed draws the few rows and the network; the run
and the test rows are the same for all.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from reports import read_report, write_report

import torso

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data"))
KEPT = HERE / "results" / "going_on.json"
ALONE = {"folds": 0, "blend": "off", "dim": 64}
FEW = {
    "data.split.test": 0,
    "data.split.validation": 0.2,
    "training.batch_size": 16,
    "training.epochs": 60,
    "training.patience": 20,
}
"""Settings of a fit on few rows."""
WAYS = ("fresh", "all", "heads", "adapters")
SIZES = {"digits": (30, 100, 300), "adult": (100, 300)}
SEEDS = range(5)
PEOPLE = (
    *("age", "work", "weight", "education", "years", "marital", "occupation", "relation"),
    *("race", "sex", "gain", "loss", "hours", "country", "income"),
)
KNOWN = ("age", "work", "education", "occupation", "relation", "race", "sex", "gain", "country")


def main() -> None:
    """Measure both tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[*SIZES], choices=[*SIZES])
    parser.add_argument("--out", type=Path, default=KEPT)
    asked = parser.parse_args()
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "tables": {}})
    for name in asked.only:
        report["tables"][name] = digits() if name == "digits" else adult()
        write_report(asked.out, report)


def digits() -> dict[str, Any]:
    """Return the figures of pictures."""
    pixels, labels = (_idx("mnist", kind) for kind in ("images-idx3", "labels-idx1"))
    table = pd.DataFrame({"image": [_png(each) for each in pixels], "digit": labels.astype(str)})
    old, new = table[labels < 7], table[labels >= 7].rename(columns={"digit": "late"})
    settings = {
        **ALONE,
        "inputs.image": {"kind": "image", "size": 16},
        "encoders.image": {"type": "convnet", "width": 16, "stages": 2},
        "training.epochs": 10,
    }
    return measured("digits", (old[:2100], ["digit"], settings), new, "late")


def adult() -> dict[str, Any]:
    """Return the figures of a table of people."""
    table = pd.read_csv(
        DATA / "adult" / "adult-train.csv.gz", names=[*PEOPLE], skipinitialspace=True
    )
    source = table[:4000][[*KNOWN, "income", "marital"]]
    settings = {**ALONE, "training.epochs": 12}
    return measured(
        "adult", (source, ["income", "marital"], settings), table[4000:][[*KNOWN, "hours"]], "hours"
    )


def measured(
    name: str, source: tuple[pd.DataFrame, list[str], dict[str, Any]], rows: pd.DataFrame, task: str
) -> dict[str, Any]:
    """Return size -> way -> scores of the seeds, their mean and spread, and CPU seconds.

    Args:
        name: of the table.
        source: table, targets and settings of the run to start from.
        rows: of the new task; the first are drawn from, the last ones test.
        task: the new target.
    """
    kept = 600 if name == "digits" else 2000
    test, rest = rows[-kept:], rows[:-kept]
    result: dict[str, Any] = {}
    with TemporaryDirectory(prefix="torso-going-on-") as made:
        table, targets, settings = source
        run = torso.fit(table, targets, settings=settings, out=Path(made) / "run", progress=False)
        result["the run"] = {
            key: round(each.metrics[each.headline].value, 4) for key, each in run.reports.items()
        }
        for size in SIZES[name]:
            for way in WAYS:
                scores, seconds = [], process_time()
                for seed in SEEDS:
                    few = rest.sample(size, random_state=seed)
                    scores.append(_score(way, few, test, task, run, seed))
                took = (process_time() - seconds) / len(SEEDS)
                result.setdefault(str(size), {})[way] = _figures(scores, took)
                print(name, size, way, result[str(size)][way], flush=True)
    return result


def _score(
    way: str, few: pd.DataFrame, test: pd.DataFrame, task: str, run: Any, seed: int
) -> float:
    """Return the score of one fit on the test rows."""
    settings = {**ALONE, **FEW, "seed": seed}
    if way == "fresh":
        settings["encoders"] = run.config.encoders
        columns = run.config.inputs
        new = torso.fit(few, [task], inputs=columns, settings=settings, progress=False)
    else:
        settings["start.train"] = way
        new = torso.fit(few, [task], start_from=run, settings=settings, progress=False)
    report = new.evaluate(test, resamples=0)[task]
    return float(report.metrics[report.headline].value)


def _figures(scores: list[float], seconds: float) -> dict[str, Any]:
    return {
        "mean": round(statistics.mean(scores), 4),
        "spread": round(statistics.stdev(scores), 4),
        "scores": [round(score, 4) for score in scores],
        "cpu_seconds": round(seconds, 1),
    }


def _idx(folder: str, kind: str) -> np.ndarray:
    with gzip.open(DATA / folder / f"t10k-{kind}-ubyte.gz") as opened:
        content = opened.read()
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((16, 16)).save(stream, "PNG")
    return stream.getvalue()


if __name__ == "__main__":
    main()
