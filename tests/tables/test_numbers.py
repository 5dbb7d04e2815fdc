"""Numbers are read however they are written, and what is no number does not become one."""

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torso.tables.numbers.finder import find_numbers
from torso.tables.numbers.number_format import NumberFormat


def texts(cells):
    return pa.array(cells, pa.large_string())


def read(cells, **given):
    """Return what the found format reads, in its first unit, and the format."""
    seen = find_numbers(texts(cells))
    assert seen is not None
    assert seen.share > 0.9, seen
    numbers = seen.format.parse(texts(cells))
    return seen.format.in_one_unit(numbers), seen.format


def grouped(value, mark):
    return f"{value:,}".replace(",", mark)


def two_digits(value, thousands, decimal):
    whole, _, rest = f"{abs(value):,.2f}".partition(".")
    return "-" * (value < 0) + whole.replace(",", thousands) + decimal + rest


MARKS = [
    (",", "."),
    (".", ","),
    (" ", ","),
    ("\u00a0", ","),
    ("\u202f", ","),
    ("'", "."),
    ("’", "."),
    ("", ","),
    ("_", "."),
]
AROUND = [
    "{}",
    "${}",
    "{} €",
    "€ {}",
    "USD {}",
    "{} kg",
    "{}kg",
    "{}%",
    "{} %",
    "{} mg/100g",
    "{} widgets",
    "CHF {}",
    "{} °C",
    "R$ {}",
]
VALUES = st.lists(
    st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), min_size=30, max_size=40
)


@settings(max_examples=30, deadline=None)
@given(VALUES, st.sampled_from(MARKS), st.sampled_from(AROUND))
def test_a_number_in_any_spelling_is_read_back(values, marks, around):
    cells = [around.format(two_digits(value, *marks)) for value in values]
    numbers, form = read(cells)
    np.testing.assert_array_equal(numbers, values)
    assert len(form.columns) == 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 5000), min_size=30, max_size=40),
    st.sampled_from(
        [
            (lambda n: f"{n // 60} h {n % 60} min", lambda n: n),
            (lambda n: f"{n // 60}h{n % 60:02d}", lambda n: n),
            (lambda n: f"{n // 60}:{n % 60:02d}", lambda n: n),
            (lambda n: f"{n // 12}'{n % 12}\"", lambda n: n),
            (lambda n: f"{n // 12} ft {n % 12} in", lambda n: n),
            (lambda n: f"{n}{'th' if 10 < n % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}", lambda n: n),
            (lambda n: f"{n / 10}k", lambda n: n * 100),
            (lambda n: f"${n / 10} million", lambda n: n * 100000),
            (lambda n: f"{n / 10}万", lambda n: n * 1000),
            (lambda n: f"({n})" if n % 2 else str(n), lambda n: -n if n % 2 else n),
            (lambda n: f"−{n}", lambda n: -n),
            (lambda n: f"{n}-" if n % 2 else f"{n}", lambda n: -n if n % 2 else n),
            (lambda n: str(n).translate(str.maketrans("0123456789", "０１２３４５６７８９")), lambda n: n),
            (lambda n: f"{'<>~'[n % 3]}{n}", lambda n: n),
            (lambda n: f"{n}+" if n % 2 else str(n), lambda n: n),
            (lambda n: f"{n} {n % 8}/8", lambda n: n + n % 8 / 8),
            (lambda n: f"{n}-{n + 10} kg", lambda n: n + 5),
            (lambda n: f"{n} to {n + 10}", lambda n: n + 5),
            (lambda n: f"{n} ± 0.5 mm", lambda n: n),
            (lambda n: f"{n / 100}x10^2", lambda n: n),
            (lambda n: f"{n % 90}.5° {'NS'[n % 2]}", lambda n: (1 - 2 * (n % 2)) * (n % 90 + 0.5)),
            (lambda n: f"{n}px", lambda n: n),
            (lambda n: f'="{n}"', lambda n: n),
            (lambda n: f"{n // 12} years {n % 12} months", lambda n: n),
            (lambda n: f"{n}\u00a0ft ({n * 0.3048:.1f}\u00a0m)", lambda n: n),
            (lambda n: f"{n} {'review' if n == 1 else 'reviews'}", lambda n: n),
            (lambda n: f"{n}[{n % 9}] m", lambda n: n),
        ]
    ),
)  # fmt: skip
def test_forms_that_need_more_than_digits_are_read_back(values, form):
    write, meant = form
    numbers, _ = read([write(value) for value in values])
    np.testing.assert_allclose(numbers, [meant(value) for value in values], rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(["1,5 kg", "3 lb", "12", "7-9 kg", "1.234,5 kg", "<5 g", "1,234", "n/a", "x", None, "5 t"]),
        min_size=1, max_size=12,
    ),
    st.sampled_from([NumberFormat(), NumberFormat(",", ("kg",), ("ranges", "limits")), NumberFormat(".", ("kg", "lb", ""))]),
)  # fmt: skip
def test_a_cell_alone_is_read_as_in_its_column(cells, form):
    whole = form.parse(texts(cells))
    alone = [form.parse(texts([cell])) for cell in cells]
    np.testing.assert_array_equal(
        whole.middle, np.concatenate([numbers.middle for numbers in alone])
    )
    np.testing.assert_array_equal(whole.width, np.concatenate([numbers.width for numbers in alone]))


