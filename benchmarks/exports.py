"""Time and size of exports of the demo's run, a single row in ONNX Runtime, and every part as an ONNX graph.

    OMP_NUM_THREADS=1 python benchmarks/exports.py demo-run           # after `torso demo`: the run and its table
    OMP_NUM_THREADS=1 python benchmarks/exports.py --parts            # needs `pip install -e .[dev]`, for the tests

The demo: seconds of `torso.export` for each precision, bytes, the largest difference to the run, and scores on the held-out
rows; milliseconds of one `session.run` of a single row, one thread. The parts: each encoder, fusion, sharing and head as in the
laws of the suite, which trace it, turned into an ONNX graph besides and compared in ONNX Runtime on a batch twice as large.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from reports import read_report, write_report

import torso

KEPT = Path(__file__).resolve().parent / "results" / "exports.json"
PRECISIONS = ("float32", "bfloat16", "float16", "int8")
CALLS = 400


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", nargs="?", type=Path, help="folder of `torso demo`")
    parser.add_argument("--parts", nargs="*", help="rooms whose parts become ONNX graphs; all")
    asked = parser.parse_args()
    results = read_report(KEPT) if KEPT.exists() else {}
    results["command"] = "OMP_NUM_THREADS=1 python benchmarks/exports.py demo-run; ... --parts"
    results["machine"] = (
        f"{os.cpu_count()} cores, one used, {platform.machine()}, torch {torch.__version__}"
    )
    if asked.demo:
        results["demo"] = of_demo(asked.demo)
    if asked.parts is not None:
        said = results.setdefault("parts", {})
        for room, name, outcome in of_parts(asked.parts):
            said.setdefault(room, {})[name] = outcome
            write_report(KEPT, results)  # it takes minutes
    write_report(KEPT, results)


def of_demo(folder: Path) -> dict:
    """Return figures of the demo's run."""
    table, measured = folder / "data" / "table.csv", {}
    with tempfile.TemporaryDirectory() as place:
        for precision in PRECISIONS:
            out = Path(place) / f"{precision}.onnx"
            run = torso.load(folder / "run", device="cpu")
            began, used = time.perf_counter(), time.process_time()
            made = torso.export(run, out, precision=precision, table=table)
            measured[precision] = {
                "seconds": round(time.perf_counter() - began, 2),
                "seconds_of_processor": round(time.process_time() - used, 2),
                "megabytes": round(made.size / 1e6, 2),
                "difference": made.checked.largest,
                "single_row_ms": single_row(run, out, made),
            }
            if made.costs is not None:
                measured[precision]["difference"] = max(made.costs.differences.values())
                measured[precision]["held_out"] = {
                    task: vars(cost) for task, cost in made.costs.tasks.items()
                }
            print(precision, measured[precision], flush=True)
    return measured


def single_row(run, out: Path, made: torso.exporting.Written) -> dict[str, float]:
    """Return median, lowest and 99th percentile of milliseconds of `session.run` alone."""
    import onnxruntime

    from torso.exporting.subject import Subject

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(out, options, providers=["CPUExecutionProvider"])
    subject = Subject.of(run)
    laid = subject.sampler.laid
    row = subject.sampler.drawn([frozenset(laid)], dict.fromkeys(laid, 100), seed=0)
    names = {value.name for value in session.get_inputs()}
    tensors = row.tensors(made.inputs)
    feed = {name: value.numpy() for name, value in tensors.items() if name in names}
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        session.run(None, feed)
        times.append(1e3 * (time.perf_counter() - began))
    late = np.array(times[CALLS // 10 :])
    figures = {"median": np.median(late), "lowest": late.min(), "p99": np.quantile(late, 0.99)}
    return {name: round(float(value), 3) for name, value in figures.items()}


def of_parts(wanted: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield room, part, and `equal`, its reason not to be exported, or the error of an attempt."""
    from tests import export_law
    from tests.encoders import laws as encoders
    from tests.fusion import laws as fusions
    from tests.sharing import laws as sharings
    from tests.tasks import test_export as heads
    from torso.encoders import Encoder
    from torso.fusion import Fusion
    from torso.sharing import Sharing
    from torso.tasks import Head

    def encoder(name: str) -> None:
        built = encoders.build(name, encoders.shallow(name))
        encoders.assert_can_be_traced(built, encoders.example(name))

    rooms = {
        "encoders": (Encoder, encoder),
        "fusion": (Fusion, fusions.assert_can_be_traced),
        "sharing": (Sharing, lambda name: sharings.assert_can_be_traced({"type": name})),
        "heads": (Head, lambda name: heads.test_tracing({"type": name})),
    }
    export_law._traced = in_onnx
    for room in wanted or rooms:
        kind, law = rooms[room]
        for name in kind.registry:
            part = kind.registry.find(name)
            reason = part.not_exportable or getattr(part, "not_in_onnx", "")
            try:
                law(name)
                outcome = f"not exportable: {reason}" if reason else "equal"
            except Exception as error:  # each failure is a finding
                outcome = (
                    f"not exportable: {reason}"
                    if reason
                    else f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
                )
            print(room, name, outcome, flush=True)
            yield room, name, outcome


def in_onnx(part, inputs):
    """Return the ONNX graph of a part as a callable, in the place of the law's traced program."""
    import onnxruntime
    from torch.utils import _pytree as pytree

    sizes, batch = torch.export.ShapesCollection(), {0: torch.export.Dim("batch")}
    for leaf in pytree.tree_leaves(inputs):
        sizes[leaf] = batch
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(part, inputs, dynamic_shapes=sizes, strict=False)
        graph = torch.onnx.export(program, dynamo=True, verbose=False, opset_version=20)
    content = graph.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [value.name for value in graph.model.graph.inputs]
    kept = {value.name for value in session.get_inputs()}

    def run(*given):
        leaves = pytree.tree_leaves(given)
        feed = {n: leaf.numpy() for n, leaf in zip(names, leaves, strict=True) if n in kept}
        return [torch.from_numpy(value) for value in session.run(None, feed)]

    return run


if __name__ == "__main__":
    main()
