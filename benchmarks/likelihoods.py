"""How near a trained head comes to the distribution that made the labels, on sets where that is known.

    OMP_NUM_THREADS=1 python benchmarks/likelihoods.py --seeds 0 1 2 [--sets ordinal count survival number] [--heads ...]

Two numbers and a category act on the label through `effect`, which is neither linear nor additive; the noise has the
named distribution. Torso sees 12,000 rows (a tenth of them decides when to stop) by default settings; it and the
truth are scored on the same 10,000 new rows. `excess` is how much more the model's mean negative log-likelihood is
than the truth's, as a share of the truth's; `closed` is how much of the way from the baseline, which sees no input,
to the truth the model has gone. Times have a geometric mean near 1, since the unit of a log-density matters for a
share of it. The bar is an excess of 2 %. The seed draws the rows, the split and the weights. Merges each set into
results/likelihoods.json as soon as it is done, with `--heads` beside the other heads' figures; `python benchmarks/readme.py` puts the figures into docs/heads.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy
import torch
from reports import read_report, write_report
from scipy import stats

import torso

HERE = Path(__file__).resolve().parent
TRAINING, TEST = 12_000, 10_000
SHIFT = {"a": -0.8, "b": 0.0, "c": 0.7}

Random = np.random.Generator
Columns = dict[str, Any]


class Drawn(NamedTuple):
    """Labels and what made them.

    Attributes:
        columns: of the label.
        log_loss: minus the true log-likelihood of each.
    """

    columns: Columns
    log_loss: np.ndarray


class Made(NamedTuple):
    """A set with a known truth.

    Attributes:
        draw: labels from effects.
        target: how the config describes them.
        heads: those to try, the default first.
    """

    draw: Callable[[np.ndarray, Random], Drawn]
    target: dict[str, Any]
    heads: list[str]


def effect(x: np.ndarray, z: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the one number by which the inputs act on a label, about 0 with a spread of about 1."""
    shift = np.array([SHIFT[one] for one in group])
    return np.sin(1.5 * x) + 0.5 * z * (1 + shift) + 0.6 * shift


