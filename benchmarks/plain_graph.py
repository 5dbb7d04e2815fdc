"""The plain half as an ONNX graph beside the numpy half: largest difference, CPU milliseconds, size.

    OMP_NUM_THREADS=1 python benchmarks/plain_graph.py

Fits linear models, boosted trees and randomised trees (two draws) on the training rows of coffee ($TORSO_DATA/exam/coffee)
beside a network of one epoch, and answers its test rows for outputs of a network that are drawn: single rows, and all at
once. Neither the flat view nor the network is timed. Writes results/plain_graph.json.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from reports import write_report
from torch.export import Dim

import torso
from torso.exporting.plain import FlatRows, PlainGraph, as_operators, fill_operators
from torso.plain.patterns import met
from torso.runs.blending.half import flat_rows
from torso.tables.table import read_table

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam" / "coffee"
SETTINGS = {
    "folds": 0,
    "training.epochs": 1,
    "plain.models": ["linear", "trees", "forest"],
    "plain.repeats": 2,
    "data.split.test": 0,
}
ASKED, TIMED = 100, 3  # rows that are asked about alone; rounds


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    targets = list(json.loads((DATA / "spec.json").read_text())["targets"])
    run = torso.fit(DATA / "train.csv", targets, settings=SETTINGS)
    assert run.plain is not None
    table, dataset = read_table(DATA / "test.csv"), run.labelled(DATA / "test.csv")
    flat = flat_rows(run.plain, run.schema, table, dataset)
    known = met(dataset.sources, np.arange(table.rows), run.plain.patterns)
    heads = dict(run.model.heads.pairs())
    network = {
        task: 3 * torch.randn(table.rows, head.layers[-1].out_features)
        for task, head in heads.items()
    }
    module = PlainGraph(run.plain, heads).eval()
    began = time.process_time()
    program = exported(module, network, FlatRows.of(flat, known))
    export_s = time.process_time() - began
    content = program.model_proto.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    began = time.process_time()
    session = onnxruntime.InferenceSession(content, options)
    load_s = time.process_time() - began
    names = [value.name for value in program.model.graph.inputs]
    read = {each.name for each in session.get_inputs()}

    def fed(rows: np.ndarray) -> dict[str, np.ndarray]:
        own = FlatRows.of(flat.take(rows), known[rows])
        values = [*(outputs[rows] for outputs in network.values()), *own]
        pairs = zip(names, values, strict=True)
        return {name: value.numpy() for name, value in pairs if name in read}

    def half(rows: np.ndarray) -> dict[str, torch.Tensor]:
        given = {task: outputs[rows] for task, outputs in network.items()}
        return run.plain.outputs(heads, given, flat.take(rows), known[rows])

    every = np.arange(table.rows)
    expected, said = half(every), session.run(None, fed(every))
    alone = [each.reshape(1) for each in every[:ASKED]]
    feeds = [fed(rows) for rows in alone]
    single = [session.run(None, each) for each in feeds]
    figures = {
        "tasks": len(run.plain.tasks),
        "models": sum(len(task.heard) for task in run.plain.tasks.values()),
        "dense_columns": flat.dense.shape[1],
        "sparse_columns": flat.sparse.shape[1],
        "nodes": len([*program.model.graph]),
        "megabytes": len(content) / 1e6,
        "export_cpu_s": export_s,
        "load_cpu_s": load_s,
        "largest_difference_of_all_rows": worst(expected.values(), said),
        "largest_difference_of_single_rows": max(
            worst([outputs[rows] for outputs in expected.values()], own)
            for rows, own in zip(alone, single, strict=True)
        ),
        "row_cpu_ms": spread(lambda: [session.run(None, each) for each in feeds], len(feeds)),
        "row_cpu_ms_numpy": spread(lambda: [half(rows) for rows in alone], len(alone)),
        "rows_at_once": table.rows,
        "all_cpu_ms": spread(lambda: session.run(None, fed(every)), 1),
        "all_cpu_ms_numpy": spread(lambda: half(every), 1),
    }
    report = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/plain_graph.py",
        "machine": f"{os.cpu_count()} cores, one used, {platform.machine()}",
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "load": os.getloadavg()[0],
        **figures,
    }
    write_report(HERE / "results" / "plain_graph.json", report)
    print(json.dumps(report, indent=1))


def exported(
    module: PlainGraph, network: dict[str, torch.Tensor], rows: FlatRows
) -> torch.onnx.ONNXProgram:
    """Return the graph of a plain half for any number of rows."""
    any_number = {0: Dim.DYNAMIC}
    sizes = (dict.fromkeys(network, any_number), FlatRows(*[any_number] * len(rows)))
    with torch.no_grad(), as_operators(module), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module, (network, rows), dynamo=True, dynamic_shapes=sizes, verbose=False
        )
    assert program is not None
    fill_operators(program.model, module)
    return program


def worst(expected: Iterable[torch.Tensor], said: Iterable[np.ndarray]) -> float:
    """Return the largest difference of raw outputs, in their size or 1."""
    pairs = [(own, other.numpy()) for own, other in zip(said, expected, strict=True)]
    apart = [np.abs(own - other) / np.maximum(1.0, np.abs(other)) for own, other in pairs]
    return float(np.max(np.concatenate([each.ravel() for each in apart])))


def spread(work: Callable[[], object], count: int) -> list[float]:
    """Return least, median and most CPU milliseconds of one of `count`."""
    took = []
    for _ in range(TIMED):
        began = time.process_time()
        work()
        took.append(1e3 * (time.process_time() - began) / count)
    return [min(took), statistics.median(took), max(took)]


if __name__ == "__main__":
    main()
