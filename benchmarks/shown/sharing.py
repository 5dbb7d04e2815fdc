"""docs/sharing.md: sharings against each other, and MMoE's published experiment again."""

from __future__ import annotations

from shown.words import spread, table


def sharing_race(report: dict) -> str:
    """A line per entry: mean score of each data set's tasks, and what it is above `hard` and a model per task."""
    blocks = {
        name: one for name, one in report.items() if isinstance(one, dict) and "verdict" in one
    }
    names = list(dict.fromkeys(label for one in blocks.values() for label in one["entries"]))
    rows = []
    for label in names:
        cells = [label]
        for one in blocks.values():
            entry = one["entries"].get(label)
            cells.append(spread(entry["scores"]["mean"]) if entry else "–")
            for against in ("hard", "separate"):
                gap = entry and entry.get(f"minus {against}")
                cells.append(spread(gap["mean"], "+") if gap else "–")
        rows.append(cells)
    titles = [title for name in blocks for title in (name, "less `hard`", "less `separate`")]
    return table(["entry", *titles], rows)


def mmoe(report: dict) -> str:
    """A line per correlation: the errors, and the shared bottom's less MMoE's."""
    first = next(iter(report["correlations"].values()))
    rows = []
    for correlation, one in report["correlations"].items():
        gap = spread(one["gap"]["shared bottom minus mmoe"], "+")
        rows.append([correlation, *map(spread, one["error"].values()), gap])
    return table(["correlation", *first["error"], "shared bottom less mmoe"], rows)


PAGES = {"docs/sharing.md": {"sharing_race": sharing_race, "published_mmoe": mmoe}}
