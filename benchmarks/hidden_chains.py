"""How near tags along a time series come to the posterior that made them, where that is known.

    OMP_NUM_THREADS=1 python benchmarks/hidden_chains.py --seeds 0 1 2 [--heads steps chain]

A hidden Markov chain of three states emits one number per step, 12 to 20 steps long; the tag of a step is its state, the
input is the numbers. The head by default (`steps`) says the probability of each state at each step: the best that there
is comes from the recursions forward and backward over the whole series. With `chain: true` (`chain`) it says the
probability of the whole path, whose truth is that of the path and the numbers over that of the numbers. Torso sees 3,000
series (a tenth of them decides when to stop) by default settings; it and the truth are scored on the same 3,000 new
ones, in nats per step. `excess` is how much more the model's log loss is than the truth's, as a share of the truth's;
the bar is 2 %. `step_accuracy` and `span_f1` of the truth are those of its likeliest states (steps) or path (chain).
Beside them: the posterior that sees the step's own number only. The seed draws the series, the split and the weights.
Merges each fit into results/hidden_chains.json as soon as it is done; `python benchmarks/readme.py` puts the figures into docs/tagging.md.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from reports import read_report, write_report
from scipy import stats
from scipy.special import logsumexp
from small_training import circumstances

import torso
from torso.tasks import evaluate_task, fit_baseline

HERE = Path(__file__).resolve().parent
TRAINING, TEST = 3_000, 3_000
SHORTEST, LONGEST = 12, 20
STATES = ["calm", "rising", "storm"]
START = np.array([0.6, 0.3, 0.1])
MOVES = np.array([[0.85, 0.13, 0.02], [0.10, 0.75, 0.15], [0.20, 0.05, 0.75]])
MEANS, SPREADS = np.array([-1.0, 0.2, 1.2]), np.array([0.8, 0.6, 1.0])


class Series(NamedTuple):
    """One hidden chain.

    Attributes:
        states: int64 `[steps]`.
        values: what it emits, `[steps]`.
    """

    states: np.ndarray
    values: np.ndarray


def drawn(rows: int, seed: int) -> list[Series]:
    """Return chains with what they emit."""
    rng = np.random.default_rng([seed, rows])
    found = []
    for steps in rng.integers(SHORTEST, LONGEST + 1, rows):
        states = [rng.choice(3, p=START)]
        for _ in range(steps - 1):
            states.append(rng.choice(3, p=MOVES[states[-1]]))
        at = np.array(states)
        found.append(Series(at, rng.normal(MEANS[at], SPREADS[at])))
    return found


def table(series: list[Series]) -> dict[str, list[Any]]:
    """Return the series as a table."""
    return {
        "series": [one.values[:, None].tolist() for one in series],
        "state": [[STATES[at] for at in one.states] for one in series],
    }


def emitted(one: Series) -> np.ndarray:
    """Return the log-density of each number in each state, `[steps, states]`."""
    return stats.norm.logpdf(one.values[:, None], MEANS, SPREADS)


def forward(scores: np.ndarray) -> np.ndarray:
    """Return the log-density of each state and all numbers up to each step, `[steps, states]`."""
    sums = [np.log(START) + scores[0]]
    for now in scores[1:]:
        sums.append(logsumexp(sums[-1][:, None] + np.log(MOVES), axis=0) + now)
    return np.array(sums)


def posterior(one: Series) -> np.ndarray:
    """Return the log-probability of each state at each step given all numbers, `[steps, states]`."""
    scores = emitted(one)
    after = [np.zeros(3)]
    for later in scores[:0:-1]:
        after.append(logsumexp(np.log(MOVES) + later + after[-1], axis=1))
    joint = forward(scores) + np.array(after[::-1])
    return np.asarray(joint - logsumexp(joint, axis=1, keepdims=True))


def own_number(one: Series) -> np.ndarray:
    """Return the same given the step's own number, and how frequent states are in the long run."""
    values, vectors = np.linalg.eig(MOVES.T)
    often = np.real(vectors[:, np.argmax(np.real(values))])
    joint = emitted(one) + np.log(often / often.sum())
    return np.asarray(joint - logsumexp(joint, axis=1, keepdims=True))


def of_path(one: Series) -> float:
    """Return minus the log-probability of the path given all numbers, per step."""
    scores, at = emitted(one), one.states
    joint = np.log(START[at[0]]) + np.log(MOVES[at[:-1], at[1:]]).sum()
    joint += scores[np.arange(len(at)), at].sum()
    return float(logsumexp(forward(scores)[-1]) - joint) / len(at)


