"""docs/balancing.md: what a step costs, what the model is worth, the published experiments again."""

from __future__ import annotations

from shown.words import spread, table


def balancing(report: dict) -> str:
    """A line per model and number of tasks: steps in plain steps, memory over that of a plain step."""
    every = table(
        [
            *("model", "tasks", "`sketch`", "`exact`", "K backward passes", "best of TorchJD"),
            "memory: sketch, exact, TorchJD",
        ],
        map(_costs, report["rows"]),
    )
    few = table(
        ["model", "tasks", "labels per row", "`sketch`", "`exact`", "K backward passes"],
        map(_costs_of_few, report["few_labels"]),
    )
    return f"{every}\n\nWhere each row has labels for few of the tasks:\n\n{few}"


def _costs(row: dict) -> list[object]:
    found = row["candidates"]
    rivals = {name: one for name, one in found.items() if name.startswith("torchjd")}
    best = min(rivals.values(), key=lambda one: one["ratio"])
    steps = [found["upgrad sketch"], found["upgrad exact"], found["floor"], best]
    plain = found["plain"]["peak_mb"]
    memory = [f"{one['peak_mb'] / plain:.2f}" for one in (steps[0], steps[1], best)]
    ratios = [f"{one['ratio']:.2f}" for one in steps]
    return [row["model"], row["tasks"], *ratios, ", ".join(memory)]


def _costs_of_few(row: dict) -> list[object]:
    found = (row["candidates"][name] for name in ("upgrad sketch", "upgrad exact", "floor"))
    ratios = [f"{one['ratio']:.2f}" for one in found]
    return [row["model"], row["tasks"], row["labels_per_row"], *ratios]


def quality(report: dict) -> str:
    """A line per data set and task: means over the seeds with 95 % intervals."""
    ways = ("exact", "sketch", "equal")
    rows = [
        [data, task, *(spread(modes[way]) for way in ways)]
        for data in ("multi_mnist", "fashion_mnist", "talking_stamps")
        for task, modes in report.get(data, {}).get("tasks", {}).items()
    ]
    return table(["data", "task", *(f"`{way}`" for way in ways)], rows)


def multi_mnist(report: dict) -> str:
    """A line per method: accuracy in percent of both places, beside the paper's."""
    rows = []
    for name, one in report["methods"].items():
        shown = [f"{one[k]['mean']:.2f} ± {one[k]['std']:.2f}" for k in ("left", "right")]
        paper = " / ".join(f"{value:.2f}" for value in one["paper"]) if one["paper"] else "–"
        rows.append([f"`{name}`", *shown, paper])
    return table(["method", "left", "right", "the paper's"], rows)


def toy(report: dict) -> str:
    """A line per number of starts from which the front was reached: the methods."""
    count = len(report["starts"])
    rows = []
    for reached in range(count, -1, -1):
        names = [f"`{n}`" for n, one in report["methods"].items() if one["reached"] == reached]
        if names:
            rows.append([f"{reached} of {count}", ", ".join(names)])
    return table(["reached from", "methods"], rows)


PAGES = {
    "docs/balancing.md": {
        "balancing": balancing,
        "balancing_quality": quality,
        "published_multi_mnist": multi_mnist,
        "published_toy": toy,
        "published_toy_unclipped": toy,
    }
}
