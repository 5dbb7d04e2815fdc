"""docs/advise.md: advice on real tables beside a wide search."""

from __future__ import annotations

from shown.words import table

__all__ = ["PAGES"]


def advise_real(report: dict) -> str:
    """A line per table: what was advised, the best that the search found, Δm of both on test rows, and the costs."""
    rows = []
    for name, own in report["tables"].items():
        if own["tasks"] < 2:
            rows.append([name, 1, own["advice"], "–", "–", "–", "–", "–"])
            continue
        tried = f"{'all ' if own['every_partition'] else ''}{own['tried']}"
        sides = [_delta(own["test"][side]) for side in ("advice", "best")]
        rows.append(
            [
                name,
                own["tasks"],
                _groups(own["advice"]),
                _groups(own["best"]),
                *sides,
                tried,
                f"{own['cost_ratio']:.2f}",
            ]
        )
    titles = ["table", "tasks", "advice", "best found", "Δm of the advice, %", "Δm of the best, %"]
    return table([*titles, "partitions tried", "cost of the advice over the search's"], rows)


def _groups(groups: str | list[list[str]] | list[int]) -> str:
    if isinstance(groups, str):
        return groups
    sizes = sorted((own if isinstance(own, int) else len(own) for own in groups), reverse=True)
    return f"groups of {', '.join(map(str, sizes))}"


def _delta(said: list[float]) -> str:
    value, low, high = said
    return "0" if value == low == high == 0 else f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


PAGES = {"docs/advise.md": {"advise_real": advise_real}}
