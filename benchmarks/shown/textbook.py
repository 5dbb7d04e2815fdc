"""docs/textbook.md, docs/zh/textbook.md: of each race the lines that answer the chapter's question."""

from __future__ import annotations

from statistics import fmean

from shown.balancing import multi_mnist
from shown.fusion import RACES
from shown.words import spread, table

FAMILIES = ("parallel", "sequential", "hierarchical")


def sharing(report: dict) -> str:
    """A line per idea of sharing: what it is above one trunk for all."""
    shown = ("separate", "soft", "film", "lora", "mmoe", "cgc", "cross_stitch")
    data = [name for name, one in report.items() if isinstance(one, dict) and "verdict" in one]
    rows = [
        [f"`{label}`"]
        + [spread(report[name]["entries"][label]["minus hard"]["mean"], "+") for name in data]
        for label in shown
    ]
    return table(["less `hard`", *data], rows)


def _family(label: str) -> str:
    from torso.fusion import Fusion

    name = label.partition(",")[0].partition(" of ")[0]
    return Fusion.registry.find(name).family


def _mean(entry: dict) -> float:
    return entry["scores"]["mean"]["mean"]


def fusion(report: dict) -> str:
    """A line per family and data set: its best entry, and what it is above the default."""
    default = report["default"]
    rows = []
    for kind in (*FAMILIES, "best single"):
        cells = [kind]
        for name in RACES:
            entries = report[name]["entries"]
            own = {
                label: entry
                for label, entry in entries.items()
                if label != default
                and ("alone" in label) == (kind == "best single")
                and ("alone" in label or _family(label) == kind)
            }
            best = max(own, key=lambda label, own=own: _mean(own[label]))
            gap = spread(own[best][f"minus {default}"]["mean"], "+")
            cells += [f"{best} {gap}"]
        rows.append(cells)
    titles = [f"{name}: best, less `{default}`" for name in RACES]
    return table(["family", *titles], rows)


def missing(report: dict) -> str:
    """A line per way of training: points against models of the subsets."""
    shown = ("nothing hidden", "dropout 0.3", "dropout 0.5", "dropout 0.5, 4 x epochs")
    data = [name for name in RACES if name in report]
    rows = [
        [way, *(f"{report[name]['verdict'][way]['mean']:+.1f}" for name in data)] for way in shown
    ]
    return table(["hidden in training", *data], rows)


def advice(report: dict) -> str:
    """A line per kind of advice: on how many tables, and the mean gain of it and of the search's best."""
    groups: dict[str, list[dict]] = {}
    for own in report["tables"].values():
        if own["tasks"] > 1:
            kept = own["advice"] == "all together"
            groups.setdefault("all together" if kept else "groups", []).append(own)
    rows = [
        [
            kind,
            len(tables),
            *(
                f"{fmean(own['test'][side][0] for own in tables):+.1f} %"
                for side in ("advice", "best")
            ),
        ]
        for kind, tables in groups.items()
    ]
    return table(
        ["advice", "tables", "mean Δm of the advice", "mean Δm of the search's best"], rows
    )


BLOCKS = {
    "textbook_sharing": sharing,
    "textbook_fusion": fusion,
    "textbook_missing": missing,
    "textbook_balancing": multi_mnist,
    "textbook_advice": advice,
}
PAGES = {"docs/textbook.md": BLOCKS, "docs/zh/textbook.md": BLOCKS}
REPORTS = {
    "textbook_sharing": "sharing_race",
    "textbook_fusion": "fusion_race",
    "textbook_missing": "missing",
    "textbook_balancing": "published_multi_mnist",
    "textbook_advice": "advise_real",
}
