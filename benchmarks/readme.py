"""Put the measured figures into README.md and docs/, between `<!-- results:NAME -->` and `<!-- /results -->`.

    python benchmarks/readme.py
    COLUMNS=100 torso demo > demo.txt; python benchmarks/readme.py --demo demo.txt

Nobody types a figure: they come from results/*.json, and the demo's from what it printed.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def stamps(report: dict) -> str:
    """One line per task: the first seed's interval, the mean over seeds, the best plain baseline."""
    lines = [
        "| task | metric | value, 95 % interval | mean of {} seeds | plain baselines, same split |".format(
            len(report["runs"])
        ),
        "| --- | --- | --- | --- | --- |",
    ]
    first = report["runs"][0]
    for task, scores in first["tasks"].items():
        name = scores["headline"]
        one = scores["metrics"][name]
        mean = report["means"][task]
        plain = first["baselines"].get(task) or {scores["against"]: scores["baseline"][name]}
        others = ", ".join(f"{label} {value:.3f}" for label, value in plain.items())
        lines.append(
            f"| {task} | {_word(name)} | {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}] "
            f"| {mean['mean']:.3f} | {others} |"
        )
    return "\n".join(lines)


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
            "1,000 rows from files, rows/s",
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
    lines = ["| what | Torso | Ludwig 0.17.10, same machine, same run |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {a} | {b} | {c} |" for a, b, c in rows)])


def _lost(used: dict) -> str:
    return f"{used['training'] - used['used']} of {used['training']} (those without any label)"


def _word(metric: str) -> str:
    return {"r2": "R²", "auroc": "AUROC"}.get(metric, metric.replace("_", " "))


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


