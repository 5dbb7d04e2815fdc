"""docs/decisions.md and docs/small_tables.md: tables of numbers beside plain methods."""

from __future__ import annotations

from shown.words import spread, table, word


def tables(report: dict) -> str:
    """A line per table and figure: Torso's mean over the seeds, and the best plain method's."""
    rows = [
        [name, *_beside_plain(metric, methods)]
        for data in ("adult", "mosi")
        for name, metrics in report[data]["summary"].items()
        for metric, methods in metrics.items()
    ]
    return table(["table", "figure", "Torso", "best plain method"], rows)


def _beside_plain(metric: str, methods: dict) -> tuple[str, str, str]:
    plain = {
        label: one["mean"]
        for label, one in methods.items()
        if isinstance(one, dict) and not label.startswith("torso")
    }
    best = max(plain, key=lambda one: plain[one])
    own = methods["torso"]["mean"]
    mine, theirs = f"{own:.3f}", f"{plain[best]:.3f}"
    mine, theirs = (f"**{mine}**", theirs) if own > plain[best] else (mine, f"**{theirs}**")
    return " ".join(map(word, metric.rsplit(" ", 1))), mine, f"{theirs} {best}"


def multi_target(report: dict) -> str:
    """A line per set: each method's mean, and the default run's paired lead over the best of the others."""
    blocks = {name: one for name, one in report["sets"].items() if "verdict" in one}
    names = list(next(iter(blocks.values()))["verdict"]["scores"])[:2]
    names += ["linear", "gradient boosting", "random forest"]
    rows = []
    for name, block in blocks.items():
        scores = {
            {"elastic net": "linear", "logistic regression": "linear"}.get(label, label): one
            for label, one in block["verdict"]["scores"].items()
        }
        others = {label: one["mean"] for label, one in scores.items() if label in names[2:]}
        best = (max if block["more is better"] else min)(others, key=lambda one: others[one])
        leads = block["verdict"]["torso is better by"]
        lead = leads.get(best) or leads.get("elastic net") or leads["logistic regression"]
        size = f"{block['rows']:,}, {block['inputs']}, {block['targets']}"
        rows.append([name, size, *_means(scores, names), f"{best}: {spread(lead, '+')}"])
    titles = ["set", "rows, inputs, targets", *names]
    return table([*titles, "`torso` better than the best other by"], rows)


def small_tables(report: dict) -> str:
    """A line per set: each way's mean, and the default run's paired leads."""
    ways = ["torso", "as before", "weights not averaged", "ridge", "random forest"]
    rows = []
    for name, block in report["sets"].items():
        scores, leads = block["verdict"]["scores"], block["verdict"]["torso is better by"]
        if len({seed for seed, done in block["runs"].items() if "torso" in done}) < 3:
            continue
        led = [spread(leads[one], "+") if one in leads else "–" for one in ("as before", "ridge")]
        star = " \\*" if name in report["chosen on"] else ""
        size = f"{block['rows']:,}, {block['inputs']}"
        rows.append([f"{name}{star}", size, *_means(scores, ways), *led])
    titles = ["set", "rows, inputs", *ways, "better than before by", "than ridge by"]
    return table(titles, rows)


def recipe(report: dict) -> str:
    """A line per change: its loss less the default's, in how many tables, with what it costs."""
    rows = []
    for name, said in report["changes"].items():
        better = f"{said['better']}, {said['worse']} of {said['targets']}"
        tables = ", ".join(f"{table} {value:+.3f}" for table, value in said["by_table"].items())
        rows.append([name, spread(said["difference"], "+"), better, tables, f"{said['cpu']:.2f}"])
    titles = ["change", "loss less the default's", "better, worse", "mean of each table", "CPU"]
    return table(titles, rows)


def beside_before(report: dict) -> str:
    """A line per set: the default run of before, today's, its lead, and CPU seconds of both."""
    rows = []
    for name, block in report["sets"].items():
        said = block["verdict"]
        lead = f"{said['lead']:+.3f}"
        if said["interval"]:
            lead += " [{:+.3f}, {:+.3f}]".format(*said["interval"])
        figures = [f"{said[when]:.3f}" for when in ("before", "now")]
        seconds = f"{said['cpu_s before']:.0f}, {said['cpu_s']:.0f}"
        rows.append([name, said["metric"], str(said["seeds"]), *figures, lead, seconds])
    return table(["set", "figure", "seeds", "before", "now", "better by", "CPU s"], rows)


def coverage(report: dict) -> str:
    """A line per target of the exam that has intervals."""
    rows = [
        [
            name,
            target,
            f"{said['rows']:,}",
            f"{said['level']:.2f}",
            f"{said['coverage']:.3f} [{said['interval'][0]:.3f}, {said['interval'][1]:.3f}]",
        ]
        for name, block in report["tables"].items()
        for target, said in block["targets"].items()
    ]
    return table(["table", "target", "test rows", "promised", "held"], rows)


def _means(scores: dict, names: list[str]) -> list[str]:
    return [f"{scores[name]['mean']:.3f}" if name in scores else "–" for name in names]


def operator_threads(report: dict) -> str:
    """A line per network: its work, milliseconds of a step with one thread and with all, and what is chosen."""
    rows = []
    for name, one in sorted(report["networks"].items(), key=lambda item: item[1]["millions"]):
        alone, every = one["step_ms"].values()
        figures = (f"{one['millions']:.0f}", f"{alone:.1f}", f"{every:.1f}")
        rows.append([name, *figures, f"{one['all_over_one']:.2f}", str(one["chosen"])])
    titles = ["table", "million multiplications a batch", "one thread, ms a step"]
    return table([*titles, "two threads", "two over one", "chosen"], rows)


PAGES = {
    "docs/small_tables.md": {
        "small_tables": small_tables,
        "multi_target": multi_target,
        "recipe": recipe,
    },
    "docs/decisions.md": {"tables": tables, "operator_threads": operator_threads},
    "docs/plain.md": {"beside_before": beside_before, "coverage": coverage},
}
