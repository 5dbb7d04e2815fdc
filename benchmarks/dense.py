"""Two handwritten digits on a canvas: which pixels, where, and which digits; beside thresholds and components.

    OMP_NUM_THREADS=1 python benchmarks/dense.py --seeds 0 1 2      # seven minutes of a core for each run
    OMP_NUM_THREADS=1 python benchmarks/dense.py --seeds 0 --noise 0 --epochs 8 --balancing equal --out \
        benchmarks/results/dense_equal.json                         # what the plain sum does

Canvases of 64 x 64 pixels hold two MNIST digits at random places whose boxes overlap by at most a tenth of the
smaller, so that digits often touch. The mask names each pixel's digit (the brighter one, where both lie), from half
of full ink; the boxes are those of the ink. Training canvases are made of MNIST's training files, test canvases of
its test files; every seed draws its own.

* Torso: one model from scratch with both targets, `mask/decoder` and `boxes/set`, above one pyramid. The loss of a mask
  is far smaller than that of boxes, so the plain sum hardly teaches the pyramid about pixels: `gls` multiplies them.
* Components: pixels from half of full ink, connected areas (8 neighbours) of at least 20 of them; a logistic
  regression on each crop, brought to 20 x 20, which learnt the true crops of the same training canvases.

On clean canvases the threshold is the very definition of ink, so the shapes of the second are perfect and only its
areas and names can be wrong. `noisy` adds Gaussian noise of `--noise` of full ink to what both see, in training and test.

Metrics are those of `torso evaluate`, over the same test canvases, with 95 % bootstrap intervals over canvases; `digits`
is the mean IoU without the background. Writes results/dense.json and results/dense.png.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from picture_style import WIDTH, pyplot, save
from PIL import Image
from reports import write_report
from scipy import ndimage
from sklearn.linear_model import LogisticRegression

import torso
from torso.tasks import Scores, TaskReport, evaluate_task, fit_baseline
from torso.training import Epoch, Listener

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "examples"), str(HERE / "published")]
from _data import data_folder  # noqa: E402
from multi_mnist_data import _read  # noqa: E402

SIDE, DIGIT, INK = 64, 28, 128
CLASSES = ["background", *map(str, range(10))]
TARGETS = {
    "area": {"kind": "mask", "classes": CLASSES},
    "digits": {"kind": "boxes", "picture": [SIDE, SIDE]},
}
SETTINGS = [
    "encoders.photo={type: pyramid, width: 32, stages: 3}",
    "heads.area.width=16",
    "training.lr=0.002",
    "training.batch_size=16",
    "data.cache=null",
]


class Told(Listener):
    """Prints a line per epoch."""

    def epoch_done(self, epoch: Epoch) -> None:
        print(f"{epoch.seconds:.0f} s", dict(epoch.validation), flush=True)


class Canvases:
    """Canvases uint8 `[rows, 64, 64]`, masks likewise (0, or digit + 1), and boxes `[rows, 2, 5]` in pixels."""

    def __init__(self, split: str, rows: int, seed: int, noise: float) -> None:
        digits, labels = _read(data_folder("mnist"), split)
        rng = np.random.default_rng((seed, split == "train"))
        self.pictures = np.zeros((rows, SIDE, SIDE), np.uint8)
        self.masks = np.zeros_like(self.pictures)
        self.boxes = np.zeros((rows, 2, 5), np.int64)
        for row in range(rows):
            chosen = rng.choice(len(digits), 2, replace=False)
            self._draw(row, digits[chosen], labels[chosen], rng)
        seen = self.pictures + 255 * noise * rng.normal(size=self.pictures.shape)
        self.pictures = np.clip(np.rint(seen), 0, 255).astype(np.uint8)

    def _draw(self, row: int, digits: np.ndarray, labels: np.ndarray, rng) -> None:
        while True:
            corners = rng.integers(0, SIDE - DIGIT + 1, (2, 2))
            layers = np.zeros((2, SIDE, SIDE), np.uint8)
            for layer, (top, left), digit in zip(layers, corners, digits, strict=True):
                layer[top : top + DIGIT, left : left + DIGIT] = digit
            boxes = np.array([box_of(layer >= INK) for layer in layers])
            sides = np.minimum(*boxes[:, 2:]) - np.maximum(*boxes[:, :2])
            smaller = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).min()
            if np.prod(np.maximum(sides, 0)) <= 0.1 * smaller:
                break
        self.pictures[row] = layers.max(axis=0)
        brighter = layers.argmax(axis=0)
        self.masks[row] = np.where(self.pictures[row] >= INK, labels[brighter] + 1, 0)
        self.boxes[row] = np.concatenate([boxes, labels[:, None]], axis=1)

    def table(self) -> pd.DataFrame:
        """Return a table of pictures, masks and boxes."""
        return pd.DataFrame(
            {
                "photo": [png(one) for one in self.pictures],
                "area": [png(one) for one in self.masks],
                "digits": [json.dumps(one) for one in self.boxes.tolist()],
            }
        )

    def truth(self) -> dict[str, np.ndarray]:
        """Return the truths in the form in which they are evaluated."""
        corners = self.boxes[..., :4] / SIDE
        return {
            "area": self.masks.astype(np.int64),
            "digits": np.concatenate([corners, self.boxes[..., 4:]], axis=2),
        }


def png(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the pixels that are True."""
    down, across = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return across[0], down[0], across[-1] + 1, down[-1] + 1


