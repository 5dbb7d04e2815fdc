"""A digit that moves over a canvas while a voice says it: what is written, which way it goes, who speaks.

    OMP_NUM_THREADS=1 python benchmarks/moving_digits.py --seeds 0 1      # about 6 minutes of one core a seed
    python benchmarks/moving_digits.py --draw                             # the picture again

Rows are clips of ten frames, MPEG-4 in MP4, each with a recording of FSDD that says the same digit. Training rows are
drawn from the takes 5 to 49 and from MNIST's training files; test rows are all 300 recordings of the takes 0 to 4,
twice, over digits of MNIST's test files. Each seed draws its own clips, pairs and weights.

* video: one model of `torso.fit` on clip and voice with three answers, all parts at their defaults.
* without motion: the same, but no frame is shown beside its change.
* mean frame: the same model on the mean of the frames as a picture, and the voice.
* by hand: the way between the centroids of bright pixels in the first and the last two frames; a logistic regression on
  a crop around the centroid of a frame; one on mean, spread and extremes of the log-mel bands. None sees the other sense.

Intervals of the first seed are 95 % bootstraps over test rows. Writes results/moving_digits.json and .png.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from moving_digits_data import DIRECTIONS, SIDE, Clip, data_folder, encoded, moving_digits
from picture_style import WIDTH, pyplot, save
from PIL import Image
from reports import read_report, write_report
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_training import circumstances

import torso
from torso.columns.media.audio import AudioSettings, decode_audio

HERE = Path(__file__).resolve().parent
TASKS = ("digit", "direction", "speaker")
TARGETS = dict.fromkeys(TASKS, "category")
SETTINGS = ["data.cache=null", "data.split.test=0.02"]
CLIP = {"clip": {"kind": "video", "size": 32}, "voice": "audio"}
WAYS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "video": (CLIP, []),
    "without motion": (CLIP, ["encoders.clip.motion=false"]),
    "mean frame": ({"still": {"kind": "image", "size": 32}, "voice": "audio"}, []),
}
"""Inputs and settings of each model."""
SHOWN = 4
"""Clips in the picture."""
CROP = 14
"""Pixels on each side of a centroid."""


def voices(test: bool) -> list[dict[str, Any]]:
    """Return the recordings of one side: content, digit, speaker."""
    found = []
    with zipfile.ZipFile(data_folder("fsdd") / "recordings.zip") as archive:
        for name in sorted(one for one in archive.namelist() if one.endswith(".wav")):
            digit, speaker, take = Path(name).stem.split("_")
            if (int(take) < 5) is test:
                found.append({"voice": archive.read(name), "digit": int(digit), "speaker": speaker})
    return found


def rows(number: int, *, test: bool, seed: int) -> tuple[pd.DataFrame, list[Clip]]:
    """Return a table of clips, their mean frames and voices, with the three answers, and the clips."""
    heard = voices(test)
    rng = np.random.default_rng((seed, test, 1))
    chosen = [heard[place] for place in np.resize(rng.permutation(len(heard)), number)]
    clips = moving_digits([[one["digit"]] for one in chosen], train=not test, seed=seed)
    table = pd.DataFrame(chosen)
    table["clip"] = [encoded(clip.frames) for clip in clips]
    table["still"] = [png(clip.frames.mean(axis=0)) for clip in clips]
    table["direction"] = [DIRECTIONS[clip.directions[0]] for clip in clips]
    table["digit"] = table["digit"].astype(str)
    return table, clips


def png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture.round().astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def centroid(frames: np.ndarray) -> np.ndarray:
    """Return the mean place of bright pixels, down and right."""
    bright = (frames >= 128).sum(axis=0)
    return np.array([np.average(np.arange(SIDE), weights=bright.sum(axis=a)) for a in (1, 0)])


def way(clip: Clip) -> str:
    """Return the direction of the line between the centroids at both ends."""
    down, right = centroid(clip.frames[-2:]) - centroid(clip.frames[:2])
    return DIRECTIONS[round(np.arctan2(-down, right) / (np.pi / 4)) % len(DIRECTIONS)]


def crop(clip: Clip) -> np.ndarray:
    """Return the pixels around the digit in the frame in the middle."""
    frame = np.pad(clip.frames[len(clip.frames) // 2], CROP)
    top, left = centroid(clip.frames[len(clip.frames) // 2][None]).round().astype(int)
    return frame[top : top + 2 * CROP, left : left + 2 * CROP].ravel() / 255


def bands(voice: bytes) -> np.ndarray:
    """Return mean, spread, most and least of every mel band."""
    seen = decode_audio(voice, AudioSettings()).astype(np.float32)
    return np.concatenate([seen.mean(0), seen.std(0), seen.max(0), seen.min(0)])


def by_hand(
    train: tuple[pd.DataFrame, list[Clip]], test: tuple[pd.DataFrame, list[Clip]]
) -> dict[str, float]:
    """Return task -> accuracy of what one would write without a network."""
    (seen, known), (asked, unknown) = train, test
    written = LogisticRegression(C=0.1, max_iter=300)
    written.fit([crop(clip) for clip in known], seen["digit"])
    spoken = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    spoken.fit([bands(voice) for voice in seen["voice"]], seen["speaker"])
    answers = {
        "digit": written.predict([crop(clip) for clip in unknown]),
        "direction": np.array([way(clip) for clip in unknown]),
        "speaker": spoken.predict([bands(voice) for voice in asked["voice"]]),
    }
    return {task: float(np.mean(answer == asked[task])) for task, answer in answers.items()}


def one_seed(seed: int, options: argparse.Namespace) -> tuple[dict[str, Any], tuple[Any, Any]]:
    """Return the figures of a seed, and what the picture shows."""
    train = rows(options.rows, test=False, seed=seed)
    test = rows(options.test, test=True, seed=seed)
    block: dict[str, Any] = {"seed": seed, "by hand": by_hand(train, test)}
    shown = None
    for name, (inputs, own) in WAYS.items():
        settings = [*SETTINGS, *own, f"seed={seed}", f"training.epochs={options.epochs}"]
        began = time.process_time()
        run = torso.fit(train[0], TARGETS, inputs=inputs, settings=settings)
        reports = run.evaluate(test[0])
        block[name] = {task: reports[task].metrics["accuracy"].to_dict() for task in TASKS}
        block[name]["cpu_s"] = round(time.process_time() - began)
        block[name]["parameters"] = sum(one.numel() for one in run.model.parameters())
        block["blind"] = {task: reports[task].baseline["accuracy"] for task in TASKS}
        print(seed, name, block[name], flush=True)
        shown = shown or (test[1][:SHOWN], run.predict(test[0].head(SHOWN)))
    return block, shown


def means(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return way -> task -> mean accuracy over the seeds."""
    plain = {
        name: {task: statistics.fmean(run[name][task] for run in runs) for task in TASKS}
        for name in ("by hand", "blind")
    }
    return plain | {
        name: {task: statistics.fmean(run[name][task]["value"] for run in runs) for task in TASKS}
        for name in WAYS
    }


