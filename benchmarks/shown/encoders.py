"""docs/encoders.md: encoders against each other, pretrained ones, video."""

from __future__ import annotations

import statistics

from shown.words import measured, spread, table, word


def encoders(report: dict) -> str:
    """A line per set and encoder: accuracy, lead over the default, weights and seconds."""
    rows = []
    for name in ("fashion", "fsdd", "waves"):
        for place, (choice, one) in enumerate(report[name]["means"].items()):
            led = spread(one["over_default"], "+") if place else "–"
            size, seconds = f"{one['parameters']:,}", f"{one['cpu_s']:.0f}"
            rows.append([name, choice, spread(one["accuracy"]), led, size, seconds])
    return table(
        ["set", "encoder", "accuracy", "over the default", "weights", "seconds a fit"], rows
    )


def default_race(report: dict) -> str:
    """A line per race and encoder: score, lead over the default of its form, seconds."""
    rows = []
    for name in ("stamps", "emoji", "mosi", "adult"):
        for race, choices in report.get(name, {}).get("verdict", {}).items():
            for choice, one in choices.items():
                own = ", ".join(dict.fromkeys(one["encoders"].values()))
                shown = f"{own}, the default" if choice == "default" else choice
                led = "–" if choice == "default" else spread(one["over_default"], "+")
                metric, seconds = f"{one['target']} {word(one['metric'])}", f"{one['cpu_s']:.0f}"
                rows.append([name, race, shown, metric, spread(one["score"]), led, seconds])
    return table(
        ["set", "reads", "encoder", "metric", "score", "over the default", "seconds a fit"], rows
    )


def pretrained(report: dict) -> str:
    """Speed in two lines, then a line per task: the first seed's intervals and the means, beside from scratch."""
    rows = [
        [
            task,
            word(scores["metric"]),
            measured(scores["intervals"][0]),
            measured(scores["intervals_from_scratch"][0]),
            f"{scores['mean']:.3f} / {scores['from_scratch']:.3f}",
        ]
        for task, scores in report["tasks"].items()
    ]
    means = f"means of {len(report['runs'])} seeds"
    titles = ["task", "metric", "frozen, 95 % interval", "from scratch, 95 % interval", means]
    return f"{_once(report['speed'])}\n\n{table(titles, rows)}"


def _once(speed: dict) -> str:
    """A line per value of `once`: seconds an epoch, and what is lost by it."""
    seconds = {once: statistics.median(taken) for once, taken in speed["seconds_per_epoch"].items()}
    rows = [["`never`", f"{seconds['never']:.1f}", "1", "–", "–"]]
    for once in ("float32", "float16"):
        apart = speed["differences"][once]
        rows.append(
            [
                f"`{once}`",
                f"{seconds[once]:.2f}",
                f"{speed['times_faster'][once]:.0f}",
                f"{apart['first_epoch_loss']:.0e}",
                f"{apart['median_probability']:.0e}, {apart['greatest_probability']:.0e}",
            ]
        )
    titles = [
        "`once`",
        f"seconds an epoch, {speed['rows_trained']:,} rows",
        "times faster",
        "losses of the first epoch apart",
        f"probabilities apart after {speed['epochs']}: median, greatest",
    ]
    return table(titles, rows)


def moving_digits(report: dict) -> str:
    """A line per task: the first seed's intervals, the means over seeds, what is written by hand, the blind guess."""
    means = report["means"]
    ways = ("video", "without motion", "mean frame", "by hand", "blind")
    rows = [
        [task, measured(one), *(f"{means[way][task]:.3f}" for way in ways)]
        for task, one in report["runs"][0]["video"].items()
        if task in means["video"]
    ]
    titles = [
        *("task", "video and voice, 95 % interval", f"mean of {len(report['runs'])} seeds"),
        *("`motion: false`", "mean frame", "by hand", "majority"),
    ]
    return table(titles, rows)


PAGES = {
    "docs/encoders.md": {
        "encoders": encoders,
        "default_race": default_race,
        "pretrained": pretrained,
        "moving_digits": moving_digits,
    }
}
