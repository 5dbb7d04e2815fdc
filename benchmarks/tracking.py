"""Two handwritten digits that cross on their way: which digits, where in each frame, and who is who afterwards.

    OMP_NUM_THREADS=1 python benchmarks/tracking.py
    python benchmarks/tracking.py --seeds 0 --rows 200 --test 50 --epochs 2 --out trial.json  # a trial of some minutes
    python benchmarks/tracking.py --draw                     # the picture again

Clips are those of `moving_digits_data.py` with two digits whose boxes overlap by 0.1 (intersection over union) or more
in some frame, and by at most 0.05 in the first and in the last. Everybody sees every other one of their ten frames.

* Torso: one model from scratch, `tracks/set` above `video/frames` with a pyramid of each frame, at 48 x 48 pixels.
* Linked components: pixels from half of full ink at the full 64 x 64, connected areas (8 neighbours) of at least 20 of
  them; areas of one frame and tracks so far are matched so that the sum of the distances of centroids is least, none
  above a quarter of the side; a track that finds none waits for two frames. The class is the one with the highest mean
  probability over the frames, by a logistic regression on crops of 20 x 20 that learnt the true crops of the same
  training clips.

The settings were chosen on the clips of seed 0; a seed draws the clips, the split and the weights. Metrics are those of
`torso evaluate`, over the same test clips, with 95 % bootstrap intervals over clips; `means` has 95 % t-intervals over
the seeds, and of paired differences. Writes each seed to results/tracking.json as it is done, and
results/tracking.png of the first.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from moving_digits_data import INK, SIDE, Clip, encoded, moving_digits
from picture_style import COLOURS, WIDTH, pyplot, save
from PIL import Image
from reports import read_report, write_report
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from sklearn.linear_model import LogisticRegression
from small_training import circumstances, interval

import torso
from torso.columns.media.videos import decode_video, spread
from torso.tasks import TaskReport, evaluate_task, fit_baseline
from torso.training import Epoch, Listener

HERE = Path(__file__).resolve().parent
FRAMES = 5
NAMES = [*map(str, range(10))]
SHOWN = 2
"""Clips in the picture."""
TRACKS = ((COLOURS[5], "-"), (COLOURS[4], "--"))
TORSO, LINKED = "torso", "linked components"
TARGETS = {"digits": {"kind": "tracks", "picture": [SIDE, SIDE]}}
INPUTS = {"clip": {"kind": "video", "size": 48, "frames": FRAMES}}
SETTINGS = {
    "encoders.clip.frame": {"type": "pyramid", "stride": 8, "width": 16, "stages": 2},
    "encoders.clip.depth": 1,
    "dim": 64,
    "training.lr": 0.0015,
    "training.batch_size": 16,
    "data.split.test": 0.02,
    "data.split.validation": 0.05,
}


class Told(Listener):
    """Prints a line per epoch."""

    def epoch_done(self, epoch: Epoch) -> None:
        print(f"{epoch.seconds:.0f} s", dict(epoch.validation), flush=True)


@dataclass(frozen=True)
class Crossings:
    """Clips, as video files, as everybody sees them, and what is true of them.

    Attributes:
        videos: contents of the files.
        frames: uint8 `[rows, frames, height, width]`, decoded from them.
        truth: `[rows, 2, frames, 5]`, corners as shares of the picture and the digit.
    """

    videos: list[bytes]
    frames: np.ndarray
    truth: np.ndarray

    @classmethod
    def drawn(cls, rows: int, *, train: bool, seed: int) -> Crossings:
        """Return `rows` clips in which two digits cross."""
        rng = np.random.default_rng((seed, train))
        kept: list[Clip] = []
        while len(kept) < rows:
            pairs = rng.integers(10, size=(500, 2)).tolist()
            clips = moving_digits(pairs, train=train, seed=int(rng.integers(2**31)))
            kept += [clip for clip in clips if cross(clip)]
        kept = kept[:rows]
        videos = [encoded(clip.frames) for clip in kept]
        seen = spread(len(kept[0].frames), FRAMES)
        boxes = np.stack([clip.boxes[seen] for clip in kept]).transpose(0, 2, 1, 3) / SIDE
        digits = np.stack([clip.digits for clip in kept])[:, :, None, None]
        truth = np.concatenate([boxes, np.broadcast_to(digits, (*boxes.shape[:3], 1))], axis=3)
        frames = np.stack([decode_video(one, SIDE, FRAMES)[..., 0] for one in videos])
        return cls(videos, frames, truth)

    def table(self) -> pd.DataFrame:
        """Return a table of videos and tracks, in pixels."""
        cells = [
            [
                [frame, *(box[:4] * SIDE).round().astype(int).tolist(), int(box[4]), track]
                for track, boxes in enumerate(tracks)
                for frame, box in enumerate(boxes)
            ]
            for tracks in self.truth
        ]
        return pd.DataFrame({"clip": self.videos, "digits": [json.dumps(one) for one in cells]})


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes `[..., 4]`."""
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    shared = sides.clip(min=0).prod(axis=-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (one, other)]
    return shared / (sum(areas) - shared)


