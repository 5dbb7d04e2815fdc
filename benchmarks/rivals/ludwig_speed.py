"""Ludwig's side of the speed benchmark: one process, one JSON on standard output.

Run it with the Python of the environment that README.md beside this file makes, never with
Torso's own. The tables are those of `torso.app.demo.digits`, made by ../speed.py, which calls this; Ludwig
does not read the tones: image, text, two numbers and a category in; three targets out. What Ludwig leaves open is chosen in its favour: nothing saved, no
progress bar, the first epoch and the held-out evaluations left out of the training rate, and
figures for each of its three ways with pictures, so that its best can be compared.

    python benchmarks/rivals/ludwig_speed.py --full full/table.csv --gaps gaps/table.csv
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import logging
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import types
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import torch

HELD_OUT = 0.2  # share of the rows, the last ones
THREADS = 2
BATCH_SIZE = 64
ONE_ROW_WARM_UPS, ONE_ROW_CALLS = 5, 60
MANY_ROWS, MANY_ROWS_CALLS = 1_000, 5
IMPORTS = 3

# Ludwig's ways with pictures: decoded before training and held in memory; decoded in every epoch
# (its default); decoded in the first epoch into a file that later epochs map. The third is only
# trained with, not predicted with: its file is found again by the table's length alone, so that a
# second table as long is given the pictures of the first.
IMAGE_MODES = ["eager", "lazy", "lazy_cached"]
INPUTS = ["image", "note", "pressure", "seconds", "pen"]
FILES = (
    *("processed_input", "model", "progress", "log"),
    *("training_description", "training_statistics"),
)
PACKAGES = ["ludwig", "torch", "numpy", "pandas", "transformers", "scikit-learn", "pillow"]


def config(image_mode: str, epochs: int) -> dict:
    """Returns a model of about 95,000 parameters: small convnets for image and text, concat."""
    image = {
        "type": "stacked_cnn",
        "conv_layers": [
            {"out_channels": 32, "kernel_size": 3, "pool_kernel_size": 2},
            {"out_channels": 32, "kernel_size": 3, "pool_kernel_size": 2},
        ],
        "num_fc_layers": 1,
        "output_size": 32,
    }
    # 500 words at most, so that the number of parameters does not follow the typing errors.
    words = {"most_common": 500, "max_sequence_length": 16}
    text = {
        "type": "parallel_cnn",
        "embedding_size": 32,
        "num_filters": 32,
        "num_fc_layers": 1,
        "output_size": 32,
    }
    return {
        "input_features": [
            {
                "name": "image",
                "type": "image",
                "encoder": image,
                "preprocessing": {"height": 32, "width": 32, "num_channels": 3, "mode": image_mode},
            },
            {"name": "note", "type": "text", "encoder": text, "preprocessing": words},
            {"name": "pressure", "type": "number"},
            {"name": "seconds", "type": "number"},
            {"name": "pen", "type": "category"},
        ],
        "combiner": {"type": "concat", "num_fc_layers": 1, "output_size": 160},
        "output_features": [
            {"name": "digit", "type": "category"},
            {"name": "parity", "type": "category"},
            # Left in the user's unit, its loss drowns the others': digit 0.44 instead of 0.97.
            {"name": "ink", "type": "number", "preprocessing": {"normalization": "zscore"}},
        ],
        "trainer": {
            "epochs": epochs,
            "batch_size": BATCH_SIZE,
            "learning_rate": 0.002,
            "early_stop": -1,
            "optimizer": {"type": "adam"},
        },
    }


class _Placeholder(types.ModuleType):
    """A module whose every name exists and does nothing."""

    __version__ = "0"
    __path__: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> object:
        """Returns an empty class or a placeholder module: Ludwig registers them, calls none."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name[0].isupper():
            return type(name, (), {})
        return importlib.import_module(f"{self.__name__}.{name}")


class _Placeholders(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds torchvision, torchaudio and all their submodules as placeholders.

    Ludwig imports both at its top, and neither has a build for torch 2.13 on the CPU. Of their
    functions this benchmark needs one, `torchvision.io.decode_image`, given here by Pillow.
    """

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Claims the two packages and nothing else."""
        del path, target
        if fullname.partition(".")[0] not in ("torchvision", "torchaudio"):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Makes the placeholder."""
        return _Placeholder(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fills in the one function that is called."""
        if module.__name__ == "torchvision.io":
            module.ImageReadMode = types.SimpleNamespace(
                UNCHANGED=None, GRAY="L", GRAY_ALPHA="LA", RGB="RGB", RGB_ALPHA="RGBA"
            )
            module.decode_image = _decode_image


def _decode_image(data: torch.Tensor, mode: str | None = None) -> torch.Tensor:
    """Does what `torchvision.io.decode_image` does: uint8 bytes in, uint8 [channels, h, w] out."""
    import numpy as np
    import torch
    from PIL import Image

    image = Image.open(io.BytesIO(data.numpy()))
    pixels = np.array(image if mode in (None, image.mode) else image.convert(mode))
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)