def crop(picture: np.ndarray, box) -> np.ndarray:
    left, top, right, bottom = box
    cut = Image.fromarray(picture[top:bottom, left:right])
    return np.asarray(cut.resize((20, 20), Image.Resampling.BILINEAR)).ravel() / 255


class Components:
    """Thresholds, components, and a logistic regression on crops."""

    def __init__(self, training: Canvases) -> None:
        crops = [
            crop(picture, box[:4])
            for picture, boxes in zip(training.pictures, training.boxes, strict=True)
            for box in boxes
        ]
        self.names = LogisticRegression(C=0.1, max_iter=300).fit(
            crops, training.boxes[..., 4].ravel()
        )

    def predict(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """Return masks and boxes in the form in which they are evaluated."""
        masks, rows = np.zeros(pictures.shape, np.int64), []
        for picture, mask in zip(pictures, masks, strict=True):
            areas, _ = ndimage.label(picture >= INK, np.ones((3, 3)))
            found = []
            for number in np.flatnonzero(np.bincount(areas.ravel())[1:] >= 20) + 1:
                box = box_of(areas == number)
                (sure,) = self.names.predict_proba([crop(picture, box)])
                mask[areas == number] = sure.argmax() + 1
                found.append([*(side / SIDE for side in box), sure.argmax(), sure.max()])
            rows.append(found)
        boxes = np.full((len(rows), max(map(len, rows)), 6), np.nan)
        for row, found in enumerate(rows):
            boxes[row, : len(found)] = np.reshape(found, (-1, 6))
        return {"area": masks, "digits": boxes}


def figures(reports: dict[str, TaskReport]) -> dict[str, dict]:
    """Return the metrics with their intervals, and those of the baseline that sees no picture."""
    out = {}
    for task, report in reports.items():
        out[task] = {name: one.to_dict() for name, one in report.metrics.items()}
        out[task]["blind"] = dict(report.baseline)
    each = reports["area"].by_name
    out["area"]["digits"] = float(np.mean([each[name]["iou"].value for name in CLASSES[1:]]))
    return out


def one_seed(options, seed: int, noise: float) -> tuple[dict, tuple]:
    """Return the figures of one seed, and what a picture of it shows."""
    training = Canvases("train", options.rows, seed, noise)
    test = Canvases("t10k", options.test, seed, noise)
    began = time.perf_counter()
    run = torso.fit(
        training.table(),
        TARGETS,
        inputs={"photo": "image"},
        settings=[
            *SETTINGS,
            f"balancing={options.balancing}",
            f"seed={seed}",
            f"training.epochs={options.epochs}",
            "data.split.test=0.02",
        ],
        listener=Told(),
    )
    seconds = time.perf_counter() - began
    table = test.table()
    ours = run.evaluate(table)
    simple = Components(training)
    truth, learnt = test.truth(), training.truth()
    answers = simple.predict(test.pictures)
    theirs = {
        task: evaluate_task(
            spec["kind"],
            answers[task],
            truth[task],
            fit_baseline(spec["kind"], learnt[task]),
            names=CLASSES if task == "area" else CLASSES[1:],
        )
        for task, spec in TARGETS.items()
    }
    few = run.predict(table.head(6))
    report = {
        "seed": seed,
        "noise": noise,
        "seconds": seconds,
        "parameters": sum(one.numel() for one in run.model.parameters()),
        "epochs": run.metrics["training"].get("epochs"),
        "torso": figures(ours),
        "components": figures(theirs),
    }
    return report, (test, few, {task: one[:6] for task, one in answers.items()})


def draw(shown: tuple, path: Path) -> None:
    """Draw four canvases: what both see, the truth, and both answers."""
    drawing = pyplot()
    if drawing is None:
        return
    test, few, answers = shown
    figure, axes = drawing.subplots(4, 4, figsize=(WIDTH, WIDTH), layout="constrained")
    colours = drawing.get_cmap("tab10")

    def show(axis, mask, boxes) -> None:
        paint = np.where(mask[..., None] > 0, colours((mask.astype(int) - 1) % 10)[..., :3], 0.08)
        axis.imshow(paint)
        for (left, top, right, bottom), name in boxes:
            at = (left - 0.5, top - 0.5)
            colour = colours(int(name))
            axis.add_patch(drawing.Rectangle(at, right - left, bottom - top, fill=False, ec=colour))
            axis.text(left, max(3, top - 1), str(name), color="white")

    for row in range(4):
        axes[0, row].imshow(test.pictures[row], cmap="gray")
        show(axes[1, row], test.masks[row], [(one[:4], one[4]) for one in test.boxes[row]])
        mask = np.asarray(Image.open(io.BytesIO(few["area"][row])))
        found = [([b["x0"], b["y0"], b["x1"], b["y1"]], b["class"]) for b in few["digits"][row]]
        show(axes[2, row], mask, found)
        sure = [one for one in answers["digits"][row] if one[5] >= 0.5]
        show(axes[3, row], answers["area"][row], [(one[:4] * SIDE, int(one[4])) for one in sure])
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    for name, axis in zip(("canvas", "truth", "torso", "components"), axes[:, 0], strict=True):
        axis.set_ylabel(name)
    save(figure, path)


def means(runs: list[dict]) -> dict:
    """Return noise -> who -> metric -> mean and standard deviation over seeds."""
    out: dict = {}
    for noise in sorted({run["noise"] for run in runs}):
        some = [run for run in runs if run["noise"] == noise]
        out[str(noise)] = {
            who: {
                name: [float(np.mean(values)), float(np.std(values))]
                for name, values in {
                    "mean_iou": [run[who]["area"]["mean_iou"]["value"] for run in some],
                    "mean_iou_of_digits": [run[who]["area"]["digits"] for run in some],
                    "average_precision": [
                        run[who]["digits"]["average_precision"]["value"] for run in some
                    ],
                    "count_error": [run[who]["digits"]["count_error"]["value"] for run in some],
                }.items()
            }
            for who in ("torso", "components")
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--balancing", default="gls")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.3])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "dense.json")
    options = parser.parse_args()
    report = {
        "command": f"python benchmarks/dense.py --seeds {' '.join(map(str, options.seeds))} --rows {options.rows} "
        f"--test {options.test} --epochs {options.epochs} --noise {' '.join(map(str, options.noise))} --balancing {options.balancing}",
        "machine": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {platform.machine()}, "
        f"Python {platform.python_version()}",
        "torch": torch.__version__,
        "settings": SETTINGS,
        "metrics": {
            task: Scores.registry.find(spec["kind"]).headline for task, spec in TARGETS.items()
        },
        "runs": [],
    }
    if options.out.exists():
        before = json.loads(options.out.read_text())
        if {**before, "runs": []} | {"means": None} == {**report, "means": None}:
            report["runs"] = before["runs"]  # goes on where it was interrupted
    done = {(run["seed"], run["noise"]) for run in report["runs"]}
    for seed in options.seeds:
        for noise in options.noise:
            if (seed, noise) in done:
                continue
            run, shown = one_seed(options, seed, noise)
            report["runs"].append(run)
            report["means"] = means(report["runs"])
            write_report(options.out, report)
            if seed == options.seeds[0] and noise == options.noise[-1]:
                draw(shown, options.out.with_suffix(".png"))
            print(seed, noise, round(run["seconds"]), json.dumps(report["means"]), flush=True)


if __name__ == "__main__":
    main()