def cross(clip: Clip) -> bool:
    """Return whether two digits meet on their way, and neither begin nor end together."""
    overlaps = overlap(clip.boxes[:, 0], clip.boxes[:, 1])
    return bool(overlaps.max() >= 0.1 and max(overlaps[0], overlaps[-1]) <= 0.05)


class Linker:
    """Thresholds, components, nearest centroids, and a logistic regression on crops."""

    reach, patience, least = SIDE / 4, 2, 20

    def __init__(self, training: Crossings) -> None:
        row, _, frame = np.indices(training.truth.shape[:3]).reshape(3, -1)
        boxes = training.truth.reshape(-1, 5)
        crops = [
            crop(training.frames[r, f], (box[:4] * SIDE).round().astype(int))
            for r, f, box in zip(row, frame, boxes, strict=True)
        ]
        self.names = LogisticRegression(C=0.1, tol=1e-3, max_iter=1000).fit(
            crops, boxes[:, 4].astype(int)
        )

    def predict(self, clips: np.ndarray) -> np.ndarray:
        """Return tracks in the form in which they are evaluated, `[rows, tracks, frames, 8]`."""
        answers = [self._tracks(frames) for frames in clips]
        out = np.full((len(answers), max(map(len, answers)), clips.shape[1], 8), np.nan)
        for row, tracks in enumerate(answers):
            out[row, : len(tracks)] = tracks
        return out

    def _tracks(self, frames: np.ndarray) -> np.ndarray:
        tracks: list[dict[int, tuple[np.ndarray, np.ndarray]]] = []
        for number, frame in enumerate(frames):
            found = self._areas(frame)
            alive = [one for one in tracks if number - max(one) <= self.patience + 1]
            far = np.array([[np.hypot(*(t[max(t)][0] - c)) for c, _ in found] for t in alive])
            far = far.reshape(len(alive), len(found))
            rows, columns = linear_sum_assignment(np.minimum(far, 10 * self.reach))
            near = {c: r for r, c in zip(rows, columns, strict=True) if far[r, c] <= self.reach}
            for place, area in enumerate(found):
                if place in near:
                    alive[near[place]][number] = area
                else:
                    tracks.append({number: area})
        return np.stack(
            [self._answer(frames, one) for one in tracks] or [np.zeros((0, len(frames), 8))]
        )

    def _areas(self, frame: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return centroid and box, in pixels, of each area."""
        areas, _ = ndimage.label(frame >= INK, np.ones((3, 3)))
        out = []
        for number in np.flatnonzero(np.bincount(areas.ravel())[1:] >= self.least) + 1:
            down, across = np.nonzero(areas == number)
            box = np.array([across.min(), down.min(), across.max() + 1, down.max() + 1])
            out.append((np.array([across.mean(), down.mean()]), box))
        return out

    def _answer(self, frames: np.ndarray, track: dict) -> np.ndarray:
        crops = [crop(frames[number], box) for number, (_, box) in track.items()]
        sure = self.names.predict_proba(crops).mean(axis=0)
        out = np.zeros((len(frames), 8))
        out[:, 4:7] = sure.argmax(), sure.max(), 1.0
        for number, (_, box) in track.items():
            out[number, :4], out[number, 7] = box / SIDE, 1.0
        return out


def crop(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    left, top, right, bottom = box
    cut = Image.fromarray(picture[top:bottom, left:right])
    return np.asarray(cut.resize((20, 20), Image.Resampling.BILINEAR)).ravel() / 255


def figures(report: TaskReport) -> dict:
    """Return the metrics with their intervals, and those of the baseline that sees no video."""
    return {name: one.to_dict() for name, one in report.metrics.items()} | {
        "blind": {name: None if np.isnan(one) else one for name, one in report.baseline.items()}
    }


def boxes_of(tracks: np.ndarray) -> list[dict]:
    """Return the sure boxes of one clip's tracks as `torso predict` writes them."""
    sure = [one for one in tracks if one[0, 6] >= 0.5]
    return [
        {"frame": frame, "track": track, "class": int(box[4])}
        | dict(zip(("x0", "y0", "x1", "y1"), box[:4] * SIDE, strict=True))
        for track, boxes in enumerate(sure)
        for frame, box in enumerate(boxes)
        if box[7] >= 0.5
    ]


def draw(test: Crossings, shown: dict[str, list[list[dict]]], path: Path) -> None:
    """Draw some clips, a line for the truth and each who answers; a track has its colour and its dashes."""
    drawing = pyplot()
    if drawing is None:
        return
    clips = len(shown["torso"])
    whole = np.concatenate(
        [test.truth[:clips], np.ones((*test.truth[:clips].shape[:3], 3))], axis=3
    )
    answers = {"truth": [boxes_of(tracks) for tracks in whole], **shown}
    lines = [(clip, who) for clip in range(clips) for who in answers]
    figure, axes = drawing.subplots(
        len(lines), FRAMES, figsize=(WIDTH, 1.7 * len(lines) + 0.3), layout="constrained"
    )
    for own, (clip, who) in zip(axes, lines, strict=True):
        own[0].set_ylabel(who)
        for axis, frame in zip(own, test.frames[clip], strict=True):
            axis.imshow(frame, cmap="gray")
            axis.set_xticks([])
            axis.set_yticks([])
        for box in answers[who][clip]:
            colour, dashes = TRACKS[box["track"] % len(TRACKS)]
            axis = own[box["frame"]]
            at, sides = (box["x0"], box["y0"]), (box["x1"] - box["x0"], box["y1"] - box["y0"])
            axis.add_patch(drawing.Rectangle(at, *sides, fill=False, ec=colour, ls=dashes, lw=1.5))
            right = box["track"] % 2  # labels of two boxes that meet keep apart
            axis.text(
                box["x1"] if right else box["x0"],
                max(7, at[1] - 1),
                box["class"],
                color=colour,
                ha="left" if right else "right",
            )
    figure.suptitle("a box is an answer in one frame, its colour and dashes the track")
    save(figure, path)


def one_seed(options: argparse.Namespace, seed: int) -> dict:
    """Return what one seed came to; draw the first."""
    training = Crossings.drawn(options.rows, train=True, seed=seed)
    test = Crossings.drawn(options.test, train=False, seed=seed)
    simple = Linker(training).predict(test.frames)
    learnt = fit_baseline("tracks", training.truth)
    theirs = evaluate_task("tracks", simple, test.truth, learnt, names=NAMES)
    began, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as cache:
        run = torso.fit(
            training.table(),
            TARGETS,
            inputs=INPUTS,
            settings={
                **SETTINGS,
                "seed": seed,
                "training.epochs": options.epochs,
                "data.cache": cache,
            },
            listener=Told(),
        )
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        table = test.table()
        ours = run.evaluate(table)["digits"]
        few = run.predict(table.head(SHOWN))["digits"]
    shown = {
        "torso": [list(clip) for clip in few],
        "linked": [boxes_of(tracks) for tracks in simple[:SHOWN]],
    }
    if seed == options.seeds[0]:
        draw(test, shown, options.out.with_suffix(".png"))
    return {
        **({"shown": shown} if seed == options.seeds[0] else {}),
        "seed": seed,
        "parameters": sum(one.numel() for one in run.model.parameters()),
        "seconds": round(seconds),
        "cpu_seconds": round(cpu),
        "training": run.metrics["training"],
        TORSO: figures(ours),
        LINKED: figures(theirs),
    }


def means(runs: list[dict]) -> dict:
    """Return who -> metric -> interval over the seeds; `torso over linked components` of paired differences."""
    metrics = [name for name in runs[0][TORSO] if name != "blind"]

    def values(who: str, metric: str) -> list[float]:
        return [run[who][metric]["value"] for run in runs]

    out = {who: {one: interval(values(who, one)) for one in metrics} for who in (TORSO, LINKED)}
    out[f"{TORSO} over {LINKED}"] = {
        one: interval([*np.subtract(values(TORSO, one), values(LINKED, one))]) for one in metrics
    }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--rows", type=int, default=1600)
    parser.add_argument("--test", type=int, default=250)
    parser.add_argument("--epochs", type=int, default=11)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "tracking.json")
    parser.add_argument("--draw", action="store_true", help="no runs: draw what is there")
    options = parser.parse_args()
    if options.draw:
        report = read_report(options.out)
        test = Crossings.drawn(report["test"], train=False, seed=report["runs"][0]["seed"])
        draw(test, report["runs"][0]["shown"], options.out.with_suffix(".png"))
        return
    plan = {"rows": options.rows, "test": options.test, "epochs": options.epochs}
    report = read_report(options.out)
    if any(report.get(key) != value for key, value in {**plan, "settings": SETTINGS}.items()):
        report = {}
    report = {
        **circumstances(Path(__file__)),
        **plan,
        "settings": SETTINGS,
        "runs": report.get("runs", []),
    }
    done = {run["seed"] for run in report["runs"]}
    for seed in options.seeds:
        if seed not in done:
            report["runs"].append(one_seed(options, seed))
            report["means"] = means(report["runs"])
            write_report(options.out, report)
            print(seed, json.dumps(report["means"]), flush=True)


if __name__ == "__main__":
    main()