def ordinal(f: np.ndarray, rng: Random) -> Drawn:
    """Five classes: cutpoints on a latent number with logistic noise."""
    edges = np.array([-np.inf, -2.0, -0.5, 0.5, 2.5, np.inf])
    chances = np.diff(stats.logistic.cdf(edges - 1.5 * f[:, None]), axis=1)
    places = (rng.random((len(f), 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=4)
    names = np.array(["never", "seldom", "sometimes", "often", "always"])
    return Drawn({"y": names[places]}, -np.log(chances[np.arange(len(f)), places]))


def count(f: np.ndarray, rng: Random) -> Drawn:
    """Negative binomial counts with mean exp(1 + 0.8 f) and dispersion 0.4."""
    mean, size = np.exp(1 + 0.8 * f), 1 / 0.4
    counts = rng.poisson(mean * rng.gamma(size, 1 / size, len(f)))
    return Drawn({"y": counts}, -stats.nbinom.logpmf(counts, size, size / (size + mean)))


def survival(f: np.ndarray, rng: Random) -> Drawn:
    """Weibull times of shape 1.6, watched for a time that is uniform between 0 and 3: a third are censored."""
    noise = stats.weibull_min(1.6, scale=1.2 * np.exp(0.7 * f))
    time, until = noise.rvs(random_state=rng), rng.uniform(0.0, 3.0, len(f))
    event = time <= until
    time = np.minimum(time, until)
    log_loss = -np.where(event, noise.logpdf(time), noise.logsf(time))
    return Drawn({"y": time, "event": event}, log_loss)


def number(f: np.ndarray, rng: Random) -> Drawn:
    """A number with heavy tails: Student's t noise of three degrees of freedom."""
    noise = stats.t(3.0, loc=50 + 10 * f, scale=4.0)
    values = noise.rvs(random_state=rng)
    return Drawn({"y": values}, -noise.logpdf(values))


SETS = {
    "ordinal": Made(
        ordinal,
        {"kind": "ordinal", "order": ["never", "seldom", "sometimes", "often", "always"]},
        ["cumulative"],
    ),
    "count": Made(count, {"kind": "count"}, ["negative_binomial"]),
    "survival": Made(
        survival,
        {"kind": "survival", "event": "event"},
        ["weibull", "hazards"],
    ),
    "number": Made(number, {"kind": "number"}, ["gaussian", "student", "quantiles"]),
}


def made(name: str, rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table, and minus the true log-likelihood of each label."""
    rng = np.random.default_rng([seed, rows])
    x, z = rng.normal(size=(2, rows))
    group = rng.choice([*SHIFT], rows)
    drawn = SETS[name].draw(effect(x, z, group), rng)
    return pd.DataFrame({"x": x, "z": z, "group": group, **drawn.columns}), drawn.log_loss


def fit(name: str, head: str, seed: int) -> dict[str, Any]:
    """Train one head, and score it beside the truth."""
    training, _ = made(name, TRAINING, seed)
    test, each = made(name, TEST, seed)
    truth = float(each.mean())
    began = time.perf_counter()
    run = torso.fit(
        training,
        {"y": SETS[name].target},
        settings={"seed": seed, "heads.y": head, "data.split.test": 0.0},
    )
    seconds = time.perf_counter() - began
    report = run.evaluate(test, resamples=200)["y"]
    found: dict[str, Any] = {
        "head": head,
        "seed": seed,
        "seconds": round(seconds, 1),
        "epochs": run.metrics["training"]["epochs"],
        "metrics": {metric: one.value for metric, one in report.metrics.items()},
        "baseline": dict(report.baseline),
        "true_log_loss": truth,
    }
    if "log_loss" in report.metrics:
        ours, blind = report.metrics["log_loss"].value, report.baseline["log_loss"]
        found["excess"] = (ours - truth) / abs(truth)
        found["closed"] = (blind - ours) / (blind - truth)
    if "coverage" in report.metrics:
        found["coverage_verdict"] = report.verdict("coverage")
    return found


def summary(fits: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return head -> means over the seeds, and the worst excess."""
    out: dict[str, dict[str, Any]] = {}
    for head in dict.fromkeys(one["head"] for one in fits):
        same = [one for one in fits if one["head"] == head]
        of_metrics = {
            metric: float(np.mean([one["metrics"][metric] for one in same]))
            for metric in (
                "log_loss",
                "coverage",
                "interval_score",
                "concordance",
                "kappa",
                "d2",
                "r2",
            )
            if metric in same[0]["metrics"]
        }
        out[head] = {"true_log_loss": float(np.mean([one["true_log_loss"] for one in same]))}
        out[head] |= of_metrics
        if "excess" in same[0]:
            excesses = [one["excess"] for one in same]
            out[head]["excess"] = {"mean": float(np.mean(excesses)), "worst": max(excesses)}
            out[head]["closed"] = float(np.mean([one["closed"] for one in same]))
            out[head]["within 2 %"] = max(excesses) <= 0.02
        if "coverage_verdict" in same[0]:
            out[head]["coverage_verdicts"] = [one["coverage_verdict"] for one in same]
    return out


def add(path: Path, name: str, seeds: list[int], fits: list[dict[str, Any]]) -> None:
    """Put a set into the report at `path`."""
    report = read_report(path)
    again = {one["head"] for one in fits}
    kept = [one for one in report.get(name, {}).get("fits", []) if one["head"] not in again]
    fits = sorted([*kept, *fits], key=lambda one: SETS[name].heads.index(one["head"]))
    report[name] = {
        "command": f"OMP_NUM_THREADS={torch.get_num_threads()} python benchmarks/likelihoods.py --sets {name} "
        "--seeds " + " ".join(map(str, seeds)),
        "machine": f"{torch.get_num_threads()} thread of {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, shared with other work",
        "torch": torch.__version__,
        "scipy": scipy.__version__,
        "truth": SETS[name].draw.__doc__,
        "rows": {"training and validation": TRAINING, "test": TEST},
        "summary": summary(fits),
        "fits": fits,
    }
    write_report(path, report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--heads", nargs="+", help="only these of each set; default: all")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "likelihoods.json")
    options = parser.parse_args()
    for name in options.sets:
        fits = []
        for head in options.heads or SETS[name].heads:
            for seed in options.seeds:
                fits.append(fit(name, head, seed))
                print(name, json.dumps(fits[-1]), flush=True)
        add(options.out, name, options.seeds, fits)


if __name__ == "__main__":
    main()
