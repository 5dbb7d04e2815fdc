"""Laws of the parts: exchanged cells, subsets, Shapley values, the additive part, alike columns."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from torso.evaluation.holm import holm, p_of_difference
from torso.studies.importance.additive import additive_outputs, comparable_rows
from torso.studies.importance.alike import alike_columns
from torso.studies.importance.answers import WholeAnswers
from torso.studies.importance.laid_out import laid_out
from torso.studies.importance.subsets import (
    all_subsets,
    drawn_orders,
    shapley_exact,
    shapley_of_orders,
)
from torso.studies.importance.units import exchanged_rows


@pytest.fixture(scope="module", params=["ensemble", "trunks"])
def run_and_table(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    table = tables.make(folder, rows=90)
    tables.change(table, lambda cells: cells["note"].__setitem__(slice(0, 9), [""] * 9))
    tables.change(table, lambda cells: cells["sound"].__setitem__(slice(5, 25), [""] * 20))
    tables.change(table, lambda cells: cells.update(width=[str(n % 13) for n in range(90)]))
    own = {"folds": 2} if request.param == "ensemble" else {"folds": 0, "sharing": "separate"}
    settings = {**tables.TINY, **tables.MEDIA, "data.cache": str(folder / "cache"), **own}
    return torso.fit(table, tables.TARGETS, settings=settings), table


def changed(table, cells, folder):
    """Write the table with cells taken from other rows, and return its path."""
    columns = tables.read(table)
    for name, donors in cells.items():
        columns[name] = ["" if row < 0 else columns[name][row] for row in donors]
    return tables.write(folder / "changed.csv", columns)


@pytest.mark.parametrize(
    "columns", [["photo"], ["note"], ["size"], ["size", "width"], ["shop", "sound"]]
)
def test_exchanged_and_hidden_cells_are_answered_as_a_table_that_holds_them(
    run_and_table, columns, tmp_path
):
    run, table = run_and_table
    rows = laid_out(run, table, (), 10_000, 0)
    answers = WholeAnswers(run, rows.table, rows.dataset, rows.layout)
    test = run.split.split.test
    draw = np.random.default_rng(0)
    for donors in (draw.permutation(len(test)), np.full(len(test), -1)):
        cells = {**answers.unchanged, **dict.fromkeys(columns, donors)}
        said = answers.predictions(answers.outputs(cells), {})
        whole = {name: np.arange(90) for name in columns}
        for name in columns:
            whole[name][test] = np.where(donors < 0, -1, test[donors])
        written = changed(table, whole, table.parent)
        expected = run.predict(written)
        np.testing.assert_allclose(
            said["price"].value.reshape(len(test)), expected["price"].to_numpy()[test], rtol=1e-4
        )
        names = run.schema.targets["colour"].names
        given = np.stack(
            [expected[f"colour_probability_{name}"].to_numpy()[test] for name in names], 1
        )
        np.testing.assert_allclose(said["colour"].value, given, atol=1e-5)


def test_exchanges_keep_gaps_groups_and_move_every_cell():
    draw = np.random.default_rng(0)
    present = draw.random(50) < 0.7
    groups = draw.integers(0, 5, 50)
    for own in (None, groups):
        donors = exchanged_rows(present, draw, own)
        assert sorted(donors) == list(range(50))
        assert (donors[~present] == np.flatnonzero(~present)).all()
        assert (donors[present] != np.flatnonzero(present)).all()
        assert own is None or (own[donors] == own).all()
    alone = exchanged_rows(np.array([True, False]), draw)
    assert alone.tolist() == [0, 1]


def test_shapley_values_add_up_and_those_of_orders_come_near():
    names = [f"m{index}" for index in range(5)]
    draw = np.random.default_rng(1)
    worth = {kept: draw.normal(size=7) + len(kept) for kept in all_subsets(names)}
    exact = shapley_exact(names, worth)
    whole = worth[frozenset(names)] - worth[frozenset()]
    np.testing.assert_allclose(sum(exact.values()), whole)
    sampled = shapley_of_orders(drawn_orders(names, 200, 0), worth.__getitem__)
    np.testing.assert_allclose(sum(values for values, _ in sampled.values()), whole)
    for name, (values, error) in sampled.items():
        assert abs(values[0] - exact[name][0]) < 4 * error
    orders = drawn_orders(names, 3, 0)
    assert all(second == first[::-1] for first, second in list(pairwise(orders))[::2])


def stub(function):
    """Return the answers of a run that says `function` of two columns of numbers."""
    first, second = np.random.default_rng(0).normal(size=(2, 40))
    head = SimpleNamespace(stated=lambda raw, factor: raw, raw=lambda said, raw: said)

    def outputs(cells):
        said = function(first[cells["a"]], second[cells["b"]])
        return {"y": torch.tensor(said, dtype=torch.float64)[:, None]}

    model = SimpleNamespace(parameters=lambda: iter([torch.zeros(1)]))
    return SimpleNamespace(
        unchanged=dict.fromkeys("ab", np.arange(40)),
        heads={"y": head},
        outputs=outputs,
        predictor=SimpleNamespace(model=model),
    )


def test_an_additive_run_is_its_additive_part_and_a_product_has_none():
    two = {"one": ("a",), "other": ("b",)}
    groups = [np.arange(25), np.arange(25, 40)]
    sum_of = additive_outputs(stub(lambda a, b: np.exp(a) - 3 * b), two, groups, ["y"], seed=3)
    torch.testing.assert_close(sum_of.additive["y"], sum_of.whole["y"])
    signs = additive_outputs(stub(lambda a, b: np.sign(a * b)), two, groups, ["y"], seed=3)
    agreement = np.corrcoef(signs.additive["y"][:, 0], signs.whole["y"][:, 0])[0, 1]
    assert abs(agreement) < 0.6


def test_rows_are_compared_inside_their_missing_pattern():
    present = {"a": np.arange(60) % 3 != 0, "b": np.arange(60) < 50, "c": np.zeros(60, bool)}
    groups = comparable_rows(present, 1000, 0)
    assert [rows.tolist() for rows in groups] == [[row for row in range(50) if row % 3]]
    assert sum(map(len, comparable_rows(present, 20, 0))) == 20
    assert comparable_rows({"a": np.ones(60, bool), "b": np.zeros(60, bool)}, 1000, 0) == []


def test_few_labels_prove_nothing_and_holm_keeps_order():
    drawn = np.random.default_rng(0).normal(1.0, 1e-6, 1000)
    assert p_of_difference(1.0, drawn, units=5) == 2**-4
    assert p_of_difference(1.0, drawn, units=200) < 1e-9
    assert np.isnan(p_of_difference(float("nan"), drawn, units=200))
    together = holm([0.2, float("nan"), 0.001, 0.04])
    assert together[2] == pytest.approx(0.003)
    assert np.isnan(together[1])
    assert together[3] == pytest.approx(0.08)


def test_columns_are_alike_only_if_each_tells_the_other():
    draw = np.random.default_rng(0)
    town = draw.integers(0, 12, 200)
    columns = {
        "number": draw.normal(size=200).tolist(),
        "cubed": None,
        "town": [f"t{code}" for code in town],
        "city": [f"T{code}" for code in town],
        "land": [f"l{code // 6}" for code in town],  # a town tells its land, not the reverse
        "height": (town * 10 + draw.normal(size=200)).tolist(),
        "id": [f"id {row}" for row in range(200)],
        "y": draw.normal(size=200).tolist(),
    }
    columns["cubed"] = [-(value**3) for value in columns["number"]]
    kinds = {"number": "number", "cubed": "number", "height": "number", "id": "name"}
    run = torso.fit(
        columns,
        ["y"],
        inputs={name: {"kind": kinds.get(name, "category")} for name in columns if name != "y"},
        settings={"dim": 4, "training.epochs": 1, "folds": 0, "blend": "off"},
    )
    rows = laid_out(run, columns, (), 1000, 0)
    groups = alike_columns(run.schema, rows.table, rows.dataset, rows.layout)
    assert [set(group) for group in groups] == [{"number", "cubed"}, {"town", "city", "height"}]