def balancing(report: dict) -> str:
    """A line per model and number of tasks: steps in plain steps, memory over that of a plain step."""
    lines = [
        "| model | tasks | `sketch` | `exact` | K backward passes | best of TorchJD | memory: sketch, exact, TorchJD |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in report["rows"]:
        found = row["candidates"]
        rivals = {name: one for name, one in found.items() if name.startswith("torchjd")}
        best = min(rivals.values(), key=lambda one: one["ratio"])
        steps = [found["upgrad sketch"], found["upgrad exact"], found["floor"], best]
        plain = found["plain"]["peak_mb"]
        memory = [f"{one['peak_mb'] / plain:.2f}" for one in (steps[0], steps[1], best)]
        ratios = " | ".join(f"{one['ratio']:.2f}" for one in steps)
        lines.append(f"| {row['model']} | {row['tasks']} | {ratios} | {', '.join(memory)} |")
    lines += ["", "Where each row has labels for few of the tasks:", ""]
    lines += ["| model | tasks | labels per row | `sketch` | `exact` | K backward passes |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for row in report["few_labels"]:
        found = (row["candidates"][name] for name in ("upgrad sketch", "upgrad exact", "floor"))
        ratios = " | ".join(f"{one['ratio']:.2f}" for one in found)
        lines.append(f"| {row['model']} | {row['tasks']} | {row['labels_per_row']} | {ratios} |")
    return "\n".join(lines)


def quality(report: dict) -> str:
    """A line per data set and task: means over the seeds with 95 % intervals."""
    lines = ["| data | task | `exact` | `sketch` | `equal` |", "| --- | --- | --- | --- | --- |"]
    for data in ("multi_mnist", "fashion_mnist", "talking_stamps"):
        for task, modes in report.get(data, {}).get("tasks", {}).items():
            shown = (
                f"{modes[mode]['mean']:.3f} [{modes[mode]['low']:.3f}, {modes[mode]['high']:.3f}]"
                for mode in ("exact", "sketch", "equal")
            )
            lines.append(f"| {data} | {task} | {' | '.join(shown)} |")
    return "\n".join(lines)


def multi_mnist(report: dict) -> str:
    """A line per method: accuracy in percent of both places, beside the paper's."""
    lines = ["| method | left | right | the paper's |", "| --- | --- | --- | --- |"]
    for name, one in report["methods"].items():
        shown = (f"{one[k]['mean']:.2f} ± {one[k]['std']:.2f}" for k in ("left", "right"))
        paper = " / ".join(f"{value:.2f}" for value in one["paper"]) if one["paper"] else "–"
        lines.append(f"| `{name}` | {' | '.join(shown)} | {paper} |")
    return "\n".join(lines)


def toy(report: dict) -> str:
    """A line per number of starts from which the front was reached: the methods."""
    count = len(report["starts"])
    lines = ["| reached from | methods |", "| --- | --- |"]
    for reached in range(count, -1, -1):
        names = [f"`{n}`" for n, one in report["methods"].items() if one["reached"] == reached]
        if names:
            lines.append(f"| {reached} of {count} | {', '.join(names)} |")
    return "\n".join(lines)


def pretrained(report: dict) -> str:
    """Speed in two lines, then a line per task: the first seed's intervals and the means, beside from scratch."""
    speed, first = report["speed"], report["speed"]["seconds_per_epoch"]
    seconds = {once: statistics.median(taken) for once, taken in first.items()}
    lines = [
        f"| `once` | seconds an epoch, {speed['rows_trained']:,} rows | times faster | losses of the first epoch apart | probabilities apart after {speed['epochs']}: median, greatest |",
        "| --- | --- | --- | --- | --- |",
        f"| `never` | {seconds['never']:.1f} | 1 | – | – |",
    ]
    lines += [
        f"| `{once}` | {seconds[once]:.2f} | {speed['times_faster'][once]:.0f} "
        f"| {speed['differences'][once]['first_epoch_loss']:.0e} "
        f"| {speed['differences'][once]['median_probability']:.0e}, "
        f"{speed['differences'][once]['greatest_probability']:.0e} |"
        for once in ("float32", "float16")
    ]
    lines += [
        "",
        "| task | metric | frozen, 95 % interval | from scratch, 95 % interval | means of {} seeds |".format(
            len(report["runs"])
        ),
        "| --- | --- | --- | --- | --- |",
    ]
    for task, scores in report["tasks"].items():
        shown = [
            f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"
            for one in (scores["intervals"][0], scores["intervals_from_scratch"][0])
        ]
        means = f"{scores['mean']:.3f} / {scores['from_scratch']:.3f}"
        lines.append(f"| {task} | {_word(scores['metric'])} | {' | '.join(shown)} | {means} |")
    return "\n".join(lines)


RACES = ("talking_stamps", "mosi", "av_digits")


def fusion_race(report: dict) -> str:
    """A line per entry: mean score of each data set's tasks with its interval, best on the first set on top."""
    blocks = {name: report[name] for name in RACES if "verdict" in report.get(name, {})}
    names = list(dict.fromkeys(label for one in blocks.values() for label in one["entries"]))

    def means(label: str) -> list[float]:
        found = (one["entries"].get(label) for one in blocks.values())
        return [one["scores"]["mean"]["mean"] if one else -1.0 for one in found]

    titles = [f"{name} | less `{report['default']}`" for name in blocks]
    lines = [f"| entry | {' | '.join(titles)} |", f"| --- |{' --- |' * 2 * len(titles)}"]
    for label in sorted(names, key=means, reverse=True):
        cells = []
        for one in blocks.values():
            entry = one["entries"].get(label)
            gap = entry and entry.get(f"minus {report['default']}")
            cells += [_spread(entry["scores"]["mean"]) if entry else "–"]
            cells += [_spread(gap["mean"], "+") if gap else "–"]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def fusion_verdict(report: dict) -> str:
    """A line per data set, setting and task: the best, the default, and whether it is within the interval."""
    lines = [
        "| data | tokens | task | best | the default | within | default less best, paired | best single |"
    ]
    lines += ["| --- |" + " --- |" * 7]
    for name in RACES:
        for setting, tasks in report.get(name, {}).get("verdict", {}).items():
            for task, one in tasks.items():
                if task == "mean" and len(tasks) == 2:
                    continue
                lines.append(
                    f"| {name} | {setting} | {task} | {one['best']} {_spread(one['score'])} "
                    f"| {one['default']['mean']:.3f} | {'yes' if one['within'] else 'no'} "
                    f"| {_spread(one['default minus best'], '+')} | {one['best single']} |"
                )
    return "\n".join(lines)


def missing(report: dict) -> str:
    """A line per data set and way: points against the models of the subsets, and what misses the bar."""
    lines = ["| data | hidden in training | mean | more than 2 points below | of them surely |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for name in RACES:
        for way, one in report.get(name, {}).get("verdict", {}).items():
            missed = ", ".join(one["missed"]) if len(one["missed"]) <= 4 else "many"
            lines.append(
                f"| {name} | {way} | {one['mean']:+.1f} | {len(one['missed'])} of {one['cells']}"
                f"{': ' + missed if missed else ''} | {len(one['missed for sure'])} |"
            )
    return "\n".join(lines)


def _spread(one: dict, sign: str = "") -> str:
    return "{:{s}.3f} [{:{s}.3f}, {:{s}.3f}]".format(one["mean"], one["low"], one["high"], s=sign)


def sharing_race(report: dict) -> str:
    """A line per entry: mean score of each data set's tasks, and what it is above `hard` and a model per task."""
    blocks = {
        name: one for name, one in report.items() if isinstance(one, dict) and "verdict" in one
    }
    names = list(dict.fromkeys(label for one in blocks.values() for label in one["entries"]))
    titles = " | ".join(f"{name} | less `hard` | less `separate`" for name in blocks)
    lines = [f"| entry | {titles} |", f"| --- |{' --- |' * 3 * len(blocks)}"]
    for label in names:
        cells = []
        for one in blocks.values():
            entry = one["entries"].get(label)
            cells.append(_spread(entry["scores"]["mean"]) if entry else "–")
            for against in ("hard", "separate"):
                gap = entry and entry.get(f"minus {against}")
                cells.append(_spread(gap["mean"], "+") if gap else "–")
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def mmoe(report: dict) -> str:
    """A line per correlation: the errors, and the shared bottom's less MMoE's."""
    first = next(iter(report["correlations"].values()))
    lines = [f"| correlation | {' | '.join(first['error'])} | shared bottom less mmoe |"]
    lines.append(f"| --- |{' --- |' * (len(first['error']) + 1)}")
    for correlation, one in report["correlations"].items():
        cells = [_spread(some) for some in one["error"].values()]
        cells.append(_spread(one["gap"]["shared bottom minus mmoe"], "+"))
        lines.append(f"| {correlation} | {' | '.join(cells)} |")
    return "\n".join(lines)


def likelihoods(report: dict) -> str:
    """A line per set and head: log loss beside the truth's and the baseline's, and the share of labels held."""
    lines = [
        "| set | head | log loss | the truth's | above it: mean, worst seed | from baseline to truth | coverage of 90 % |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in report.items():
        for head, found in one["summary"].items():
            excess = found.get("excess")
            shown = (
                f"{found['log_loss']:.4f} | {found['true_log_loss']:.4f} "
                f"| {excess['mean']:.1%}, {excess['worst']:.1%} | {found['closed']:.1%}"
                if excess
                else f"– | {found['true_log_loss']:.4f} | – | –"
            )
            held = f"{found['coverage']:.1%}" if "coverage" in found else "–"
            lines.append(f"| {name} | `{head}` | {shown} | {held} |")
    return "\n".join(lines)


def hidden_chains(report: dict) -> str:
    """A line per head: log loss and accuracy beside the truth's, and those of who sees less."""
    lines = [
        "| log loss of | seeds | Torso | the truth's | above it: mean, worst seed | step's own number alone | baseline | step accuracy | the truth's |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    names = {"steps": "each step", "chain": "the whole sequence (`chain`)"}
    for head, found in report["summary"].items():
        ours, truth, excess = found["metrics"], found["truth"], found["excess"]
        seeds = sum(one["head"] == head for one in report["fits"])
        lines.append(
            f"| {names[head]} | {seeds} | {ours['log_loss']:.4f} | {truth['log_loss']:.4f} "
            f"| {excess['mean']:.1%}, {excess['worst']:.1%} | {found['own number']['log_loss']:.4f} "
            f"| {found['baseline']['log_loss']:.4f} | {ours['step_accuracy']:.3f} | {truth['step_accuracy']:.3f} |"
        )
    return "\n".join(lines)


def encoders(report: dict) -> str:
    """A line per set and encoder: accuracy, lead over the default, weights and seconds."""
    lines = [
        "| set | encoder | accuracy | over the default | weights | seconds a fit |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("fashion", "fsdd", "waves"):
        for place, (choice, one) in enumerate(report[name]["means"].items()):
            accuracy, lead = one["accuracy"], one["over_default"]
            led = f"{lead['mean']:+.3f} [{lead['low']:+.3f}, {lead['high']:+.3f}]"
            lines.append(
                f"| {name} | {choice} | {accuracy['mean']:.3f} [{accuracy['low']:.3f}, {accuracy['high']:.3f}] "
                f"| {led if place else '–'} | {one['parameters']:,} | {one['cpu_s']:.0f} |"
            )
    return "\n".join(lines)


def dense(report: dict) -> str:
    """A line per noise and method: the first seed's intervals; the mean over the seeds where there are several."""
    runs = report["runs"]
    seeds = len({run["seed"] for run in runs})
    lines = [
        "| noise | method | mean IoU of masks | without background | AP of boxes | count error |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for run in runs:
        if run["seed"] != runs[0]["seed"]:
            continue
        for who in ("torso", "components"):
            means = report["means"][str(run["noise"])][who]
            area, digits = run[who]["area"], run[who]["digits"]
            found = {
                "mean_iou": area["mean_iou"],
                "mean_iou_of_digits": {"value": area["digits"]},
                "average_precision": digits["average_precision"],
                "count_error": digits["count_error"],
            }
            cells = []
            for name, one in found.items():
                held = f" [{one['low']:.3f}, {one['high']:.3f}]" if "low" in one else ""
                mean = f", mean {means[name][0]:.3f}" if seeds > 1 else ""
                cells.append(f"{one['value']:.3f}{held}{mean}")
            lines.append(f"| {run['noise']:g} | {who} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tracking(report: dict) -> str:
    """A line per method, with the intervals over the clips."""
    metrics = ("average_precision", "idf1", "mota", "identity_switches")
    lines = ["| method | AP of tracks | IDF1 | MOTA | identity switches per clip |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for who in ("torso", "linked components"):
        found = [report[who][name] for name in metrics]
        cells = [f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in found]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    blind = [report["torso"]["blind"][name] for name in metrics]
    cells = ["–" if one is None else f"{one:.3f}" for one in blind]
    return "\n".join([*lines, f"| sees no video | {' | '.join(cells)} |"])


def tables(report: dict) -> str:
    """A line per table and figure: Torso's mean over the seeds, and the best plain method's."""
    lines = ["| table | figure | Torso | best plain method |", "| --- | --- | --- | --- |"]
    for name in ("adult", "mosi", "mulan"):
        for table, metrics in report[name]["summary"].items():
            for metric, methods in metrics.items():
                less = metric.endswith("arrmse")
                plain = {
                    label: one["mean"]
                    for label, one in methods.items()
                    if isinstance(one, dict) and not label.startswith("torso")
                }
                best = (min if less else max)(plain, key=lambda one: plain[one])
                own = methods["torso"]["mean"]
                wins = own < plain[best] if less else own > plain[best]
                mine, theirs = f"{own:.3f}", f"{plain[best]:.3f}"
                mine, theirs = (f"**{mine}**", theirs) if wins else (mine, f"**{theirs}**")
                shown = (
                    "aRRMSE, less is better"
                    if less
                    else " ".join(map(_word, metric.rsplit(" ", 1)))
                )
                lines.append(f"| {table} | {shown} | {mine} | {theirs} {best} |")
    return "\n".join(lines)


def multi_target(report: dict) -> str:
    """A line per set: each method's mean, and the default run's paired lead over the best of the others."""
    blocks = {name: one for name, one in report["sets"].items() if "verdict" in one}
    names = list(next(iter(blocks.values()))["verdict"]["scores"])[:2]
    names += ["linear", "gradient boosting", "random forest"]
    lines = [
        f"| set | rows, inputs, targets | {' | '.join(names)} | `torso` better than the best other by |"
    ]
    lines.append(f"| --- | --- |{' --- |' * (len(names) + 1)}")
    for name, block in blocks.items():
        scores = {
            {"elastic net": "linear", "logistic regression": "linear"}.get(label, label): one
            for label, one in block["verdict"]["scores"].items()
        }
        others = {label: one["mean"] for label, one in scores.items() if label in names[2:]}
        best = (max if block["more is better"] else min)(others, key=lambda one: others[one])
        leads = block["verdict"]["torso is better by"]
        lead = leads.get(best) or leads.get("elastic net") or leads["logistic regression"]
        cells = [f"{scores[one]['mean']:.3f}" if one in scores else "–" for one in names]
        size = f"{block['rows']:,}, {block['inputs']}, {block['targets']}"
        lines.append(f"| {name} | {size} | {' | '.join(cells)} | {best}: {_spread(lead, '+')} |")
    return "\n".join(lines)


def small_tables(report: dict) -> str:
    """A line per set: each way's mean, and the default run's paired leads."""
    ways = ["torso", "as before", "weights not averaged", "ridge", "random forest"]
    lines = [
        f"| set | rows, inputs | {' | '.join(ways)} | better than before by | than ridge by |",
        f"| --- | --- |{' --- |' * (len(ways) + 2)}",
    ]
    for name, block in report["sets"].items():
        scores, leads = block["verdict"]["scores"], block["verdict"]["torso is better by"]
        if len({seed for seed, done in block["runs"].items() if "torso" in done}) < 3:
            continue
        cells = [f"{scores[one]['mean']:.3f}" if one in scores else "–" for one in ways]
        led = [_spread(leads[one], "+") if one in leads else "–" for one in ("as before", "ridge")]
        star = " \\*" if name in report["chosen on"] else ""
        size = f"{block['rows']:,}, {block['inputs']}"
        lines.append(f"| {name}{star} | {size} | {' | '.join([*cells, *led])} |")
    return "\n".join(lines)


def default_race(report: dict) -> str:
    """A line per race and encoder: score, lead over the default of its form, seconds."""
    lines = [
        "| set | reads | encoder | metric | score | over the default | seconds a fit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("stamps", "emoji", "mosi", "adult"):
        for race, choices in report.get(name, {}).get("verdict", {}).items():
            for choice, one in choices.items():
                own = ", ".join(dict.fromkeys(one["encoders"].values()))
                shown = f"{own}, the default" if choice == "default" else choice
                led = "–" if choice == "default" else _spread(one["over_default"], "+")
                lines.append(
                    f"| {name} | {race} | {shown} | {one['target']} {_word(one['metric'])} "
                    f"| {_spread(one['score'])} | {led} | {one['cpu_s']:.0f} |"
                )
    return "\n".join(lines)


def retrieval(report: dict) -> str:
    """A line per direction: recall at 1, 5 and 10 of every way and of chance; the first seed's intervals of the best."""
    runs = report["runs"]
    ways = list(report["means"])
    own = max(
        (way for way in ways if way.startswith("torso")),
        key=lambda way: sum(one["recall_at_10"] for one in report["means"][way].values()),
    )
    lines = [
        f"| asked → found, {runs[0]['stamps asked']} stamps | metric | {' | '.join(ways)} | chance | {own}, first seed, 95 % interval |",
        "| --- " * (len(ways) + 4) + "|",
    ]
    for direction, metrics in runs[0][own].items():
        for metric in ("recall_at_1", "recall_at_5", "recall_at_10"):
            one = metrics[metric]
            values = [report["means"][way][direction][metric] for way in ways]
            values.append(statistics.fmean(run["chance"][metric] for run in runs))
            lines.append(
                f"| {direction} | {_word(metric)} | {' | '.join(f'{value:.3f}' for value in values)} "
                f"| {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}] |"
            )
    return "\n".join(lines)


def moving_digits(report: dict) -> str:
    """A line per task: the first seed's intervals, the means over seeds, what is written by hand, the blind guess."""
    first, means = report["runs"][0], report["means"]
    lines = [
        "| task | video and voice, 95 % interval | mean of {} seeds | `motion: false` | mean frame | by hand | majority |".format(
            len(report["runs"])
        ),
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for task, one in first["video"].items():
        if task not in means["video"]:
            continue
        lines.append(
            f"| {task} | {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}] | {means['video'][task]:.3f} "
            f"| {means['without motion'][task]:.3f} | {means['mean frame'][task]:.3f} | {means['by hand'][task]:.3f} "
            f"| {means['blind'][task]:.3f} |"
        )
    return "\n".join(lines)


def search(report: dict) -> str:
    """A line per number of vectors and way: what it takes to have and to build, milliseconds of a question, recall."""
    titles = {
        "exact": "all compared (no extra)",
        "torso": "graph of `torso search` (usearch)",
        "faiss-ivf": "faiss, IVF4096, 64 lists",
        "faiss-hnsw": "faiss, HNSW of 16 links",
    }
    lines = [
        "| vectors | way | installed, MB | build, CPU s | file, MB | texts ask: CPU ms (clock, median and 95 %) | recall at 10 | things ask: CPU ms | recall at 10 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    asked = []
    for rows, ways in report["rows"].items():
        for way, one in sorted(ways.items(), key=lambda pair: [*titles].index(pair[0])):
            built = one.get("build", {}).get("cpu_s", 0)
            if way == "torso":  # its clock began before the table was read
                built -= one["open again, table read"]["cpu_s"]
                asked.append(_asked(int(rows), one))
            texts, things = one["texts"], one["things"]
            lines.append(
                f"| {int(rows):,} | {titles[way]} | {one.get('installed_mb', 0):.0f} | {built:.0f} "
                f"| {one.get('file_mb', 0)} | {texts['median_cpu_ms']:.1f} ({texts['median_ms']:.1f}, {texts['p95_ms']:.1f}) "
                f"| {texts['recall']:.3f} | {things['median_cpu_ms']:.1f} | {things['recall']:.3f} |"
            )
    return "\n".join([*lines, *(f"\n{one}" for one in asked)])


def _asked(rows: int, one: dict) -> str:
    by_graph, exact = (one[f"texts, with the encoder{more}"] for more in ("", ", exact"))
    return (
        f"Of {rows:,}: a text as a user asks it, its encoder and the answers' columns included, takes "
        f"{by_graph['median_cpu_ms']:.1f} CPU ms by the graph, {exact['median_cpu_ms']:.1f} by comparing all; reading and "
        f"encoding the table once, {one['read and encode']['cpu_s']:.0f} CPU s."
    )


def caption(report: dict) -> str:
    """A line per way: chrF of the first seed with its interval, then the means over seeds."""
    first, runs = report["runs"][0], report["runs"]
    lines = [
        f"| text from | chrF, first seed ({first['stamps']} stamps) | chrF, mean of {len(runs)} seeds | "
        "of new texts | exact match | log loss |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    usual = [next(iter(run["ways"].values()))["usual text"] for run in runs]
    lines.append(
        "| the usual text | {:.3f} | {} | – |".format(
            usual[0]["chrf"],
            " | ".join(
                f"{statistics.fmean(one[metric] for one in usual):.3f}"
                for metric in ("chrf", "new text", "exact_match")
            ),
        )
    )
    for way, mean in report["means"].items():
        one = first["ways"][way]["chrf"]
        name = way if way.startswith("nearest") else f"Torso: {way}"
        loss = f"{mean['log_loss']:.2f}" if "log_loss" in mean else "–"
        lines.append(
            f"| {name} | {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}] | {mean['chrf']:.3f} "
            f"| {mean['new text']:.3f} | {mean['exact_match']:.3f} | {loss} |"
        )
    return "\n".join(lines)


def fill(page: Path, blocks: dict[str, str]) -> None:
    """Replace what stands between the marks of each block."""
    text = page.read_text(encoding="utf-8")
    for name, shown in blocks.items():
        text = re.sub(
            rf"<!-- results:{name} -->.*?<!-- /results -->",
            lambda _, n=name, b=shown: f"<!-- results:{n} -->\n{b}\n<!-- /results -->",
            text,
            flags=re.DOTALL,
        )
    page.write_text(text, encoding="utf-8")


PAGES = {
    "README.md": {"talking_stamps": stamps, "speed": speed},
    "docs/encoders.md": {
        "encoders": encoders,
        "default_race": default_race,
        "pretrained": pretrained,
        "moving_digits": moving_digits,
    },
    "docs/small_tables.md": {"small_tables": small_tables},
    "docs/fusion.md": {
        "fusion_race": fusion_race,
        "fusion_verdict": fusion_verdict,
        "missing": missing,
    },
    "docs/sharing.md": {"sharing_race": sharing_race, "published_mmoe": mmoe},
    "docs/heads.md": {"likelihoods": likelihoods},
    "docs/tagging.md": {"hidden_chains": hidden_chains},
    "docs/dense.md": {"dense": dense},
    "docs/tracking.md": {"tracking": tracking},
    "docs/retrieval.md": {"retrieval": retrieval, "search": search},
    "docs/caption.md": {"caption": caption},
    "docs/decisions.md": {"tables": tables, "multi_target": multi_target},
    "docs/balancing.md": {
        "balancing": balancing,
        "balancing_quality": quality,
        "published_multi_mnist": multi_mnist,
        "published_toy": toy,
        "published_toy_unclipped": toy,
    },
}


FILES = {"fusion_verdict": "fusion_race"}
"""Blocks whose figures are in another block's file."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, help="what `torso demo` printed")
    options = parser.parse_args()
    if options.demo:
        fill(ROOT / "README.md", {"demo": demo(options.demo.read_text(encoding="utf-8"))})
    for page, renders in PAGES.items():
        reports = {name: HERE / "results" / f"{FILES.get(name, name)}.json" for name in renders}
        fill(
            ROOT / page,
            {
                name: render(json.loads(reports[name].read_text()))
                for name, render in renders.items()
                if reports[name].exists()
            },
        )


if __name__ == "__main__":
    main()