def test_units_of_different_systems_have_a_column_each_and_sizes_of_one_share_it():
    cells = [f"{n} kg" if n % 2 else f"{n} lbs" for n in range(1, 41)]
    seen = find_numbers(texts(cells)).format
    assert sorted(seen.units) == ["kg", "lb"]
    numbers = seen.parse(texts(["3 kg", "2 lbs", "500 g", "7"]))
    kg, lb = (numbers.middle[:, seen.units.index(unit)] for unit in ("kg", "lb"))
    np.testing.assert_array_equal(kg, [3, np.nan, 0.5, np.nan])
    np.testing.assert_array_equal(lb, [np.nan, 2, np.nan, np.nan])
    pounds = NumberFormat.of(units=["lbs", "kg"])
    np.testing.assert_allclose(
        pounds.in_one_unit(pounds.parse(texts(["2 lbs", "1 kg"]))), [2, 2.2046226218]
    )
    metric = [f"{n} g" if n < 1000 else f"{n / 1000} kg" for n in range(300, 3000, 100)]
    numbers, form = read(metric)
    assert len(form.units) == 1
    assert (np.diff(numbers) > 0).all()


def test_a_range_has_a_width():
    form = NumberFormat.of(units=["cm"], forms=["ranges"])
    numbers = form.parse(texts(["120–195[4] cm (3 ft 11 in–6 ft 5 in)", "130 cm"]))
    assert numbers.middle.tolist() == [[157.5], [130]]
    assert numbers.width.tolist() == [[75], [0]]


@pytest.mark.parametrize(
    ("cells", "decimal", "first"),
    [
        (["1,234", "12,5", "0,75", "3,1415"], ",", 1.234),
        (["1,234", "12,345", "999"], ".", 1234),
        (["1,234", "12,345,678"], ".", 1234),
        (["1.234", "12.345,5"], ",", 1234),
        (["1.234", "12.340", "980", "1.990", "15.500", "7.001"], ",", 1234),
        (["1.234", "12.34", "980", "1.990", "15.500", "7.001"], ".", 1.234),
        (["1.234 €", "12.345 €", "2.000 €", "980 €"], ",", 1234),
        ([*(["1,234"] * 30), "12,5"], ".", 1234),
    ],
)
def test_the_column_decides_on_the_decimal_mark(cells, decimal, first):
    numbers, form = read(cells)
    assert form.decimal == decimal
    assert numbers[0] == first


def test_a_doubt_about_the_decimal_mark_is_told_and_can_be_settled():
    cells = texts(["1,234", "2,345", "7,891"])
    assert find_numbers(cells).doubt == "1,234"
    seen = find_numbers(cells, ",")
    assert not seen.doubt
    assert seen.format.parse(cells).middle[0, 0] == 1.234


