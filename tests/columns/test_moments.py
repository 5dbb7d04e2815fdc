"""One wild cell disarms no column: neither as an input nor as a label; and any unit will do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torso.columns.inputs import NumberInput, SequenceInput, VectorInput
from torso.columns.moments import all_equal, moments, near, reach
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables import read_table
from torso.tasks import Target

RNG = np.random.default_rng(0)
LABELS = np.random.default_rng(0).normal(20.0, 3.0, 200)
COUNTS = np.random.default_rng(0).poisson(4.0, 200).astype(float)


def column(values, name="x"):
    return read_table({name: list(values)}).column(name)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(5, 300),
    st.sampled_from([1e-250, 1e-13, 1.0, 1e9, 1e250]),
    st.sampled_from([1e7, -1e12, 1e40, -1e57]),
    st.integers(0, 10**6),
)
def test_a_wild_cell_moves_neither_mean_nor_spread(rows, unit, wild, seed):
    values = np.random.default_rng(seed).normal(2.0, 1.0, rows) * unit
    place = seed % rows
    spoilt = values.copy()
    spoilt[place] = wild * unit
    assert near(values).all()
    assert near(spoilt).tolist() == [row != place for row in range(rows)]
    kind, plain = NumberInput(), NumberInput()
    kind.fit(column(spoilt))
    plain.fit(column(np.delete(values, place)))
    assert (kind.mean, kind.std) == (plain.mean, plain.std)
    features, mask = kind.source(column(spoilt), Reading()).batch(np.arange(rows))
    assert mask.all()
    assert np.isfinite(features).all()
    others = np.delete(features, place)
    assert 0.5 < others.std() < 1.5


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_a_heavy_tail_is_no_wild_cell(sigma):
    money = np.random.default_rng(1).lognormal(3.0, sigma, 50_000).round(2)
    assert near(money).all()
    assert near(np.where(np.arange(50_000) % 10, 0.0, money)).all()  # mostly zeros


def test_signs_on_one_in_ten_rows_are_the_data():
    values = np.where(np.arange(200) % 10, LABELS, 1e9)
    assert reach(values) is None
    assert near(values).all()
    assert reach(np.full(20, 3.0)) is None
    assert near(np.array([0.0] * 19 + [1e12])).all()  # nothing to compare with


@pytest.mark.parametrize("unit", [1e-300, 1e-13, 1.0, 1e13, 1e300])
def test_any_unit_will_do(unit):
    values = (LABELS * unit)[:, None]
    mean, std = moments(values)
    assert mean / unit == pytest.approx(LABELS.mean())
    assert std / unit == pytest.approx(LABELS.std())
    assert not all_equal(values, std).any()
    same = np.full((7, 1), 0.1 * unit)
    same[0] = 0.3 * unit / 3
    assert all_equal(same, moments(same)[1]).all()
    for kind, cells in (
        (NumberInput(), values[:, 0]),
        (VectorInput(), np.repeat(values, 2, axis=1).tolist()),
        (SequenceInput(), [[[x[0], 1.0]] * 3 for x in values]),
    ):
        kind.fit(column(cells))
        assert kind.std[0] / unit == pytest.approx(LABELS.std())


def target(kind, wild):
    """Return a fitted target, its column with one wild label in row 4, and another wild one in a new table."""
    settings = {"survival": {"event": "event"}}.get(kind, {})
    made = Target.registry.build({"type": kind, **settings})
    values = np.array(COUNTS if kind == "count" else LABELS)
    values[3] = wild
    cells = [[x, 2 * x] for x in values] if kind == "vector" else list(values)
    return made, read_table({"y": cells, "event": [1] * len(values)})


@pytest.mark.parametrize("kind", ["number", "count", "vector", "survival"])
@pytest.mark.parametrize("wild", [1e9, 1e30, 1e200])
def test_a_wild_label_counts_as_missing_and_is_told_by_row(kind, wild):
    made, table = target(kind, wild)
    from torso.runs.schema.schema import Schema

    schema = Schema({"x": {"kind": "number"}}, {"y": {"kind": kind, **vars_of(made)}})
    label = schema.label(table, "y")
    made = schema.targets["y"]
    made.learn(label, Reading())
    reading = Reading()
    encoded = made.encode(label, reading)
    assert np.isfinite(np.delete(encoded, 3, axis=0)).all()
    assert np.isnan(encoded[3]).all()
    assert {cell.row for cell in reading.log.skipped} == {4}
    restored = Schema({"x": {"kind": "number"}}, {"y": {"kind": kind, **vars_of(made)}})
    restored.targets["y"].restore(made.state())
    np.testing.assert_array_equal(restored.targets["y"].encode(label, Reading()), encoded)
    fresh = Schema({"x": {"kind": "number"}}, {"y": {"kind": kind, **vars_of(made)}})
    clean = fresh.label(table.take(np.delete(np.arange(200), 3)), "y")
    fresh.targets["y"].learn(clean, Reading())
    offered, spoilt = fresh.targets["y"].offered(), made.offered()
    for key in ("mean", "std", "log_mean"):
        if key in offered:
            assert spoilt[key] == pytest.approx(offered[key])
    later = fresh.targets["y"].encode(label, reading)  # a row that training did not see
    assert np.isnan(later[3]).all()


def vars_of(made):
    return {"event": made.event} if hasattr(made, "event") else {}


def test_an_angle_of_too_many_turns_has_no_direction():
    made = Target.registry.build({"type": "angle"})
    cells = column([*LABELS, 1e13, -1e200, np.inf])
    made.fit(cells)
    reading = Reading()
    assert np.isnan(made.encode(cells, reading)).sum() == 3
    assert [cell.row for cell in reading.log.skipped] == [203, 201, 202]


@pytest.mark.parametrize("kind", ["number", "vector", "count"])
def test_labels_beyond_float32_are_refused_with_a_factor(kind):
    made = Target.registry.build({"type": kind})
    values = np.floor(LABELS) * 1e200
    cells = [[x] for x in values] if kind == "vector" else values
    with pytest.raises(DataError, match=r"between 1e-30 and 1e\+30 .* multiply it by 1e-201"):
        made.fit(column(cells))
    given = values * 1e-201
    if kind == "number":
        made.fit(column(given))


def test_far_pixels_of_a_map_have_no_label():
    made = Target.registry.build({"type": "map", "size": 16})
    maps = RNG.normal(20.0, 3.0, (30, 16, 16))
    made.learn(column(maps.tolist(), "depth"), Reading())
    mean = made.mean
    maps[3, 2, 2], maps[4] = 1e12, 1e30
    cells = column(maps.tolist(), "depth")
    made.learn(cells, Reading())
    assert made.mean == pytest.approx(mean, rel=1e-2)
    reading = Reading()
    encoded = made.encode(cells, reading)
    assert np.isnan(encoded).sum() == 1 + 256
    assert [(cell.row, cell.reason.split(" far")[0]) for cell in reading.log.skipped] == [
        (4, "1 pixels"),
        (5, "256 pixels"),
    ]


@pytest.mark.parametrize("kind", ["number", "count", "vector"])
def test_labels_beyond_float32_count_as_missing_even_where_they_are_many(kind):
    made = Target.registry.build({"type": kind})
    values = np.where(np.arange(200) % 5, COUNTS, 1e200)
    usual = column([[x] for x in COUNTS] if kind == "vector" else COUNTS)
    made.fit(usual)
    made.reach = [None] if kind == "vector" else None  # as in a run of an earlier version
    reading = Reading()
    cells = column([[x] for x in values] if kind == "vector" else values)
    encoded = made.encode(cells, reading)
    assert np.isnan(encoded).sum() == 40
    assert {cell.reason for cell in reading.log.skipped} == {"too large for float32"}