def best_path(one: Series) -> np.ndarray:
    """Return the likeliest path, by the algorithm of Viterbi."""
    scores = emitted(one)
    score, came_from = np.log(START) + scores[0], []
    for now in scores[1:]:
        ways = score[:, None] + np.log(MOVES)
        came_from.append(ways.argmax(axis=0))
        score = ways.max(axis=0) + now
    path = [int(score.argmax())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def codes(paths: list[np.ndarray]) -> np.ndarray:
    """Return paths as tags are evaluated: `2k + 1` where a stretch of state k begins, `2k + 2` inside."""
    out = np.full((len(paths), LONGEST), -1)
    for row, path in enumerate(paths):
        out[row, : len(path)] = 2 * path + 2 - (np.diff(path, prepend=-1) != 0)
    return out


def judged(series: list[Series], paths: list[np.ndarray], losses: list[float]) -> dict[str, float]:
    """Return the metrics of predicted paths, by the same code as the model's."""
    truth = codes([one.states for one in series])
    chosen = np.where(truth >= 0, codes(paths), 0)
    blind = fit_baseline("tags", truth, names=STATES)
    report = evaluate_task(
        "tags", chosen, truth, blind, details={"log_loss": np.array(losses)}, resamples=0
    )
    return {metric: one.value for metric, one in report.metrics.items()}


def by_steps(series: list[Series], say: Any) -> dict[str, float]:
    """Return the metrics of log-probabilities of each step."""
    said = [say(one) for one in series]
    losses = [
        -float(each[np.arange(len(one.states)), one.states].mean())
        for one, each in zip(series, said, strict=True)
    ]
    return judged(series, [each.argmax(axis=1) for each in said], losses)


def fit(head: str, seed: int) -> dict[str, Any]:
    """Train one head, and score it beside the truth."""
    training, test = drawn(TRAINING, seed), drawn(TEST, seed + 1000)
    truth = (
        by_steps(test, posterior)
        if head == "steps"
        else judged(test, [best_path(one) for one in test], [of_path(one) for one in test])
    )
    began = time.perf_counter()
    run = torso.fit(
        table(training),
        {"state": {"kind": "tags", "tags": STATES}},
        inputs={"series": "sequence"},
        settings={"seed": seed, "heads.state.chain": head == "chain", "data.split.test": 0.0},
    )
    seconds = time.perf_counter() - began
    report = run.evaluate(table(test), resamples=200)["state"]
    ours = {metric: one.value for metric, one in report.metrics.items()}
    return {
        "head": head,
        "seed": seed,
        "seconds": round(seconds, 1),
        "epochs": run.metrics["training"]["epochs"],
        "metrics": ours,
        "baseline": dict(report.baseline),
        "truth": truth,
        "own number": by_steps(test, own_number),
        "excess": ours["log_loss"] / truth["log_loss"] - 1,
    }


def summary(fits: list[dict[str, Any]]) -> dict[str, Any]:
    """Return head -> means over the seeds, and the worst excess."""
    found: dict[str, Any] = {}
    for head in dict.fromkeys(one["head"] for one in fits):
        same = [one for one in fits if one["head"] == head]
        excesses = [one["excess"] for one in same]
        found[head] = {
            who: {
                metric: float(np.mean([one[who][metric] for one in same]))
                for metric in same[0]["metrics"]
            }
            for who in ("metrics", "truth", "own number", "baseline")
        }
        found[head]["excess"] = {"mean": float(np.mean(excesses)), "worst": max(excesses)}
        found[head]["within 2 %"] = max(excesses) <= 0.02
    return found


def add(path: Path, found: dict[str, Any]) -> None:
    """Put a fit into the report at `path`, in the place of an earlier one of this head and seed."""
    report = read_report(path)
    others = [
        one
        for one in report.get("fits", [])
        if (one["head"], one["seed"]) != (found["head"], found["seed"])
    ]
    order = ["steps", "chain"]
    fits = sorted([*others, found], key=lambda one: (order.index(one["head"]), one["seed"]))
    report = {
        **circumstances(Path(__file__)),
        "rows": {"training and validation": TRAINING, "test": TEST},
        "steps": [SHORTEST, LONGEST],
        "summary": summary(fits),
        "fits": fits,
    }
    write_report(path, report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--heads", nargs="+", choices=["steps", "chain"], default=["steps", "chain"]
    )
    parser.add_argument("--out", type=Path, default=HERE / "results" / "hidden_chains.json")
    options = parser.parse_args()
    for head in options.heads:
        for seed in options.seeds:
            found = fit(head, seed)
            print(json.dumps(found), flush=True)
            add(options.out, found)


if __name__ == "__main__":
    main()