rows = range(40)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{n * 2711 % 100000:05d}" for n in rows],  # postal codes
        ["007", "002", "009", "014", "123", "456"],
        [f"555-{n * 173 % 10000:04d}" for n in rows],
        [f"+1 555 {n % 10}23 {1000 + n}" for n in rows],
        [f"{600 + n} {123 + n} {456 + n}" for n in rows],  # telephone numbers in groups of three
        [f"{n}.{n % 7}.{n % 3}" for n in rows],
        [f"10.0.{n}.1" for n in rows],
        [f"Boeing {700 + n}" for n in rows],
        ["Room 12 second door", "Room 7 first door", "Hall 3"],
        [f"{n % 28 + 1:02d}.05.2024" for n in rows],
        [f"2024-05-{n % 28 + 1:02d}" for n in rows],
        [f"2024-{n % 12 + 1:02d}" for n in rows],
        [f"{n} May 2024" for n in range(1, 29)],
        [f"{n * 7919:08x}" for n in range(10**5, 10**5 + 40)],
        [f"{n}{'ABCDEFGH'[n % 8]}" for n in range(100, 140)],  # squares of a grid, seats
        [f"{n}-{'ABCDEFGH'[n % 8]}{n}" for n in rows],
        [f"{n % 4}-{n * 7 % 5}" for n in rows],  # results of games
        [f"{110 + n}/{70 + n}" for n in rows],  # blood pressure
        [f"{n} {street}" for n, street in zip(rows, ["Oak", "Elm", "Ash", "Fir", "Bay"] * 8, strict=True)],
        ["1-0", "0-1", "1/2-1/2"] * 5,
        [f"v1.{n}" for n in rows],
        [f"978-3-16-1484{n:02d}-0" for n in rows],
        [f"{n}x{2 * n}" for n in rows],
        ["3 Doors Down", "50 Cent", "10 Years", "Blink 182"],
        ["a long sentence about 5 things that matter to nobody"] * 5,
    ],
)  # fmt: skip
def test_codes_dates_and_texts_are_no_numbers(cells):
    seen = find_numbers(texts(cells))
    assert seen is None or seen.share < 0.8, seen


def test_a_rare_letter_does_not_scale_a_flight_number():
    seen = find_numbers(texts([*map(str, range(100, 160)), "208B"]))
    assert seen.format.is_plain
    assert seen.unread == ("208B",)


def test_errors_of_spreadsheets_are_missing():
    numbers, form = read(["#N/A", "#DIV/0!", "1", "2.5"])
    assert form.is_plain
    np.testing.assert_array_equal(numbers, [np.nan, np.nan, 1, 2.5])


@pytest.mark.parametrize(
    "settings", [{"decimal": ";"}, {"forms": ["roman"]}, {"forms": ["m:ss", "h:mm"]}]
)
def test_a_setting_that_there_is_none_of_is_refused(settings):
    with pytest.raises(ValueError, match=f"`{next(iter(settings))}`"):
        NumberFormat.of(**settings)


@pytest.mark.parametrize("write", [str, "${:,}".format, "{} kg".format])
def test_a_long_column_is_read_fast(write):
    cells = texts([write(n * 7919 % 10**6) for n in range(30_000)])
    before = time.process_time()
    NumberFormat.of(units=["kg", "$"]).parse(cells)
    assert time.process_time() - before < 1.5


@pytest.mark.parametrize("decimal", [None, ".", ","])
def test_an_exponent_settles_the_decimal_mark(decimal):
    cells = [f"{value:.3e}" for value in (579.6, 0.0012345, 12.5, 1e9, 7.25, 3.125)]
    found = find_numbers(texts(cells), decimal)
    assert found.doubt == "" and found.share == 1
    assert found.format.parse(texts(cells)).middle[:, 0].tolist() == [float(cell) for cell in cells]
