"""Ways to choose the threshold of a yes from few held-out rows, by the F1 of all rows to come.

Scores are drawn, so the best threshold is known. `corrected` is what `targets.COLUMN.decide_by` does.

    python benchmarks/thresholds.py
"""

from __future__ import annotations

import numpy as np

from torso.tasks._base.decider import best_threshold, corrected

DRAWS = 150
CENTRES = (-2.5, -1.0)  # of the logits: 12 and 30 % of yes
SHIFTS = (0.0, 1.0)  # of the model's logits: none, and as after class weights of 1 to 2.7


def chance(logit: np.ndarray) -> np.ndarray:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-logit))


def f1(threshold: float, said: np.ndarray, yes: np.ndarray) -> float:
    """Return the F1 of answers from a threshold on, given the chances of yes."""
    chosen = said >= threshold
    return float(2 * yes[chosen].sum() / (chosen.sum() + yes.sum()))


def thresholds(said: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return way -> threshold."""
    right = corrected(np.stack([1 - said, said], axis=1), labels)[:, 1]
    return {
        "0.5": 0.5,
        "labels": best_threshold("f1", said, labels.astype(float)),
        "expected": best_threshold("f1", said, said),
        "corrected": best_threshold("f1", said, right),
    }


def main() -> None:
    """Print a table: a way and a shift a line, held-out rows by column."""
    rng = np.random.default_rng(0)
    figures: dict[tuple[str, float, int], list[float]] = {}
    for centre in CENTRES:
        whole = rng.normal(size=20_000) * 1.3 + centre
        yes = chance(whole)
        for shift in SHIFTS:
            said = chance(whole + shift)
            best = max(f1(limit, said, yes) for limit in np.linspace(0.01, 0.99, 99))
            for rows in (60, 200, 1000):
                for _ in range(DRAWS):
                    logit = rng.normal(size=rows) * 1.3 + centre
                    labels = (rng.random(rows) < chance(logit)).astype(int)
                    if labels.sum() < 2:
                        continue
                    limits = thresholds(chance(logit + shift), labels)
                    for way, limit in limits.items():
                        figures.setdefault((way, shift, rows), []).append(f1(limit, said, yes))
                    figures.setdefault(("best", shift, rows), []).append(best)
    for way in ("0.5", "labels", "expected", "corrected", "best"):
        cells = [
            " / ".join(f"{np.mean(figures[way, shift, rows]):.3f}"[1:] for shift in SHIFTS)
            for rows in (60, 200, 1000)
        ]
        print(f"| {way} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
