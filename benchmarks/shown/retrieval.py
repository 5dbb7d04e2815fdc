"""docs/retrieval.md and docs/caption.md: finding what belongs together, and answering in text."""

from __future__ import annotations

import statistics

from shown.words import measured, table, word


def retrieval(report: dict) -> str:
    """A line per direction: recall at 1, 5 and 10 of every way and of chance; the first seed's intervals of the best."""
    runs, means = report["runs"], report["means"]
    own = max(
        (way for way in means if way.startswith("torso")),
        key=lambda way: sum(one["recall_at_10"] for one in means[way].values()),
    )
    rows = []
    for direction, metrics in runs[0][own].items():
        for metric in ("recall_at_1", "recall_at_5", "recall_at_10"):
            values = [one[direction][metric] for one in means.values()]
            values.append(statistics.fmean(run["chance"][metric] for run in runs))
            shown = [f"{value:.3f}" for value in values]
            rows.append([direction, word(metric), *shown, measured(metrics[metric])])
    asked = f"asked → found, {runs[0]['stamps asked']} stamps"
    best = f"{own}, first seed, 95 % interval"
    seeds = {way: sum(way in run for run in runs) for way in means}
    ways = [
        way if seeds[way] == len(runs) else f"{way} ({seeds[way]} of {len(runs)} seeds)"
        for way in means
    ]
    return table([asked, "metric", *ways, "chance", best], rows)


WAYS = {
    "exact": "all compared (no extra)",
    "torso": "graph of `torso search` (usearch)",
    "faiss-ivf": "faiss, IVF4096, 64 lists",
    "faiss-hnsw": "faiss, HNSW of 16 links",
}


def search(report: dict) -> str:
    """A line per number of vectors and way: what it takes to have and to build, milliseconds of a question, recall."""
    titles = [
        *("vectors", "way", "installed, MB", "build, CPU s", "file, MB"),
        *("texts ask: CPU ms (clock, median and 95 %)", "recall at 10"),
        *("things ask: CPU ms", "recall at 10"),
    ]
    shown = table(
        titles,
        (
            [f"{int(vectors):,}", title, *_way(ways[way])]
            for vectors, ways in report["rows"].items()
            for way, title in WAYS.items()
            if way in ways
        ),
    )
    asked = [
        _asked(int(vectors), ways["torso"])
        for vectors, ways in report["rows"].items()
        if "torso" in ways
    ]
    return "\n\n".join([shown, *asked])


def _way(one: dict) -> list[object]:
    built = one.get("build", {}).get("cpu_s", 0)
    if "open again, table read" in one:  # the build's clock began before the table was read
        built -= one["open again, table read"]["cpu_s"]
    texts, things = one["texts"], one["things"]
    clock = f"{texts['median_ms']:.1f}, {texts['p95_ms']:.1f}"
    return [
        f"{one.get('installed_mb', 0):.0f}",
        f"{built:.0f}",
        one.get("file_mb", 0),
        f"{texts['median_cpu_ms']:.1f} ({clock})",
        f"{texts['recall']:.3f}",
        f"{things['median_cpu_ms']:.1f}",
        f"{things['recall']:.3f}",
    ]


def _asked(vectors: int, one: dict) -> str:
    by_graph, exact = (one[f"texts, with the encoder{more}"] for more in ("", ", exact"))
    return (
        f"Of {vectors:,}: a text as a user asks it, its encoder and the answers' columns included, takes "
        f"{by_graph['median_cpu_ms']:.1f} CPU ms by the graph, {exact['median_cpu_ms']:.1f} by comparing all; reading and "
        f"encoding the table once, {one['read and encode']['cpu_s']:.0f} CPU s."
    )


def caption(report: dict) -> str:
    """A line per way: chrF of the first seed with its interval, then the means over seeds."""
    first, runs = report["runs"][0], report["runs"]
    metrics = ("chrf", "new text", "exact_match")
    usual = [next(iter(run["ways"].values()))["usual text"] for run in runs]
    means = (f"{statistics.fmean(one[metric] for one in usual):.3f}" for metric in metrics)
    rows = [["the usual text", f"{usual[0]['chrf']:.3f}", *means, "–"]]
    for way, mean in report["means"].items():
        name = way if way.startswith("nearest") else f"Torso: {way}"
        loss = f"{mean['log_loss']:.2f}" if "log_loss" in mean else "–"
        shown = (f"{mean[metric]:.3f}" for metric in metrics)
        rows.append([name, measured(first["ways"][way]["chrf"]), *shown, loss])
    titles = [
        *("text from", f"chrF, first seed ({first['stamps']} stamps)"),
        *(f"chrF, mean of {len(runs)} seeds", "of new texts", "exact match", "log loss"),
    ]
    return table(titles, rows)


PAGES = {
    "docs/retrieval.md": {"retrieval": retrieval, "search": search},
    "docs/caption.md": {"caption": caption},
}
