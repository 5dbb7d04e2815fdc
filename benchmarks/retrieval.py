"""Picture, text and voice of Talking Stamps found by each other, beside canonical correlations of plain features.

    OMP_NUM_THREADS=1 python benchmarks/retrieval.py --seeds 0 1 2      # about 8 minutes

Each seed draws its own split (whole stamps are held out) and its own weights. Torso learns one retrieval target, from
scratch; all recordings of a stamp are about the same thing. Asked are the test stamps, one row of each, drawn by the
seed, so that as many pictures, texts and voices are searched. The plain way, on the same training and validation rows:
main components of 12 x 12 pixels, of character n-grams and of statistics of the log-mel frames, then canonical
correlations between each two. Intervals of the first seed are 95 % bootstraps over stamps. What is done stays in
results/retrieval.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from features import plain_views
from race_pictures import pyplot
from sklearn.cross_decomposition import PLSSVD
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_training import circumstances

import torso
from torso.data import Reading, read_table, split_rows
from torso.data.inputs import Image
from torso.evaluation import TaskReport, evaluate_task, fit_baseline

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from talking_stamps import inputs, stamps  # noqa: E402

SENSES = ("image", "text", "audio")
TARGET = {"kind": "retrieval", "between": list(SENSES), "column": "id"}
SETTINGS = [
    "data.split.group=id",
    "encoders.text=ngrams",
    "training.epochs=24",
    "training.batch_size=256",
    "training.weight_decay=0.05",
]
COMPONENTS, CORRELATED = 96, 32


def vectors(run: torso.Predictor, rows: pd.DataFrame) -> np.ndarray:
    """Return `[rows, senses, width]`, zeros where a row lacks one."""
    answers = run.predict(rows)
    width = next(len(one) for one in answers["match_image"] if one is not None)
    empty = np.zeros(width)
    return np.stack(
        [[empty if one is None else one for one in answers[f"match_{sense}"]] for sense in SENSES],
        axis=1,
    )


def judged(found: np.ndarray, names: list[str], seed: int) -> TaskReport:
    truth = np.arange(len(found))
    return evaluate_task(
        "retrieval", found, truth, fit_baseline("retrieval", truth), names=names, seed=seed
    )


def correlated(
    table: pd.DataFrame,
    views: dict[str, np.ndarray],
    seen: np.ndarray,
    asked: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Return direction -> metric -> figures of canonical correlations."""
    texts = table["text"].fillna("").to_numpy(dtype=object)
    makers = {
        "image": (make_pipeline(StandardScaler(), _components(seed)), views["12x12 pixels"]),
        "text": (
            make_pipeline(
                TfidfVectorizer(
                    analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True
                ),
                TruncatedSVD(2 * COMPONENTS, random_state=seed),
                _components(seed),
            ),
            texts,
        ),
        "audio": (make_pipeline(StandardScaler(), _components(seed)), views["audio statistics"]),
    }
    small = {}
    for sense, (maker, view) in makers.items():
        maker.fit(view[seen])
        small[sense] = maker.transform(view[seen]), maker.transform(view[asked])
    out: dict[str, Any] = {}
    for one, other in combinations(SENSES, 2):
        both = PLSSVD(CORRELATED).fit(small[one][0], small[other][0])
        pair = np.stack(both.transform(small[one][1], small[other][1]), axis=1)
        pair /= np.linalg.norm(pair, axis=2, keepdims=True) + 1e-12
        report = judged(pair, [f"{one} → {other}", f"{other} → {one}"], seed)
        out |= _figures(report)
    return out


def _components(seed: int) -> PCA:
    """Return main components of equal spread, between which covariances are correlations."""
    return PCA(COMPONENTS, whiten=True, random_state=seed)


def _figures(report: TaskReport) -> dict[str, Any]:
    return {
        direction: {metric: one.to_dict() for metric, one in metrics.items()}
        for direction, metrics in report.by_name.items()
    }