def _import_ludwig() -> dict[str, float]:
    """Returns the seconds that `import ludwig.api` took, on the clock and of this process's CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    if importlib.util.find_spec("torchvision") is None:
        sys.meta_path.append(_Placeholders())
    import ludwig.api  # noqa: F401

    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def measure_imports() -> dict[str, float]:
    """Returns the median seconds to import Ludwig over fresh processes."""
    command = [sys.executable, __file__, "--import-only"]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout.splitlines()[-1])
        for _ in range(IMPORTS)
    ]
    return {key: statistics.median(run[key] for run in runs) for key in ("wall_s", "cpu_s")}


def read(path: Path) -> pd.DataFrame:
    """Returns the table with image paths that lead there from anywhere."""
    import pandas as pd

    table = pd.read_csv(path).drop(columns="audio")
    folder = path.resolve().parent
    table["image"] = [str(folder / name) for name in table["image"]]
    return table


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the rows to train on and the held-out ones."""
    num_train = len(table) - round(HELD_OUT * len(table))
    return table[:num_train], table[num_train:].reset_index(drop=True)


def train(table: pd.DataFrame, image_mode: str, epochs: int, seed: int) -> tuple[object, dict]:
    """Returns a trained Ludwig model and how fast it trained, held-out evaluation left out."""
    from ludwig.api import LudwigModel
    from ludwig.callbacks import Callback

    class Clock(Callback):
        """Seconds of each epoch and, apart, of the evaluation inside it."""

        def __init__(self) -> None:
            self.epochs: list[float] = []
            self.evaluations: list[float] = []

        def on_epoch_start(self, *_: object, **__: object) -> None:
            self.began = time.perf_counter()
            self.evaluation = 0.0

        def on_eval_start(self, *_: object, **__: object) -> None:
            self.evaluation -= time.perf_counter()

        def on_eval_end(self, *_: object, **__: object) -> None:
            self.evaluation += time.perf_counter()

        def on_epoch_end(self, *_: object, **__: object) -> None:
            self.epochs.append(time.perf_counter() - self.began)
            self.evaluations.append(self.evaluation)

    clock = Clock()
    model = LudwigModel(
        config(image_mode, epochs), backend="local", callbacks=[clock], logging_level=logging.ERROR
    )
    began = time.perf_counter()
    prepared = preprocess(model, table, seed)
    preprocessing_s = time.perf_counter() - began
    train_on(model, prepared, seed)
    # The first epoch warms caches and the allocator up; the median bears a neighbour's burst.
    whole = statistics.median(clock.epochs[1:])
    steps = statistics.median(
        epoch - evaluation
        for epoch, evaluation in zip(clock.epochs[1:], clock.evaluations[1:], strict=True)
    )
    rows = len(split(table)[0])
    return model, {
        "rows": rows,
        "epochs": len(clock.epochs),
        "rows_per_s": rows / steps,
        "rows_per_s_with_evaluation": rows / whole,
        "epoch_s": [round(seconds, 3) for seconds in clock.epochs],
        "preprocessing_s": preprocessing_s,
    }


def preprocess(model: object, table: pd.DataFrame, seed: int) -> object:
    """Returns the rows to train on and the held-out ones as Ludwig's model takes them."""
    training, held_out = split(table)
    return model.preprocess(
        training_set=training,
        validation_set=held_out,
        random_seed=seed,
        skip_save_processed_input=True,
    )


def train_on(model: object, prepared: object, seed: int, *saved: str) -> None:
    """Trains a model on what `preprocess` returned; of its files only those of `saved` are written."""
    skipped = {f"skip_save_{name}": True for name in FILES if name not in saved}
    with tempfile.TemporaryDirectory() as folder:
        model.train(
            training_set=prepared.training_set,
            validation_set=prepared.validation_set,
            training_set_metadata=prepared.training_set_metadata,
            random_seed=seed,
            output_directory=folder,
            **skipped,
        )


