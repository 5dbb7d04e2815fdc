"""What makes a text encoder good on few rows? The category of unseen stamps from the text alone, 14 languages.

    python benchmarks/text_encoders.py --seeds 0 1 2 --choices ngrams-before ngrams-judged ngrams-scaled ...

Each choice adds one thing to the choice before it (CHOICES). Choose by `held_out` (validation rows); `test` is the
verdict. Same splits as talking_stamps.py, whose character n-grams with a logistic regression are the mark to
reach. Fits are added to results/text_encoders.json, in place of older ones of the same choice and seed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from reports import read_report, write_report

import torso
from torso.training import Epoch, Listener

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from talking_stamps import stamps  # noqa: E402

SMALL = ["encoders.text.orders=4", "encoders.text.buckets=30000", "encoders.text.width=64"]
FINE = ["inputs.text.vocabulary=500", "inputs.text.length=160"]


@dataclass(frozen=True)
class Choice:
    """One way to train.

    Attributes:
        says: what is new in it.
        settings: of the run.
        judged: whether epochs are judged with calibrated heads.
        scaled: whether the embeddings of n-grams are scaled, and so learn faster and start smaller.
    """

    says: str
    settings: list[str]
    judged: bool = True
    scaled: bool = True


NGRAMS = "encoders.text=ngrams"
CHOICES = {
    "ngrams-before": Choice("the first version", [NGRAMS, *SMALL], judged=False, scaled=False),
    "ngrams-judged": Choice("epochs judged after calibration", [NGRAMS, *SMALL], scaled=False),
    "ngrams-scaled": Choice("embeddings scaled by 8", [NGRAMS, *SMALL]),
    "ngrams-larger": Choice("100,000 buckets of 32, up to 5-grams", [NGRAMS]),
    "ngrams-fine": Choice("500 tokens instead of 8,000", [NGRAMS, *FINE]),
    "transformer-before": Choice("the first version", [], judged=False),
    "transformer-judged": Choice("epochs judged after calibration", []),
}


class Best(Listener):
    """Remembers the epoch that was kept."""

    epoch: Epoch

    def epoch_done(self, epoch: Epoch) -> None:
        """Keep it if it is the best."""
        if epoch.best:
            self.epoch = epoch


@contextmanager
def world(choice: Choice) -> Iterator[None]:
    """Take out of Torso what the choice does without."""
    with ExitStack() as stack:
        if not choice.judged:
            blind = mock.patch("torso.training.trainer.refitted_heads", lambda *_: nullcontext())
            stack.enter_context(blind)
        if not choice.scaled:
            stack.enter_context(mock.patch("torso.encoders.text_ngrams._SCALE", 1.0))
        yield


def fit(table: object, name: str, seed: int) -> dict[str, object]:
    """Return what one fit came to."""
    choice, best, began = CHOICES[name], Best(), time.process_time()
    settings = ["data.split.group=id", "fusion=concat", "training.epochs=12", f"seed={seed}"]
    with world(choice):
        run = torso.fit(
            table,
            ["category"],
            inputs=["text"],
            settings=[*settings, *choice.settings],
            listener=best,
        )
    metrics = run.reports["category"].metrics
    return {
        "choice": name,
        "seed": seed,
        "held_out": best.epoch.metrics["category"]["accuracy"],
        "test": metrics["accuracy"].to_dict(),
        "test_log_loss": metrics["log_loss"].value,
        "best_epoch": best.epoch.number,
        "epochs": run.metrics["training"]["epochs"],
        "cpu_s": time.process_time() - began,
    }


def means(fits: list[dict]) -> dict[str, dict[str, object]]:
    """Return choice -> what it is, and its means over the seeds."""
    out = {}
    for name, choice in CHOICES.items():
        own = [one for one in fits if one["choice"] == name]
        if own:
            out[name] = {
                "says": choice.says,
                "settings": choice.settings,
                "seeds": sorted(one["seed"] for one in own),
                "held_out": float(np.mean([one["held_out"] for one in own])),
                "test": float(np.mean([one["test"]["value"] for one in own])),
                "test_log_loss": float(np.mean([one["test_log_loss"] for one in own])),
            }
    return out


def command(fits: list[dict]) -> str:
    """Return what makes these fits again."""
    seeds = sorted({one["seed"] for one in fits})
    choices = [name for name in CHOICES if any(one["choice"] == name for one in fits)]
    given = f"--seeds {' '.join(map(str, seeds))} --choices {' '.join(choices)}"
    return f"python benchmarks/text_encoders.py {given}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choices", nargs="+", choices=CHOICES, default=list(CHOICES))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "text_encoders.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = stamps(data_folder("talking_stamps"))
    fits = read_report(options.out, {"fits": []})["fits"]
    for name in options.choices:
        for seed in options.seeds:
            fits = [one for one in fits if (one.get("choice"), one["seed"]) != (name, seed)]
            fits.append(fit(table, name, seed))
            print(fits[-1], flush=True)
            report = {
                "command": command(fits),
                "machine": f"{os.cpu_count()} cores, one thread, {platform.machine()}",
                "torch": torch.__version__,
                "means": means(fits),
                "fits": fits,
            }
            write_report(options.out, report)


if __name__ == "__main__":
    main()
