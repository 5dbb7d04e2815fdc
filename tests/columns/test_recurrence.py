"""Kinds do not depend on how many rows of a source there are."""

import numpy as np
import pytest

from torso.columns.profile import Profile
from torso.columns.recurrence import Recurrence
from torso.inference.input_kinds import guess_input
from torso.tables.table import read_table

SIZES = (60, 99, 125, 150, 10_000)
SOURCES = {
    "names": [f"Name{chr(65 + i)}" for i in range(25)],
    "companies": [f"The {chr(65 + i)}. Trading Company" for i in range(24)],
    "sentences": [f"A rather long sentence, of kind {chr(65 + i)}, that recurs" for i in range(9)],
    "codes": [f"A-{i * 37 % 90}" for i in range(40)],
    "zip": [f"{12_345 + i * i * 211}" for i in range(40)],
}


def guess(values, name="x"):
    return guess_input(Profile(read_table({name: list(values)}).column(name)))


@pytest.mark.parametrize("name", SOURCES)
def test_few_values_are_a_category_in_any_number_of_rows(name):
    rng = np.random.default_rng(0)
    values = SOURCES[name]
    weights = rng.dirichlet(5 * np.ones(len(values)))
    for _ in range(3):
        kinds = {size: guess(rng.choice(values, size, p=weights), name) for size in SIZES}
        assert {(kind.kind, kind.use) for kind in kinds.values()} == {("category", True)}, kinds


def test_free_text_with_a_set_phrase_stays_text():
    rng = np.random.default_rng(0)
    words = ["red", "green", "blue", "cyan", "pink", "grey", "teal", "gold"]
    free = [" ".join(rng.choice(words, 9)) for _ in range(2000)]
    for rows in (150, 1000, 2000):
        cells = ["nothing to add" if row % 5 else free[row] for row in range(rows)]
        assert guess(cells).kind == "text"


@pytest.mark.parametrize(
    "values,reason",
    [
        ([f"id_{i}" for i in range(60)], "60 different codes in 60 rows"),
        (list(range(100, 160)), "Counts the rows"),
        ([10**18 + i * 7919 for i in range(60)], "60 different numbers of 19 digits"),
    ],
)
def test_what_identifies_a_row_is_left_out_with_the_reason(values, reason):
    left_out = guess(values)
    assert not left_out.use and reason in left_out.warnings[0]
    assert "identifies a row" in left_out.warnings[0]


def test_the_name_helps_where_values_do_not_tell():
    rng = np.random.default_rng(0)
    shops = rng.integers(1, 40, 400)
    unique = rng.choice(10**6, 400, replace=False)
    assert guess(shops, "shop").kind == "number" and guess(shops, "shop_id").kind == "category"
    assert "--set inputs.shop_id.kind=number" in guess(shops, "shop_id").warnings[0]
    assert guess(unique, "amount").use and not guess(unique, "customerId").use


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).integers(15_000, 60_000, 300),  # prices
        1990 + np.arange(300) % 25,
        100 * np.random.default_rng(0).integers(150, 190, 300),  # salaries
        np.random.default_rng(0).poisson(3, 300),
    ],
)
def test_quantities_are_no_codes(values):
    assert guess(values).kind == "number"


def test_dna_is_no_hash():
    rng = np.random.default_rng(0)
    assert guess(["".join(rng.choice(list("ACGT"), 40)) for _ in range(80)]).use
    assert not guess(["".join(rng.choice(list("0123456789abcdef"), 40)) for _ in range(80)]).use


def test_richness_and_coverage_by_hand():
    seen = Recurrence.of({"a": 3, "b": 2, "c": 1, "d": 1})
    assert seen.coverage == pytest.approx(1 - 2 / 7)
    assert seen.richness == 4 + 2 * 1 / (2 * 2)