def count_parameters(model: object) -> dict[str, int]:
    """Returns the numbers of trainable parameters, in all and by Ludwig's own parts."""
    parts: dict[str, int] = {}
    for name, parameter in model.model.named_parameters():
        part = name.replace("module_dict.", "").replace("__ludwig", "")
        part = ".".join(part.split(".")[: 2 if "features" in part else 1])
        parts[part] = parts.get(part, 0) + parameter.numel()
    return {"all": sum(parts.values()), **parts}


def measure_predictions(model: object, table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Returns the milliseconds of one row at a time and the rows per second of a thousand."""
    inputs = table[INPUTS]

    def seconds(rows: pd.DataFrame) -> float:
        began = time.perf_counter()
        predictions, _ = model.predict(rows)
        spent = time.perf_counter() - began
        assert len(predictions) == len(rows)
        return spent

    one = [
        seconds(inputs.iloc[[index % len(inputs)]].reset_index(drop=True))
        for index in range(ONE_ROW_WARM_UPS + ONE_ROW_CALLS)
    ][ONE_ROW_WARM_UPS:]
    many = inputs[:MANY_ROWS].reset_index(drop=True)
    spans = [seconds(many) for _ in range(1 + MANY_ROWS_CALLS)][1:]
    return {
        "one_row": {
            "median_ms": 1e3 * statistics.median(one),
            "p95_ms": 1e3 * statistics.quantiles(one, n=20)[-1],
            "calls": len(one),
        },
        "batch": {
            "rows": len(many),
            "rows_per_s": len(many) / statistics.median(spans),
            "best_rows_per_s": len(many) / min(spans),
            "calls": len(spans),
        },
    }


def measure_quality(model: object, table: pd.DataFrame) -> dict[str, float]:
    """Returns accuracy and R2 on the held-out rows: proof that what is timed does learn."""
    _, held_out = split(table)
    predicted, _ = model.predict(held_out[INPUTS])
    quality = {
        name: float((predicted[f"{name}_predictions"].to_numpy() == held_out[name]).mean())
        for name in ("digit", "parity")
    }
    error = (predicted["ink_predictions"].to_numpy() - held_out["ink"]) ** 2
    return {**quality, "ink_r2": float(1 - error.mean() / held_out["ink"].var(ddof=0))}


def measure_dropped(table: pd.DataFrame, seed: int) -> dict[str, int]:
    """Returns how many training rows Ludwig keeps of a table with blank labels."""
    from ludwig.api import LudwigModel

    training, _ = split(table)
    model = LudwigModel(config("lazy", 1), backend="local", logging_level=logging.ERROR)
    prepared = preprocess(model, table, seed)
    kept = len(prepared.training_set)
    unlabelled = int(training[["digit", "parity", "ink"]].isna().all(axis=1).sum())
    return {
        "rows": len(training),
        "dropped": len(training) - kept,
        "without_any_label": unlabelled,
    }


def measure(options: argparse.Namespace) -> dict:
    """Returns all figures of one run."""
    load = os.getloadavg()[0]  # above about 0.5, a neighbour is in the figures
    imports = measure_imports()
    _import_ludwig()
    import torch
    from ludwig.globals import set_disable_progressbar

    torch.set_num_threads(THREADS)
    set_disable_progressbar(True)
    full = read(options.full)
    by_mode = {}
    for mode in IMAGE_MODES:
        model, training = train(full, mode, options.epochs, options.seed)
        by_mode[mode] = {"training": training}
        if mode != "lazy_cached":
            by_mode[mode] |= measure_predictions(model, full)
            by_mode[mode]["held_out"] = measure_quality(model, full)
    return {
        "side": "ludwig",
        "command": shlex.join(["python", *sys.argv]),
        "seed": options.seed,
        "cpus": os.cpu_count(),
        "load_before": load,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "torchvision": "a stand-in, see README.md"
        if isinstance(sys.modules["torchvision"], _Placeholder)
        else version("torchvision"),
        "rows": len(full),
        "batch_size": BATCH_SIZE,
        "import": imports,
        "parameters": count_parameters(model),
        "image_mode": by_mode,
        "missing_labels": measure_dropped(read(options.gaps), options.seed),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", type=Path, help="table.csv with every label")
    parser.add_argument("--gaps", type=Path, help="table.csv with 20 %% of each label blank")
    parser.add_argument("--rows", type=int, default=1797, help="rows of the tables made")
    parser.add_argument("--epochs", type=int, default=8, help="the first one is not counted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--import-only", action="store_true", help="measure one import, and stop")
    return parser.parse_args()


def main() -> None:
    """Measures, prints."""
    options = _options()
    if options.import_only:
        print(json.dumps(_import_ludwig()))
        return
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = (
            folder  # Ludwig's cache of pictures goes there: empty before and gone after
        )
        figures = measure(options)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
