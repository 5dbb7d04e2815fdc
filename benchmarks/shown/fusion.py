"""docs/fusion.md: fusions against each other, and with modalities missing."""

from __future__ import annotations

from statistics import fmean

from shown.words import spread, table

RACES = ("talking_stamps", "mosi", "av_digits")


def fusion_race(report: dict) -> str:
    """A line per entry: mean score of each data set's tasks with its interval, best on the first set on top."""
    blocks = {name: report[name] for name in RACES if "verdict" in report.get(name, {})}
    names = list(dict.fromkeys(label for one in blocks.values() for label in one["entries"]))

    def means(label: str) -> list[float]:
        found = (one["entries"].get(label) for one in blocks.values())
        return [one["scores"]["mean"]["mean"] if one else -1.0 for one in found]

    rows = []
    for label in sorted(names, key=means, reverse=True):
        cells = [label]
        for one in blocks.values():
            entry = one["entries"].get(label)
            gap = entry and entry.get(f"minus {report['default']}")
            cells += [spread(entry["scores"]["mean"]) if entry else "–"]
            cells += [spread(gap["mean"], "+") if gap else "–"]
        rows.append(cells)
    titles = [title for name in blocks for title in (name, f"less `{report['default']}`")]
    return table(["entry", *titles], rows)


def fusion_verdict(report: dict) -> str:
    """A line per data set, setting and task: the best, the default, and whether it is within the interval."""
    rows = []
    for name in RACES:
        for setting, tasks in report.get(name, {}).get("verdict", {}).items():
            for task, one in tasks.items():
                if task == "mean" and len(tasks) == 2:
                    continue
                best, default = f"{one['best']} {spread(one['score'])}", one["default"]["mean"]
                less = spread(one["default minus best"], "+")
                within = "yes" if one["within"] else "no"
                shown = (best, f"{default:.3f}", within, less, one["best single"])
                rows.append([name, setting, task, *shown])
    titles = [
        *("data", "tokens", "task", "best", "the default", "within"),
        *("default less best, paired", "best single"),
    ]
    return table(titles, rows)


def missing(report: dict) -> str:
    """A line per data set and way: points against the models of the subsets, and what misses the bar."""
    rows = []
    for name in RACES:
        for way, one in report.get(name, {}).get("verdict", {}).items():
            missed = ", ".join(one["missed"]) if len(one["missed"]) <= 4 else "many"
            below = f"{len(one['missed'])} of {one['cells']}{': ' + missed if missed else ''}"
            rows.append([name, way, f"{one['mean']:+.1f}", below, len(one["missed for sure"])])
    titles = ["data", "hidden in training", "mean", "more than 2 points below"]
    return table([*titles, "of them surely"], rows)


def missing_default(report: dict) -> str:
    """A line per data set and subset of its modalities: the default run with and without plain models; means over tasks."""
    rows = []
    for name in RACES:
        verdict = report.get(name, {}).get("verdict")
        if not verdict:
            continue
        subsets: dict[str, list[dict]] = {}
        for cell, one in verdict["cells"].items():
            subsets.setdefault(cell.rpartition(": ")[0], []).append(one)
        limit = report[name].get("epochs")
        about = f"{name}, {verdict['seeds']} seed{'s' if verdict['seeds'] > 1 else ''}"
        about += f", {limit} epochs" if limit else ""
        for subset, cells in subsets.items():
            columns = ("kept", "network", "blended")
            kept, network, blended = (fmean(one[way] for one in cells) for way in columns)
            scores = (f"{kept:.3f}", f"{network:.3f}", f"{blended:.3f}", f"{blended - kept:+.3f}")
            rows.append([about, subset, *scores])
    titles = ["data", "present at test", "best of the ways above", "network alone"]
    return table([*titles, "with plain models", "less the best"], rows)


PAGES = {
    "docs/fusion.md": {
        "fusion_race": fusion_race,
        "fusion_verdict": fusion_verdict,
        "missing": missing,
        "missing_default": missing_default,
    }
}
