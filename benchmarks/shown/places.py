"""docs/dense.md and docs/tracking.md: masks, boxes and tracks beside connected components."""

from __future__ import annotations

from shown.words import measured, spread, table


def dense(report: dict) -> str:
    """A line per noise and method: the first seed's intervals; the mean over the seeds where there are several."""
    runs = report["runs"]
    seeds = len({run["seed"] for run in runs})
    rows = []
    for run in runs:
        if run["seed"] != runs[0]["seed"]:
            continue
        for who in ("torso", "components"):
            means = report["means"][str(run["noise"])][who]
            cells = [
                (measured(one) if "low" in one else f"{one['value']:.3f}")
                + (f", mean {means[name][0]:.3f}" if seeds > 1 else "")
                for name, one in _found(run[who]).items()
            ]
            rows.append([f"{run['noise']:g}", who, *cells])
    titles = ["noise", "method", "mean IoU of masks", "without background", "AP of boxes"]
    return table([*titles, "count error"], rows)


def _found(one: dict) -> dict[str, dict]:
    area, digits = one["area"], one["digits"]
    return {
        "mean_iou": area["mean_iou"],
        "mean_iou_of_digits": {"value": area["digits"]},
        "average_precision": digits["average_precision"],
        "count_error": digits["count_error"],
    }


def tracking(report: dict) -> str:
    """A line per method: means with their intervals over the seeds, the lead last."""
    metrics = ("average_precision", "idf1", "mota", "identity_switches")
    means = report["means"]
    rows = [
        [who, *(spread(one[name], "+" if " over " in who else "") for name in metrics)]
        for who, one in means.items()
    ]
    blind = [report["runs"][0]["torso"]["blind"][name] for name in metrics]
    rows.append(["sees no video", *("–" if one is None else f"{one:.3f}" for one in blind)])
    seeds = len(report["runs"])
    titles = ["AP of tracks", "IDF1", "MOTA", "identity switches per clip"]
    return table([f"method, {seeds} seeds", *titles], rows)


PAGES = {"docs/dense.md": {"dense": dense}, "docs/tracking.md": {"tracking": tracking}}