def one_seed(
    seed: int, folder: Path, table: pd.DataFrame, views: dict[str, np.ndarray]
) -> tuple[dict[str, Any], Any]:
    """Return the figures of a seed, and what the picture needs."""
    given = {sense: spec for sense, spec in inputs(folder).items() if sense in SENSES}
    began = time.process_time()
    with tempfile.TemporaryDirectory() as out:
        run = torso.fit(
            table,
            {"match": TARGET},
            inputs=given,
            out=Path(out) / "run",
            settings=[*SETTINGS, f"seed={seed}"],
        )
    cpu_s = time.process_time() - began
    split = split_rows(read_table(table), test=0.2, validation=0.1, group="id", seed=seed)
    test = np.random.default_rng(seed).permutation(split.test)
    known = test[(table["text"].to_numpy()[test] != "")]
    asked = np.sort(known[np.unique(table["id"].to_numpy()[known], return_index=True)[1]])
    found = vectors(run, table.iloc[asked])
    report = judged(found, run.schema.targets["match"].names, seed)
    seen = np.concatenate([split.train, split.validation])
    block = {
        "seed": seed,
        "stamps asked": len(asked),
        "cpu_s": round(cpu_s),
        "best_epoch": run.metrics["training"]["best_epoch"],
        "chance": {metric: report.baseline[metric] for metric in report.metrics},
        "torso": _figures(report),
        "correlations": correlated(table, views, seen, asked, seed),
    }
    return block, (table.iloc[asked], found)


def means(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return way -> direction -> metric -> mean over the seeds."""
    return {
        way: {
            direction: {
                metric: statistics.fmean(run[way][direction][metric]["value"] for run in runs)
                for metric in metrics
            }
            for direction, metrics in runs[0][way].items()
        }
        for way in ("torso", "correlations")
    }


def draw(
    rows: pd.DataFrame, found: np.ndarray, folder: Path, file: Path, queries: int = 5, hits: int = 6
) -> None:
    """Draw texts that ask, the picture that belongs to each, and the nearest ones, the right one framed."""
    drawing = pyplot()
    if drawing is None:
        return
    column = read_table(rows).column("image")
    pictures = (
        Image(size=64)
        .source(column, Reading(root=[folder / "images.zip"]))
        .batch(np.arange(len(rows)))[0]
    )
    asks = np.random.default_rng(0).choice(len(rows), queries, replace=False)
    figure, axes = drawing.subplots(queries, hits + 1, figsize=(1.5 * (hits + 1), 1.75 * queries))
    for line, ask in zip(axes, asks, strict=True):
        near = found[:, SENSES.index("image")] @ found[ask, SENSES.index("text")]
        order = np.argsort(-near)
        rank = int(np.flatnonzero(order == ask)[0]) + 1
        for axis, place in zip(line, [ask, *order[:hits]], strict=True):
            axis.imshow(pictures[place])
            axis.set_xticks([])
            axis.set_yticks([])
            if place == ask:
                for side in axis.spines.values():
                    side.set(color="crimson", linewidth=3)
        line[0].set_title(f"{rows['text'].iloc[ask][:26]}\nfound at {rank}", fontsize=7)
    figure.suptitle("a text, its picture (left), and the pictures nearest to the text", fontsize=9)
    figure.tight_layout()
    figure.savefig(file, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "retrieval.json")
    options = parser.parse_args()
    folder = data_folder("talking_stamps")
    table = stamps(folder)
    views = plain_views(folder, table)
    report = json.loads(options.out.read_text()) if options.out.exists() else {"runs": []}
    report |= circumstances(Path(__file__)) | {"settings": SETTINGS, "target": TARGET}
    for seed in options.seeds:
        if seed in {run["seed"] for run in report["runs"]}:
            continue
        block, seen = one_seed(seed, folder, table, views)
        report["runs"].append(block)
        report["means"] = means(report["runs"])
        options.out.write_text(json.dumps(report, indent=1) + "\n")
        shown = {
            direction: round(one["recall_at_10"]["value"], 3)
            for direction, one in block["torso"].items()
        }
        print(seed, block["cpu_s"], "s", block["chance"]["recall_at_10"], shown, flush=True)
        if seed == options.seeds[0]:
            draw(*seen, folder, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
