"""Columns that say nearly the same are told, at any width of the table."""

import time

import numpy as np
import pytest

from torso.inference import inspect_table
from torso.tables.table import read_table

OWNERS = [f"Owner {row * 7 % 31} & Co" for row in range(120)]


def told(columns, **options):
    reports = inspect_table(read_table(columns), **options)
    return {
        report.name: warning
        for report in reports
        for warning in report.warnings
        if "Says the same" in warning
    }


@pytest.mark.parametrize(
    "twin,but",
    [
        (OWNERS, "in all rows. "),
        ([owner.upper() for owner in OWNERS], "in all rows, but for capital letters"),
        ([*OWNERS[:117], "x", None, "y"], "in 97.5% of the rows. "),
    ],
)
def test_twins_are_told_once(twin, but):
    found = told({"Owner": OWNERS, "z": range(120), "Owner.1": twin})
    assert list(found) == ["Owner.1"] and "'Owner'" in found["Owner.1"] and but in found["Owner.1"]


def test_numbers_may_be_twins_and_targets_may_not():
    sizes = np.random.default_rng(0).normal(size=80)
    assert list(told({"size": sizes, "size_2": sizes})) == ["size_2"]
    assert not told({"size": sizes, "size_2": sizes}, targets=["size_2"])


def test_columns_that_only_look_alike_are_not():
    rng = np.random.default_rng(0)
    assert not told({f"x{i}": rng.integers(0, 4, 300) for i in range(20)})
    assert not told({"a": [*["no"] * 90, "x", "y", "z"], "b": [*["no"] * 90, "u", "v", "w"]})


def test_many_columns_take_little_time():
    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.integers(0, 4, 400) for i in range(300)}
    start = time.perf_counter()
    assert list(told({**table, "last": table["x7"]})) == ["last"]
    assert time.perf_counter() - start < 20
