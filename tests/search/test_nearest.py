"""The nearest of many: the product by hand, the graph against the product, and which graph file is believed."""

import shutil
import sys

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from torso.core.errors import MissingDependency
from torso.search import collecting
from torso.search.nearest import Graph, exact, seal
from torso.search.store import Store, Vectors


def test_the_product_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    scores, places = exact(vectors, torch.tensor([0.8, 0.6]), 2)
    assert places.tolist() == [1, 0]
    torch.testing.assert_close(scores, torch.tensor([0.96, 0.8]))
    assert len(exact(vectors, vectors[0], 9)[1]) == 3


def clustered(count, seed=0, width=32):
    """Return vectors of length 1 around 50 middles."""
    draw = torch.Generator().manual_seed(seed)
    middles = torch.randn(50, width, generator=torch.Generator().manual_seed(0))
    which = torch.randint(50, (count,), generator=draw)
    found = middles[which] + 0.5 * torch.randn(count, width, generator=draw)
    return torch.nn.functional.normalize(found, dim=1)


def named(count, first=0):
    """Return stamps, each another."""
    draw = np.random.default_rng(first)
    return draw.integers(1, 256, (count, 16), np.uint8)


def recall(graph, vectors, labels):
    found = 0.0
    for question in clustered(100, seed=1):
        near = set(graph.near(question, 10).tolist())
        true = {int(labels[place]) for place in exact(vectors, question, 10)[1]}
        found += len(near & true) / 10
    return found / 100


@pytest.fixture
def store(tmp_path):
    pytest.importorskip("usearch")
    for name in ("model.safetensors", "schema.json", "vocabulary.json", "statistics.json"):
        (tmp_path / name).write_text("x")
    return Store(tmp_path, "match", "photo", "place")


def test_the_graph_finds_what_the_product_finds(store, tmp_path):
    vectors = Vectors(named(20_000), clustered(20_000))
    graph = store.graph(vectors)
    assert recall(graph, vectors.values, vectors.labels) >= 0.95
    mapped = Store(tmp_path, "match", "photo", "place").graph(vectors)
    assert recall(mapped, vectors.values, vectors.labels) >= 0.95

    kept = slice(500, None)
    stamps = np.concatenate([vectors.stamps[kept], named(700, first=1)])
    changed = Vectors(stamps, torch.cat([vectors.values[kept], clustered(700, seed=2)]))
    graph = store.graph(changed)
    assert len(graph) == 20_200
    assert recall(graph, changed.values, changed.labels) >= 0.95
    gone = {*vectors.labels[:500].tolist()}
    assert not gone & {one for q in clustered(50, 3) for one in graph.near(q, 10).tolist()}


def test_a_graph_is_opened_only_where_it_was_written(store, tmp_path):
    vectors = Vectors(named(300), clustered(300))
    store.graph(vectors)
    file = store.folder / "graph.usearch"
    written = seal(file)
    store.graph(vectors)
    assert seal(file) == written, "nothing changed, so it is opened"

    shutil.copytree(tmp_path, tmp_path / "copy")
    copy = Store(tmp_path / "copy", "match", "photo", "place")
    foreign = copy.folder / "graph.usearch"
    foreign.write_bytes(foreign.read_bytes()[:100] + bytes(1000))  # would be read by compiled code
    before = seal(foreign)
    assert len(copy.graph(vectors)) == 300
    assert seal(foreign) != before, "a file from elsewhere is not opened: the graph is built anew"


def test_what_changed_too_much_is_built_anew(store):
    vectors = Vectors(named(300), clustered(300))
    store.graph(vectors)
    half = Vectors(vectors.stamps[:150], vectors.values[:150])
    assert len(store.graph(half)) == 150


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """Return a run, and a table of more texts than a graph needs."""
    monkeypatch.setattr(collecting, "GRAPH_FROM", 100)
    draw = np.random.default_rng(0)
    words = ["apple", "river", "stone", "cloud", "horse", "lamp"]
    which = draw.integers(6, size=120)
    spots = np.eye(6)[which] + 0.1 * draw.normal(size=(120, 6))
    notes = [f"{words[one]} {row}" for row, one in enumerate(which)]
    run = torso.fit(
        {"word": notes, "spots": spots.tolist()},
        {"match": "retrieval"},
        inputs={"word": "text", "spots": "vector"},
        out=tmp_path / "run",
        settings={
            "dim": 8,
            "training.epochs": 1,
            "data.cache": None,
            "encoders.word": "transformer",  # no two texts have the same vector
        },
    )
    table = tables.write(tmp_path / "table.csv", {"word": notes, "said": notes})
    return run, table


def test_a_collection_by_graph_is_that_by_product(texts):
    pytest.importorskip("usearch")
    run, table = texts
    by_graph, by_product = (
        torso.Searcher(run).collection(table),
        torso.Searcher(run).collection(table, exact=True),
    )
    assert by_graph.graph is not None and by_product.graph is None
    for question in ("apple", "a river"):
        found, true = (one.search(text=question, top=5) for one in (by_graph, by_product))
        assert found["row"].tolist() == true["row"].tolist()
        np.testing.assert_allclose(found["score"], true["score"], atol=1e-6)


def test_without_the_extra_the_product_answers_and_says_so(texts, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    run, table = texts
    things = torso.Searcher(run).collection(table)
    assert "pip install 'torso[search]'" in things.notes[0]
    assert len(things.search(text="apple", top=5)) == 5
    with pytest.raises(MissingDependency):
        Graph(8)
