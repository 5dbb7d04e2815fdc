"""A million vectors of width 128 searched by texts: exactly, through the graph that `torso search` uses, by faiss.

    OMP_NUM_THREADS=1 python benchmarks/search.py                     # everything
    OMP_NUM_THREADS=1 python benchmarks/search.py --ways torso        # the run and its collection; the others need it
    OMP_NUM_THREADS=1 python benchmarks/search.py --ways exact faiss-ivf faiss-hnsw
    OMP_NUM_THREADS=1 python benchmarks/search.py --rows 60000 --work FOLDER --ways torso exact

A run learns to bring texts ("a crimson lantern", one of 4,900) and vectors of 128 numbers together: each thing's vector
is that of its noun and its adjective, with a spread in some directions of its own and noise. `torso` encodes a table
of a million such vectors and searches it; the other ways search the same vectors, as the run's store holds them.
Asked are 300 texts and the vectors of 300 things that are not in the table. Recall is the share of the ten nearest by
exact search. Milliseconds are of one question at a time on one thread, after ten to warm up, on the clock and as
CPU time, which other work on the machine does not lengthen. Seed 0. What is done stays in results/search.json; the
folder of work is kept for the other ways.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from reports import read_report, write_report
from small_training import circumstances

import torso

HERE = Path(__file__).resolve().parent
WIDTH, WORDS, TRAINING, QUESTIONS, TOP = 128, 70, 20_000, 300, 10
CHUNK = 50_000
SETTINGS = {
    "dim": 96,
    "encoders.note": "ngrams",
    "heads.match": {"width": WIDTH},
    "training.epochs": 6,
    "training.batch_size": 512,
    "training.lr": 0.003,
    "data.cache": None,
}


class World:
    """Things with a note and a vector, drawn from one seed."""

    def __init__(self, seed: int = 0) -> None:
        draw = np.random.default_rng(seed)
        self.adjectives, self.nouns = (draw.normal(size=(WORDS, WIDTH)) for _ in range(2))
        self.pairs = 0.7 * draw.normal(size=(WORDS, WORDS, WIDTH))
        self.planes = draw.normal(size=(WORDS, 16, WIDTH)) / 4
        share = 1 / np.arange(1, WORDS + 1) ** 0.5
        self.share = share / share.sum()
        self.names = [
            "".join(draw.choice([*"bdfgklmnprst"]) + draw.choice([*"aeiou"]) for _ in range(3))
            for _ in range(2 * WORDS)
        ]

    def things(self, count: int, seed: int) -> pa.Table:
        draw = np.random.default_rng((1, seed))
        one, other = draw.choice(WORDS, (2, count), p=self.share)
        own = np.einsum("nk,nkw->nw", draw.normal(size=(count, 16)), self.planes[other])
        vectors = self.adjectives[one] + self.nouns[other] + self.pairs[one, other] + 0.9 * own
        vectors += 0.5 * draw.normal(size=vectors.shape)
        notes = [
            f"a {self.names[a]} {self.names[WORDS + b]}" for a, b in zip(one, other, strict=True)
        ]
        lists = pa.FixedSizeListArray.from_arrays(
            pa.array(vectors.astype(np.float32).ravel()), WIDTH
        )
        return pa.table({"note": notes, "sight": lists})


def work(folder: Path, rows: int) -> torso.Predictor:
    """Return the run, which is trained and whose table is written if that has not been done."""
    world, table, run = World(), folder / "things.parquet", folder / "run"
    if not table.exists():
        half = table.with_suffix(".half")
        with pq.ParquetWriter(half, world.things(1, 0).schema) as writer:
            for start in range(0, rows, CHUNK):
                writer.write_table(world.things(min(CHUNK, rows - start), 2 + start))
        half.replace(table)
    if not (run / "model.safetensors").exists():
        torso.fit(
            world.things(TRAINING, 1),
            {"match": "retrieval"},
            inputs={"note": "text", "sight": "vector"},
            out=run,
            overwrite=True,
            settings=SETTINGS,
        )
    return torso.load(run, device="cpu")


def clocked(step: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = step()
    spent = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return found, {name: round(one, 2) for name, one in spent.items()}


def asked(questions: list[Any], ask: Callable[[Any], Any]) -> tuple[list[Any], dict[str, float]]:
    """Return the answers, and milliseconds of a question."""
    for one in questions[:10]:
        ask(one)
    answers, wall, cpu = [], [], []
    for one in questions:
        a, b = time.perf_counter(), time.process_time()
        answers.append(ask(one))
        wall.append(1e3 * (time.perf_counter() - a))
        cpu.append(1e3 * (time.process_time() - b))
    figures = {
        "median_ms": np.median(wall),
        "p95_ms": np.quantile(wall, 0.95),
        "median_cpu_ms": np.median(cpu),
    }
    return answers, {name: round(float(one), 3) for name, one in figures.items()}


def recall(found: list[Any], truth: list[Any]) -> float:
    return float(
        np.mean(
            [len({*map(int, a)} & {*map(int, b)}) / TOP for a, b in zip(found, truth, strict=True)]
        )
    )


def questions_of(run: torso.Predictor) -> tuple[list[str], dict[str, list[torch.Tensor]]]:
    """Return texts, and the vectors of texts and of things."""
    unseen = World().things(QUESTIONS, 10**9)
    notes = unseen.column("note").to_pylist()
    sights = torso.Searcher(run).collection(unseen, find="sight").vectors.values
    return notes, {
        "texts": [torso.Searcher(run).space.question_vector("note", note) for note in notes],
        "things": list(sights),
    }


def by_torso(folder: Path, rows: int) -> dict[str, Any]:
    run = work(folder, rows)
    table = folder / "things.parquet"
    _, encoding = clocked(lambda: torso.Searcher(run).collection(table, find="sight", exact=True))
    things, building = clocked(lambda: torso.Searcher(run).collection(table, find="sight"))
    _, again = clocked(lambda: torso.Searcher(run).collection(table, find="sight"))
    whole = torso.Searcher(run).collection(table, find="sight", exact=True)
    notes, kinds = questions_of(run)
    report: dict[str, Any] = {
        "recall_at_10_of_the_run": run.reports["match"].metrics["recall_at_10"].value,
        "read and encode": encoding,
        "build": building,
        "open again, table read": again,
        "file_mb": round(
            sum(one.stat().st_size for one in (folder / "run").rglob("graph.*")) / 1e6
        ),
    }
    for kind, vectors in kinds.items():
        found, figures = asked(vectors, lambda one: things.nearest(one, TOP)[1])
        truth = [whole.nearest(one, TOP)[1] for one in vectors]
        report[kind] = {**figures, "recall": recall(found, truth)}
    _, report["texts, with the encoder"] = asked(
        notes, lambda note: things.search(text=note, top=TOP)
    )
    _, report["texts, with the encoder, exact"] = asked(
        notes, lambda note: whole.search(text=note, top=TOP)
    )
    return report


def by_rival(way: str, folder: Path, rows: int) -> dict[str, Any]:
    run = work(folder, rows)
    things = torso.Searcher(run).collection(folder / "things.parquet", find="sight", exact=True)
    values = np.asarray(things.vectors.values)
    _, kinds = questions_of(run)
    report: dict[str, Any] = {}
    if way == "exact":

        def ask(one: torch.Tensor) -> Any:
            return torch.topk(things.vectors.values @ one, TOP).indices
    else:
        import faiss

        faiss.omp_set_num_threads(1)
        index, building = clocked(lambda: built(way, values))
        file = folder / f"{way}.faiss"
        faiss.write_index(index, str(file))
        index, opening = clocked(lambda: faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC))
        if way == "faiss-ivf":
            faiss.extract_index_ivf(index).nprobe = 64
        else:
            faiss.downcast_index(index).hnsw.efSearch = 128
        report |= {"build": building, "open": opening, "file_mb": round(file.stat().st_size / 1e6)}

        def ask(one: torch.Tensor) -> Any:
            return index.search(one.numpy()[None], TOP)[1][0]

    for kind, vectors in kinds.items():
        found, figures = asked(vectors, ask)
        truth = [torch.topk(things.vectors.values @ one, TOP).indices for one in vectors]
        report[kind] = {**figures, "recall": recall(found, truth)}
    return report


def built(way: str, values: np.ndarray) -> Any:
    import faiss

    if way == "faiss-ivf":
        index = faiss.index_factory(WIDTH, "IVF4096,Flat", faiss.METRIC_INNER_PRODUCT)
        some = np.random.default_rng(0).choice(
            len(values), min(len(values), 200_000), replace=False
        )
        index.train(values[some])
    else:
        index = faiss.IndexHNSWFlat(WIDTH, 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 128
    index.add(values)
    return index


def footprint(package: str, parts: list[str]) -> dict[str, float]:
    """Return what a package takes on the disk with what it brings, and to be imported after torch."""
    site = Path(torch.__file__).parents[1]
    size = sum(
        file.stat().st_size for part in parts for file in (site / part).rglob("*") if file.is_file()
    )
    code = f"import torch, time; a = time.process_time(); import {package}; print(time.process_time() - a)"
    spent = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    return {"installed_mb": round(size / 1e6), "import_cpu_s": round(min(spent), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = ["torso", "exact", "faiss-ivf", "faiss-hnsw"]
    parser.add_argument("--ways", nargs="+", default=ways, choices=ways)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "torso-search")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "search.json")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for way in options.ways:
        if way == "torso":
            found = by_torso(options.work, options.rows)
            found |= footprint("usearch.index", ["usearch", "numkong", "numkong.libs"])
        else:
            found = by_rival(way, options.work, options.rows)
            if way.startswith("faiss"):
                found |= footprint("faiss", ["faiss", "faiss_cpu.libs"])
        report = read_report(options.out)
        report |= circumstances(Path(__file__)) | {"width": WIDTH, "seed": 0}
        report.setdefault("rows", {}).setdefault(str(options.rows), {})[way] = found
        write_report(options.out, report)
        print(way, json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
