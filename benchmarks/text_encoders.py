"""Which text encoder on few rows? The category of unseen stamps from the text alone, 14 languages.

    python benchmarks/text_encoders.py --seeds 0 1

Same splits as talking_stamps.py, whose character n-grams with a logistic regression are the mark to reach.
Writes results/text_encoders.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import torso

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from talking_stamps import stamps  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    table = stamps(data_folder("talking_stamps"))
    fits = []
    for encoder in ("ngrams", "transformer"):
        for seed in options.seeds:
            began = time.process_time()
            run = torso.fit(
                table,
                ["category"],
                inputs=["text"],
                settings=[
                    "data.split.group=id",
                    f"encoders.text={encoder}",
                    "fusion=concat",
                    "training.epochs=12",
                    f"seed={seed}",
                ],
            )
            accuracy = run.reports["category"].metrics["accuracy"]
            fits.append(
                {
                    "encoder": encoder,
                    "seed": seed,
                    "accuracy": accuracy.to_dict(),
                    "best_epoch": run.metrics["training"]["best_epoch"],
                    "epochs": run.metrics["training"]["epochs"],
                    "cpu_s": time.process_time() - began,
                }
            )
            print(fits[-1], flush=True)
    report = {
        "command": "python benchmarks/text_encoders.py --seeds "
        + " ".join(map(str, options.seeds)),
        "fits": fits,
    }
    (HERE / "results" / "text_encoders.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
