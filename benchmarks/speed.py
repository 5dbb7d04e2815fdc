"""How fast: start-up, decoding, training, prediction; beside Ludwig on the same table in the same run.

    python benchmarks/speed.py                                   # Torso alone
    python benchmarks/speed.py --ludwig ../ludwig-env/bin/python  # both sides, one after the other

The table is the demo's: handwritten digits as 32 x 32 PNG, keypad tones as WAV, typed notes, two numbers, one
category; three targets. Torso reads the tones besides, Ludwig does not. Both models have about 95,000
parameters. See rivals/README.md for Ludwig's environment. Writes results/speed.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import PIL.Image
import soundfile
import torch
from reports import write_report

import torso
from torso.app.demo.digits import INPUTS, TARGETS, make
from torso.columns import decoding as data_decoding
from torso.columns.inputs import AudioInput, ImageInput
from torso.columns.loader import Loader
from torso.columns.reading import Reading, ReadOptions
from torso.tables import read_table
from torso.tables.table import Column, Table
from torso.training import Listener, answer

HERE = Path(__file__).resolve().parent
SETTINGS = [
    "inputs.image.size=32",
    "dim=32",
    "encoders.image={type: convnet, width: 8, jitter: 0}",  # no augmentation, as with Ludwig
    "encoders.audio={type: convnet, width: 16, stages: 2, hide: 0}",
    "inputs.note=text",
    "encoders.note=transformer",
    "encoders.numbers={type: piecewise, width: 8}",
    "training.patience=100",
]


class Clock(Listener):
    """Notes when training starts, in wall and CPU seconds."""

    def started(self, epochs: int, batches: int) -> None:  # noqa: ARG002
        self.wall, self.cpu = time.perf_counter(), time.process_time()


def start_up(runs: int = 7) -> dict[str, float]:
    """CPU seconds of `torso --help` and of `import torso`, median of several processes."""

    def cpu(command: list[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    commands = {
        "help_cpu_s": [sys.executable, "-m", "torso", "--help"],
        "import_cpu_s": [sys.executable, "-c", "import torso"],
    }
    check = "import torso, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
    return {
        name: statistics.median(cpu(command) for _ in range(runs))
        for name, command in commands.items()
    }


def measure_fit(
    table: Path, folder: Path, epochs: int
) -> tuple[torso.Predictor, dict[str, object]]:
    """Fit with a cold cache, then with a warm one."""
    figures: dict[str, object] = {}
    for state in ("cold", "warm"):
        clock = Clock()
        wall, cpu = time.perf_counter(), time.process_time()
        predictor = torso.fit(
            table,
            TARGETS,
            out=folder / state,
            settings=[*SETTINGS, f"training.epochs={epochs}", f"data.cache={folder / 'cache'}"],
            listener=clock,
        )
        log = [json.loads(line) for line in (folder / state / "log.jsonl").read_text().splitlines()]
        epoch = [one for one in log if one["event"] == "epoch"]
        rates = [one["rows"] / one["seconds"] for one in epoch[1:]]
        figures[f"{state}_cache"] = {
            "before_training_wall_s": clock.wall - wall,
            "before_training_cpu_share_of_cores": (clock.cpu - cpu)
            / (clock.wall - wall)
            / (os.cpu_count() or 1),
            "train_rows_per_s": statistics.median(rates),
            "train_rows_per_s_spread": [min(rates), max(rates)],
            "waited_share": max(one["waited"] / one["seconds"] for one in epoch),
            "rows": epoch[0]["rows"],
            "epochs": len(epoch),
        }
    figures["parameters"] = predictor.metrics["training"]["parameters"]
    figures["held_out"] = {
        task: report.metrics[report.headline].value for task, report in predictor.reports.items()
    }
    return predictor, figures


def decoding(table: Path, many: int = 12_000, rounds: int = 5) -> dict[str, dict[str, float]]:
    """How fast files are read, decoded and stored in a cold cache, and how many cores that keeps busy.

    The table's own small files; larger ones as raw bytes, 640 x 480 JPEG and 8 s of FLAC at 44.1 kHz; and many
    small ones, each different, with and without the processes that they are worth, in turns.
    """
    source = read_table(table)
    larger = read_table(_larger(384))
    figures = {}
    for name, kind, column in (
        ("png_32x32", ImageInput(size=32), source.column("image")),
        ("wav_0.25_s", AudioInput(), source.column("audio")),
        ("jpeg_640x480", ImageInput(size=64), larger.column("photo")),
        ("flac_8_s", AudioInput(), larger.column("recording")),
    ):
        figures[name] = _decoded(kind, column, source.folder)
    with tempfile.TemporaryDirectory() as folder:
        source = read_table(_many(source, Path(folder), many))
        for name, kind in (("image", ImageInput(size=32)), ("audio", AudioInput())):
            ways: dict[str, list[dict[str, float]]] = {"processes": [], "one_thread": []}
            for _ in range(rounds):
                for way, found in ways.items():
                    with mock.patch.object(
                        data_decoding, "processes_work", lambda w=way: w == "processes"
                    ):
                        found.append(_decoded(kind, source.column(name), source.folder))
            ratios = [
                one["files_per_s"] / other["files_per_s"]
                for one, other in zip(ways["processes"], ways["one_thread"], strict=True)
            ]
            figures[f"{many}_small_{name}s"] = {
                **{
                    f"{way}_{key}": statistics.median(one[key] for one in found)
                    for way, found in ways.items()
                    for key in ("files_per_s", "cores_busy")
                },
                "ratio_median": statistics.median(ratios),
                "ratio_least": min(ratios),
                "ratio_most": max(ratios),
                "load": os.getloadavg()[0],
            }
    return figures


def _decoded(
    kind: ImageInput | AudioInput, column: Column, folder: Path | None
) -> dict[str, float]:
    """Files per second into a cold cache, and the cores that this process and its children kept busy."""
    with tempfile.TemporaryDirectory() as cache:
        reading = Reading(ReadOptions(folder=folder, cache=Path(cache)))
        wall, cpu = time.perf_counter(), _cpu()
        kind.source(column, reading)
        wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    return {"files_per_s": len(column) / wall, "cores_busy": cpu / wall}


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _many(source: Table, folder: Path, rows: int) -> Path:
    """Write the table's files again and again, with other noise each time, and return the new table."""
    rng = np.random.default_rng(0)
    pictures, tones = source.column("image").values, source.column("audio").values
    lines = ["image,audio"]
    for row in range(rows):
        place = row % source.rows
        pixels = np.array(PIL.Image.open(source.folder / pictures[place].as_py()).convert("RGB"))
        noisy = pixels.astype(int) + rng.integers(-3, 4, pixels.shape)
        PIL.Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{row}.png")
        samples, rate = soundfile.read(source.folder / tones[place].as_py())
        soundfile.write(folder / f"{row}.wav", samples + rng.normal(0, 1e-3, len(samples)), rate)
        lines.append(f"{row}.png,{row}.wav")
    path = folder / "many.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def _larger(rows: int) -> dict[str, list[bytes]]:
    """Return pictures of coloured squares and recordings of noise, each different."""
    rng = np.random.default_rng(0)
    photos, recordings = [], []
    for _ in range(rows):
        squares = rng.integers(0, 255, (60, 80, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        photo, recording = io.BytesIO(), io.BytesIO()
        PIL.Image.fromarray(squares).save(photo, "JPEG", quality=90)
        noise = rng.normal(0, 0.1, 8 * 44_100)
        soundfile.write(recording, noise, 44_100, format="FLAC")
        photos.append(photo.getvalue())
        recordings.append(recording.getvalue())
    return {"photo": photos, "recording": recordings}


def one_row(predictor: torso.Predictor, table: Path, calls: int = 200) -> dict[str, float]:
    """Median milliseconds from raw bytes to an answer, by a loaded run."""
    frame = pd.read_csv(table).head(calls)
    rows = []
    for row in frame[list(INPUTS)].to_dict("records"):
        for name in ("image", "audio"):
            row[name] = (table.parent / row[name]).read_bytes()
        rows.append(row)
    for row in rows[:20]:
        predictor.predict(row)
    seconds = []
    for row in rows:
        began = time.perf_counter()
        predictor.predict(row)
        seconds.append(time.perf_counter() - began)
    return {
        "median_ms": 1e3 * statistics.median(seconds),
        "p95_ms": 1e3 * float(np.quantile(seconds, 0.95)),
        "calls": len(rows),
    }


def thousand(
    predictor: torso.Predictor, table: Path, cache: Path, calls: int = 7
) -> dict[str, float]:
    """Rows per second for 1,000 rows: from raw files, and from the cache."""
    frame = pd.read_csv(table).head(1000)
    path = table.with_name("thousand.csv")
    frame[list(INPUTS)].to_csv(path, index=False)
    raw, cached = [], []
    source = read_table(path)
    for _ in range(calls):
        began = time.perf_counter()
        answers = predictor.predict(path)
        raw.append(len(answers) / (time.perf_counter() - began))
        reading = Reading(ReadOptions(folder=source.folder, cache=cache))
        dataset = predictor.schema.dataset(source, reading, targets=False)
        assert sum(reading.log.decoded.values()) == 0
        began = time.perf_counter()
        loader = Loader(dataset, np.arange(1000), batch_size=256)
        answer(predictor.model, loader).predictions(predictor.model)
        cached.append(1000 / (time.perf_counter() - began))
    return {
        "raw_files_rows_per_s": statistics.median(raw),
        "raw_files_best_rows_per_s": max(raw),
        "from_cache_rows_per_s": statistics.median(cached),
        "from_cache_best_rows_per_s": max(cached),
        "calls": calls,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ludwig", help="the Python of Ludwig's environment")
    parser.add_argument("--rows", type=int, default=1797)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "speed.json")
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = make(folder / "full", options.rows)
        gaps = make(folder / "gaps", options.rows, missing_labels=0.2)
        load = os.getloadavg()[0]
        results: dict[str, object] = {"start_up": start_up(), "decoding": decoding(table)}
        predictor, results["fit"] = measure_fit(table, folder, options.epochs)
        predictor = torso.load(folder / "warm")
        results["one_row_from_bytes"] = one_row(predictor, table)
        results["thousand_rows"] = thousand(predictor, table, folder / "cache")
        used = torso.fit(
            gaps,
            TARGETS,
            settings=[*SETTINGS, "training.epochs=1", f"data.cache={folder / 'cache'}"],
        ).metrics["usage"]
        results["rows_with_20_%_of_labels_missing"] = {
            "training": used["rows"]["training"],
            "used": used["rows_trained"],
        }
        if options.ludwig:
            command = [options.ludwig, str(HERE / "rivals" / "ludwig_speed.py")]
            command += ["--full", str(table), "--gaps", str(gaps), "--epochs", "8"]
            command += ["--rows", str(options.rows)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results["ludwig"] = rival = json.loads(done.stdout)
            rival["command"] = "python benchmarks/rivals/ludwig_speed.py --full TABLE --gaps TABLE"
            results["ratios"] = ratios(results, rival)
    report = {
        "command": "python benchmarks/speed.py" + (" --ludwig PYTHON" if options.ludwig else ""),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "load_before": load,
        "seed": 0,
        **results,
    }
    write_report(options.out, report)
    print(json.dumps(report, indent=1))


def ratios(ours: dict, ludwig: dict) -> dict[str, float]:
    """Ours over Ludwig's, above 1 where we are faster."""
    modes = ludwig["image_mode"]
    rate = ours["fit"]["warm_cache"]["train_rows_per_s"]
    predicted = max(mode["batch"]["rows_per_s"] for mode in modes.values() if "batch" in mode)
    latency = min(mode["one_row"]["median_ms"] for mode in modes.values() if "one_row" in mode)
    return {
        **{
            f"training_over_ludwig_{name}": rate / mode["training"]["rows_per_s"]
            for name, mode in modes.items()
        },
        "one_row": latency / ours["one_row_from_bytes"]["median_ms"],
        "thousand_rows_raw": ours["thousand_rows"]["raw_files_rows_per_s"] / predicted,
        "import_cpu": ludwig["import"]["cpu_s"] / ours["start_up"]["import_cpu_s"],
    }


if __name__ == "__main__":
    main()