def draw(clips: list[Clip], answers: list[dict[str, str]], file: Path) -> None:
    """Draw some test clips, frame by frame, and what the model of videos says of them."""
    drawing = pyplot()
    if drawing is None:
        return
    frames = len(clips[0].frames)
    figure, axes = drawing.subplots(len(clips), frames, figsize=(WIDTH, 1.15 * len(clips)))
    for line, clip, answer in zip(axes, clips, answers, strict=True):
        for axis, frame in zip(line, clip.frames, strict=True):
            axis.imshow(frame, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set_axis_off()
        said = ", ".join(f"{task} {answer[task]}" for task in TASKS)
        true = f"{clip.digits[0]}, {DIRECTIONS[clip.directions[0]]}"
        line[0].set_title(f"{said}   (truth: {true})", loc="left")
    figure.subplots_adjust(0.005, 0.01, 0.995, 0.94, wspace=0.05, hspace=0.3)
    save(figure, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--test", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "moving_digits.json")
    parser.add_argument("--draw", action="store_true", help="no runs: draw what is there")
    options = parser.parse_args()
    report = read_report(options.out, {"runs": []})
    if options.draw:
        clips = rows(report["test"], test=True, seed=report["runs"][0]["seed"])[1][:SHOWN]
        draw(clips, report["shown"], options.out.with_suffix(".png"))
        return
    report |= circumstances(Path(__file__))
    report |= {"settings": SETTINGS, "ways": WAYS, "rows": options.rows, "test": options.test}
    report |= {"epochs": options.epochs}
    for seed in options.seeds:
        if seed in {run["seed"] for run in report["runs"]}:
            continue
        block, shown = one_seed(seed, options)
        report["runs"].append(block)
        report["means"] = means(report["runs"])
        write_report(options.out, report)
        print(seed, json.dumps(report["means"]), flush=True)
        if seed == options.seeds[0]:
            clips, answers = shown
            report["shown"] = answers[[*TASKS]].astype(str).to_dict("records")
            write_report(options.out, report)
            draw(clips, report["shown"], options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
