"""A plain half over every head that blends, and the ONNX graph of it."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from torch.export import Dim

from tests.plain.models.laws import folds_of, table
from torso.exporting.plain import FlatRows, PlainGraph, as_operators, fill_operators
from torso.plain.blend import PlainHalf
from torso.plain.half import fit_task
from torso.tasks import Head, Response
from torso.tasks._base.example import example_of

MODELS = ["linear", "trees", "forest"]


def every_head():
    """Return heads that blend, in all their settings, by names that the exporter can quote."""
    torch.manual_seed(0)
    heads = {}
    for name in Head.registry:
        kind = Head.registry.find(name)
        if kind.statement is not None:
            offered = example_of(name.split("/")[0]).HEAD.offered
            for number, settings in enumerate(({}, *kind.law_settings)):
                spec = {"type": name, **settings}
                heads[f"{name}/{number}"] = Head.registry.build(spec, dim=4, **offered).eval()
    return heads


def labels(flat, family, width):
    """Return labels of a form, with gaps, which the first number says."""
    signal = np.nan_to_num(flat.dense[:, 0]) + 0.3 * np.arange(flat.rows) / flat.rows
    if family == "classes":
        borders = np.quantile(signal, np.arange(1, width) / width)
        return Response("classes", np.digitize(signal, borders), width)
    values = np.stack([signal * (1 - 0.4 * at) for at in range(width)], axis=1).astype(np.float32)
    values = (values > 0).astype(np.float32) if family == "binaries" else values
    values[::7, 0] = np.nan
    return Response(family, values)


def half_of(heads, flat):
    """Return plain models for all heads; those of one form are fitted once, and weigh differently."""
    fitted, tasks, families = {}, {}, set()
    for place, (name, head) in enumerate(heads.items()):
        drawn = head.response(example_of(name.split("/")[0]).HEAD.draw())
        family, width = drawn.family, drawn.width
        if (family, width) not in fitted:
            own = labels(flat, family, width)
            models = MODELS[:1] if family in families else MODELS
            task, _ = fit_task(flat, own, [folds_of(flat.rows)], models=models, seed=0, told=print)
            fitted[family, width] = task
            families.add(family)
        task = fitted[family, width]
        weights = {name: 1 / len(task.weights) for name in task.weights}
        tilt = None if family == "values" else np.linspace(-0.3, 0.3, width)
        share, constant = [(0.6, 0.1), (1.0, 0.0), (0.0, 0.3)][place % 3]
        tasks[name] = replace(
            task, weights=weights, tilt=tilt, share=share, constant=constant, scale=1.3
        )
    return PlainHalf(SimpleNamespace(columns=flat.dense.shape[1]), tasks)


class Graph:
    """An ONNX graph of a plain half, in ONNX Runtime."""

    def __init__(self, half, heads, network, rows):
        self.tasks = list(network)
        self.module = PlainGraph(half, heads).eval()
        sizes = ({task: {0: Dim.DYNAMIC} for task in network}, FlatRows(*[{0: Dim.DYNAMIC}] * 5))
        with torch.no_grad(), as_operators(self.module), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter about itself
            self.program = torch.onnx.export(
                self.module, (network, rows), dynamo=True, dynamic_shapes=sizes, verbose=False
            )
        fill_operators(self.program.model, self.module)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        content = self.program.model_proto.SerializeToString()
        self.session = onnxruntime.InferenceSession(content, options)

    def __call__(self, network, rows):
        inputs = zip(self.program.model.graph.inputs, [*network.values(), *rows], strict=True)
        read = {each.name for each in self.session.get_inputs()}
        fed = {value.name: given.numpy() for value, given in inputs if value.name in read}
        return dict(zip(self.tasks, self.session.run(None, fed), strict=True))


def outputs_of(heads, rows):
    return {
        name: 3 * torch.randn(rows, head.layers[-1].out_features) for name, head in heads.items()
    }


def example(rows=90):
    flat = table(rows)
    return flat, np.arange(rows) % 5 > 0
