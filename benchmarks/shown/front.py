"""README.md: the talking stamps, the speed beside Ludwig's, the demo."""

from __future__ import annotations

from shown.words import measured, table, word


def stamps(report: dict) -> str:
    """One line per task: the first seed's interval, the mean over seeds, the best plain baseline."""
    first = report["runs"][0]
    rows = []
    for task, scores in first["tasks"].items():
        name = scores["headline"]
        plain = first["baselines"].get(task) or {scores["against"]: scores["baseline"][name]}
        others = ", ".join(f"{label} {value:.3f}" for label, value in plain.items())
        mean = report["means"][task]["mean"]
        rows.append([task, word(name), measured(scores["metrics"][name]), f"{mean:.3f}", others])
    over = f"mean of {len(report['runs'])} seeds"
    head = ["task", "metric", "value, 95 % interval", over, "plain baselines, same split"]
    named = ", ".join(f"`{setting}`" for setting in report["settings"])
    encoders = first["encoders"].items()
    hub = [name for name, spec in encoders if isinstance(spec, dict) and spec["type"] == "hub"]
    minutes = sum(run["cpu_s"] for run in report["runs"]) / len(report["runs"]) / 60
    return (
        f"{table(head, rows)}\n\nA default run but for {named}: {minutes:.0f} CPU minutes, beside other work. Pretrained encoders "
        f"that were at hand read: {', '.join(hub) or 'none of the columns'}."
    )


def speed(report: dict) -> str:
    """Ours beside Ludwig's, one figure a line."""
    fit, ludwig = report["fit"], report.get("ludwig", {})
    modes = ludwig.get("image_mode", {})
    rates = {name: mode["training"]["rows_per_s"] for name, mode in modes.items()}
    rows = [
        (
            f"training, rows/s ({fit['parameters']:,} parameters; Ludwig {ludwig['parameters']['all']:,}, no audio)",
            f"{fit['warm_cache']['train_rows_per_s']:,.0f}",
            ", ".join(f"{rate:,.0f} ({name})" for name, rate in rates.items()),
        ),
        (
            "one row, ms (ours from raw bytes, Ludwig's from paths)",
            f"{report['one_row_from_bytes']['median_ms']:.1f}",
            f"{min(m['one_row']['median_ms'] for m in modes.values() if 'one_row' in m):.1f}",
        ),
        (
            "1,000 rows from files, rows/s (ours with recordings, Ludwig without)",
            f"{report['thousand_rows']['raw_files_rows_per_s']:,.0f}",
            f"{max(m['batch']['rows_per_s'] for m in modes.values() if 'batch' in m):,.0f}",
        ),
        (
            "1,000 rows from the cache, rows/s",
            f"{report['thousand_rows']['from_cache_rows_per_s']:,.0f}",
            "–",
        ),
        (
            "import, CPU s",
            f"{report['start_up']['import_cpu_s']:.2f}",
            f"{ludwig['import']['cpu_s']:.2f}",
        ),
        (
            "rows lost where 20 % of each of three labels is missing",
            _lost(report["rows_with_20_%_of_labels_missing"]),
            f"{ludwig['missing_labels']['dropped']} of {ludwig['missing_labels']['rows']}",
        ),
    ]
    return table(["what", "Torso", "Ludwig 0.17.10, same machine, same run"], rows)


def _lost(used: dict) -> str:
    return f"{used['training'] - used['used']} of {used['training']} (those without any label)"


def demo(printed: str) -> str:
    """The end of what `torso demo` printed, three lines per task."""
    lines = [line.removeprefix(" ").rstrip() for line in printed.splitlines()]
    start = next(i for i, line in enumerate(lines) if line.startswith("labels used"))
    place = next(i for i, line in enumerate(lines) if line.startswith("task  "))
    said = next(i for i, line in enumerate(lines) if line.startswith("One model"))
    shown, count = [], 0
    for line in lines[place + 2 :]:
        if line.startswith("The baseline"):
            break
        count = count + 1 if line else 0
        if 0 < count <= 3:
            shown.append(line)
        elif count == 4:
            shown.append("…")
    kept = [*lines[start : said + 1], *lines[place : place + 2], *shown]
    return "\n".join(["```console", "$ make demo", "…", *kept, "```"])


def race(report: dict) -> str:
    """Ours over Ludwig's in CPU seconds of one thread: rates, and the time to Ludwig's final score."""
    titles = {"as_ludwig": "no audio, as Ludwig", "with_tones": "audio besides"}
    modes = ("eager", "lazy", "lazy_cached")
    rows = []
    for name, title in titles.items():
        ratios = report["ratios_least_median_most"][name]
        first = report["rounds"][0]["torso"][name]
        rows.append(
            [
                f"{title} ({first['parameters']:,} parameters)",
                *(_spread(ratios[f"{mode}_cpu"]) for mode in modes),
                "; ".join(_times(each["ratios"][name]) for each in report["rounds"]),
            ]
        )
    return table(
        [
            "training rate, Torso / Ludwig",
            *modes,
            "seconds to Ludwig's score, of its best epoch's, by seed",
        ],
        rows,
    )


def race_by_clock(report: dict) -> str:
    """Ours over Ludwig's by the clock, several threads for both."""
    ratios = report["ratios_least_median_most"]["as_ludwig"]
    modes = ("eager", "lazy", "lazy_cached")
    head = [f"training rate by the clock, {report['threads']} threads, Torso / Ludwig", *modes]
    return table(
        head, [["no audio, as Ludwig", *(_spread(ratios[f"{mode}_wall"]) for mode in modes)]]
    )


def _spread(values: list[float]) -> str:
    least, median, most = values
    return f"{median:.2f} ({least:.2f} to {most:.2f})"


def _times(ratios: dict) -> str:
    return "not reached" if ratios["time_to_score"] is None else f"{ratios['time_to_score']:.2f}"


PAGES = {
    "README.md": {
        "talking_stamps": stamps,
        "speed": speed,
        "training_race": race,
        "training_race_two_threads": race_by_clock,
    }
}
