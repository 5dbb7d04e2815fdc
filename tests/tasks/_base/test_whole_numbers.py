"""Whole numbers as labels: classes or a quantity by their shape; other choices are named, and work."""

import json
import re

import numpy as np
import pytest
import yaml

import torso
from torso.columns.profile import Profile
from torso.inference import inspect_table
from torso.inference.target_kinds import guess_target
from torso.tables.table import read_table
from torso.tasks._base.whole_numbers import Shape

SIZES = (60, 99, 125, 150, 10_000)


def bell(first, last, middle, spread):
    numbers = np.arange(first, last + 1)
    weights = np.exp(-np.square(numbers - middle) / 2 / spread**2)
    return lambda rng, rows: rng.choice(numbers, rows, p=weights / weights.sum())


SOURCES = {
    "digits": ("x", "category", lambda rng, rows: rng.integers(0, 10, rows)),
    "three": ("x", "category", lambda rng, rows: rng.choice(3, rows, p=[0.5, 0.3, 0.2])),
    "from_one": ("x", "category", lambda rng, rows: rng.integers(1, 6, rows)),
    "uneven": (
        "x", "category", lambda rng, rows: rng.choice(8, rows, p=[0.05, 0.3, 0.02, 0.25, 0.03, 0.2, 0.05, 0.1])
    ),
    "letters": ("label", "category", lambda rng, rows: rng.integers(0, 26, rows)),
    "ratings": ("x", "number", bell(1, 9, 5.5, 1.6)),
    "wine": ("quality", "number", bell(3, 8, 5.6, 0.8)),
    "stars": ("stars", "number", lambda rng, rows: rng.choice([1, 2, 3, 4, 5], rows, p=[0.12, 0.07, 0.1, 0.2, 0.51])),
    "years": ("x", "number", lambda rng, rows: rng.integers(2006, 2017, rows)),
    "counts": ("x", "number", lambda rng, rows: rng.poisson(2, rows)),
    "rare": ("visits", "number", lambda rng, rows: rng.poisson(1, rows)),
    "ages": ("x", "number", lambda rng, rows: rng.integers(18, 36, rows)),
    "levels": ("x", "number", lambda rng, rows: rng.choice([0, 1, 3, 5], rows, p=[0.5, 0.2, 0.2, 0.1])),
    "sales": ("x", "number", lambda rng, rows: rng.choice([500, 2000, 3000, 5000, 8000], rows)),
}  # fmt: skip


def guess(values, name="x"):
    return guess_target(Profile(read_table({name: values}).column(name)))


@pytest.mark.parametrize("source", SOURCES)
def test_the_kind_does_not_depend_on_the_number_of_rows(source):
    name, kind, draw = SOURCES[source]
    rng = np.random.default_rng(0)
    kinds = [guess(draw(rng, rows), name).kind for rows in SIZES for _ in range(5)]
    assert kinds[-10:] == [kind] * 10 and kinds.count(kind) >= 23, kinds


@pytest.mark.parametrize("write", [str, float, lambda number: f"{number}.0"])
def test_the_way_of_writing_does_not_matter(write):
    rng = np.random.default_rng(0)
    for source in ("digits", "ratings", "years"):
        name, kind, draw = SOURCES[source]
        values = [write(int(number)) for number in draw(rng, 300)]
        assert guess([*values, None], name).kind == kind


def test_a_shape_by_hand():
    even = Shape.of({1: 10, 2: 10, 4: 10})
    assert even.frequencies.tolist() == [10, 10, 0, 10] and even.solid_gaps == 1
    equal = Shape.of({0: 10, 1: 10, 2: 10})
    assert equal.curvature == pytest.approx(-1 / 30) and equal.roughness == pytest.approx(0)
    assert Shape.of({0: 4, 1: 2, 2: 1}).smooth == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=1e-4)


@pytest.mark.parametrize(
    "values", [[0, 10**15] * 30 + [5], [-(2**40), 0, 7] * 20, [1e300, 2.0, 3.0] * 9]
)
def test_far_numbers_take_no_memory(values):
    assert guess(values).kind in ("category", "number")


# --- proposals --------------------------------------------------------------------------------------


def told(values, name="y"):
    return inspect_table(read_table({"a": range(len(values)), name: values}), [name])[1].warnings


def test_what_was_chosen_and_how_to_choose_otherwise():
    rng = np.random.default_rng(0)
    assert "--set targets.y.kind=number" in told(rng.integers(0, 10, 90))[0]
    assert "--set targets.y.kind=category" in told(bell(1, 9, 5, 2)(rng, 200))[0]
    assert "--set targets.y.kind=count" in " ".join(told(rng.poisson(2, 200)))
    assert "--set targets.y.kind=count" in " ".join(told(rng.negative_binomial(1, 0.02, 400)))
    assert "A heavy tail" in told(rng.lognormal(4, 1.5, 200))[0]
    assert not told(rng.choice([1.5, 2.5], 200, p=[0.7, 0.3]) + rng.integers(0, 2, 200))
    assert not told(rng.normal(50, 9, 200)) and not told(rng.uniform(0, 9, 200))


@pytest.mark.parametrize(
    "values,order",
    [
        (["low", "high", "medium"], ["low", "medium", "high"]),
        (
            ["Strongly agree", "Agree", "Neutral", "Disagree"],
            ["Disagree", "Neutral", "Agree", "Strongly agree"],
        ),
        (["XL", "S", "M"], ["S", "M", "XL"]),
    ],
)
def test_words_of_a_known_scale_are_proposed_in_order(values, order):
    assert f"--set 'targets.y.order={json.dumps(order)}'" in told(values * 20)[0]
    assert not told([*values, "green"] * 20)


def test_every_printed_cure_works():
    rng = np.random.default_rng(0)
    columns = {
        "code": rng.integers(0, 6, 150),
        "taste": rng.choice(["low", "medium", "high"], 150),
        "visits": rng.negative_binomial(1, 0.02, 150),
        "price": rng.lognormal(4, 1.5, 150),
    }
    reports = inspect_table(read_table(columns), [*columns])
    warnings = " ".join(warning for report in reports for warning in report.warnings)
    cures = re.findall(r"--set ('[^']*'|[^\s,;]+)", warnings)
    pairs = [cure.strip("'.").split("=", 1) for cure in cures]
    assert {key.partition(".")[2] for key, _ in pairs} == {
        "code.kind", "taste.kind", "taste.order", "visits.kind", "visits.transform", "price.transform"
    }  # fmt: skip
    settings = {key: yaml.safe_load(value) for key, value in pairs}
    del settings["targets.visits.transform"]  # which a count does not know
    columns["x"] = rng.normal(size=150)
    run = torso.fit(
        columns, [*columns][:4], inputs=["x"], settings={**settings, "training.epochs": 1}
    )
    kinds = {name: kind.kind for name, kind in run.schema.targets.items()}
    assert kinds == {"code": "number", "taste": "ordinal", "visits": "count", "price": "number"}
    assert run.config.targets["price"]["transform"] == "none"
