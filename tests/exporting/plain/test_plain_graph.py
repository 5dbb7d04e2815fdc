"""The plain half as a graph: equal to the numpy half, as a module and in ONNX Runtime."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from tests.exporting.plain.graphs import Graph, every_head, example, half_of, outputs_of
from torso.core.errors import ConfigError
from torso.exporting.plain import FlatRows, PlainGraph
from torso.exporting.plain.trees import TreeEnsemble, Trees
from torso.plain.blend import PlainHalf
from torso.plain.models import PlainModel
from torso.plain.models._forest import Forest


@pytest.fixture(scope="module")
def heads():
    return every_head()


@pytest.fixture(scope="module")
def half(heads):
    return half_of(heads, example()[0])


@pytest.fixture(scope="module")
def graph(half, heads):
    """The graph of the last setting of every kind of head."""
    pytest.importorskip("onnxscript")
    own = {name.partition("/")[0]: name for name in heads}
    own = {name: heads[name] for name in own.values()}
    flat, known = example()
    rows = FlatRows.of(flat, known)
    return Graph(part_of(half, own), own, outputs_of(own, flat.rows), rows), own


def part_of(half, heads):
    return PlainHalf(half.view, {name: half.tasks[name] for name in heads})


def assert_same(said, expected):
    assert said.keys() == expected.keys()
    for task, outputs in expected.items():
        np.testing.assert_allclose(said[task], outputs, rtol=1e-6, atol=2e-6, err_msg=task)


def test_the_module_says_what_the_half_says_for_every_head(half, heads):
    flat, known = example()
    network = outputs_of(heads, flat.rows)
    with torch.no_grad():
        said = PlainGraph(half, heads)(network, FlatRows.of(flat, known))
    assert_same(said, half.outputs(heads, network, flat, known))
    assert sum(not torch.equal(said[task], network[task]) for task in said) == len(heads)


@pytest.mark.parametrize("chosen", [slice(0, 1), slice(5, 6), slice(0, 90, 2)])
def test_any_number_of_rows_in_onnx_runtime(graph, half, chosen):
    graph, heads = graph
    flat, known = example()
    flat, known = flat.take(np.arange(90)[chosen]), known[chosen]
    network = {task: 5 * outputs for task, outputs in outputs_of(heads, flat.rows).items()}
    said = graph(network, FlatRows.of(flat, known))
    assert_same(said, part_of(half, heads).outputs(heads, network, flat, known))


def test_rows_without_a_word_and_with_nothing_but_gaps(graph, half):
    graph, heads = graph
    flat, known = example()
    empty = csr_array((flat.rows, flat.sparse.shape[1]), dtype=np.float32)
    flat = replace(flat, sparse=empty, dense=np.full_like(flat.dense, np.nan))
    network = outputs_of(heads, flat.rows)
    said = graph(network, FlatRows.of(flat, known))
    assert_same(said, part_of(half, heads).outputs(heads, network, flat, known))


def test_numbers_at_a_limit_go_the_same_way(half):
    """Limits are float64, and numbers float32: the ones just above and below a limit must not change sides."""
    models = [model for task in half.tasks.values() for model in task.models.values()]
    forest = next(model.forest for model in models if getattr(model, "forest", None))
    limits = forest.limits[forest.features < 3]
    near = limits.astype(np.float32)
    values = np.concatenate(
        [near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))]
    )
    table = np.repeat(values[:, None], 1 + forest.features.max(), axis=1).astype(np.float64)
    width = 1 + forest.outputs.max()
    said = TreeEnsemble(Trees.of_sums(forest, width))(torch.from_numpy(table))
    np.testing.assert_allclose(said, forest.predict(table, width), rtol=0, atol=1e-12)


def test_a_tree_that_is_a_leaf():
    every = np.uint32(2**32 - 1)
    forest = Forest(
        features=np.array([0, 1], np.int32),
        limits=np.array([np.inf, 0.5]),
        gaps_left=np.array([True, False]),
        leaves_kept=np.array([every, every - np.uint32(1)], np.uint32),
        starts=np.array([0, 1]),
        values=np.array([[2.0, 0.0], [3.0, 4.0]]),
        outputs=np.array([0, 0]),
    )
    table = np.array([[0.0, 0.5], [np.nan, 1.0], [1.0, np.nan]])
    said = TreeEnsemble(Trees.of_sums(forest, 1))(torch.from_numpy(table))
    assert said.tolist() == forest.predict(table, 1).tolist() == [[5.0], [6.0], [6.0]]


class Unknown(PlainModel):
    """A model of no kind that has a graph."""

    name = "unknown"
    cross_fit = predict = state = restore = None


def test_a_model_of_an_unknown_kind_is_refused_by_name(half, heads):
    name = next(name for name, task in half.tasks.items() if task.share)
    weights = {"unknown": 0.5, "no inputs": 0.5}
    Unknown.__abstractmethods__ = frozenset()
    task = replace(half.tasks[name], models={"unknown": Unknown()}, weights=weights)
    with pytest.raises(ConfigError, match=r"'unknown' has no form as a graph.*blend: off"):
        PlainGraph(PlainHalf(half.view, {name: task}), heads)
