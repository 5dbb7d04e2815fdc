"""docs/heads.md and docs/tagging.md: heads beside the truth that the labels were drawn from."""

from __future__ import annotations

from shown.words import table


def likelihoods(report: dict) -> str:
    """A line per set and head: log loss beside the truth's and the baseline's, and the share of labels held."""
    rows = []
    for name, one in report.items():
        for head, found in one["summary"].items():
            loss, closed = "–", "–"
            if "excess" in found:
                loss, closed = f"{found['log_loss']:.4f}", f"{found['closed']:.1%}"
            held = f"{found['coverage']:.1%}" if "coverage" in found else "–"
            truth = f"{found['true_log_loss']:.4f}"
            rows.append([name, f"`{head}`", loss, truth, _excess(found), closed, held])
    titles = [
        *("set", "head", "log loss", "the truth's", "above it: mean, worst seed"),
        *("from baseline to truth", "coverage of 90 %"),
    ]
    return table(titles, rows)


def hidden_chains(report: dict) -> str:
    """A line per head: log loss and accuracy beside the truth's, and those of who sees less."""
    names = {"steps": "each step", "chain": "the whole sequence (`chain`)"}
    rows = []
    for head, found in report["summary"].items():
        ours, truth = found["metrics"], found["truth"]
        less = [f"{found[who]['log_loss']:.4f}" for who in ("own number", "baseline")]
        rows.append(
            [
                names[head],
                sum(one["head"] == head for one in report["fits"]),
                *(f"{one['log_loss']:.4f}" for one in (ours, truth)),
                _excess(found),
                *less,
                *(f"{one['step_accuracy']:.3f}" for one in (ours, truth)),
            ]
        )
    titles = [
        *("log loss of", "seeds", "Torso", "the truth's", "above it: mean, worst seed"),
        *("step's own number alone", "baseline", "step accuracy", "the truth's"),
    ]
    return table(titles, rows)


def _excess(found: dict) -> str:
    excess = found.get("excess")
    return f"{excess['mean']:.1%}, {excess['worst']:.1%}" if excess else "–"


PAGES = {
    "docs/heads.md": {"likelihoods": likelihoods},
    "docs/tagging.md": {"hidden_chains": hidden_chains},
}
