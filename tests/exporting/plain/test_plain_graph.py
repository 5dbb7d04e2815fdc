"""The plain half as a graph: equal to the numpy half, as a module and in ONNX Runtime."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from tests.exporting.plain.graphs import Graph, every_head, example, half_of, outputs_of
from tests.exporting.plain.runs import TASKS, fit, flat_of
from torso.core.errors import ConfigError
from torso.exporting.plain import FlatRows, PlainGraph
from torso.exporting.plain.trees import TreeEnsemble, Trees
from torso.plain.blend import PlainHalf
from torso.plain.half import kind_of
from torso.plain.models import PlainModel
from torso.plain.models._forest import Forest


@pytest.fixture(scope="module")
def heads():
    return every_head()


@pytest.fixture(scope="module")
def half(heads):
    return half_of(heads, example()[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module")
def run(folder):
    return fit(folder)


@pytest.fixture(scope="module")
def flat(run, folder):
    return flat_of(run, folder)


@pytest.fixture(scope="module")
def graph(run, flat):
    pytest.importorskip("onnxscript")
    own = dict(run.model.heads.pairs())
    return Graph(run.plain, own, outputs_of(own, len(flat[1])), FlatRows.of(*flat))


def assert_answered(run, graph, flat, known):
    """Compare the graph of a run with its plain half on rows, for outputs of the network near and far."""
    heads = dict(run.model.heads.pairs())
    network = {task: 4 * outputs for task, outputs in outputs_of(heads, flat.rows).items()}
    assert_same(
        graph(network, FlatRows.of(flat, known)), run.plain.outputs(heads, network, flat, known)
    )


def assert_same(said, expected):
    assert said.keys() == expected.keys()
    for task, outputs in expected.items():
        np.testing.assert_allclose(said[task], outputs, rtol=1e-6, atol=1e-5, err_msg=task)


def test_the_module_says_what_the_half_says_for_every_head(half, heads):
    flat, known = example()
    network = outputs_of(heads, flat.rows)
    with torch.no_grad():
        said = PlainGraph(half, heads)(network, FlatRows.of(flat, known))
    assert_same(said, half.outputs(heads, network, flat, known))
    assert sum(not torch.equal(said[task], network[task]) for task in said) == len(heads)


def test_all_models_of_all_tasks_take_part(run):
    assert len(run.plain.tasks) == len(TASKS)
    kinds = {
        kind_of(name) for task in run.plain.tasks.values() if task.share for name in task.heard
    }
    assert kinds == {"linear", "trees", "forest"}


@pytest.mark.parametrize("chosen", [slice(0, 1), slice(3, 4), slice(0, 120, 2)])
def test_any_number_of_rows_in_onnx_runtime(run, graph, flat, chosen):
    rows = np.arange(120)[chosen]
    assert_answered(run, graph, flat[0].take(rows), flat[1][rows])


def test_rows_without_a_word_and_with_nothing_but_gaps(run, graph, flat):
    flat, known = flat
    empty = csr_array((flat.rows, flat.sparse.shape[1]), dtype=np.float32)
    gaps = replace(flat, sparse=empty, dense=np.full_like(flat.dense, np.nan))
    assert_answered(run, graph, gaps, known)


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
