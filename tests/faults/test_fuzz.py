"""The fuzzer finds what it looks for: a crash, a hang, memory without end and a foreign error, and cuts cases short."""

import os
import random
import signal
import time

import pytest

from benchmarks.fuzzing import children
from benchmarks.fuzzing.border import Border
from benchmarks.fuzzing.borders import BORDERS
from benchmarks.fuzzing.changes import bytes_changed, tree_changed, tree_text
from benchmarks.fuzzing.least import least_case
from torso.core.errors import DataError


def fails(case):
    if b"!" in case:
        os.abort()
    if b"?" in case:
        raise KeyError(case)
    if b"%" in case:
        return [bytes(1 << 20) for _ in range(4000)]
    if b"&" in case:
        while True:
            pass
    if b"#" in case:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})
        while True:
            pass
    if b"=" in case:
        raise DataError("refused")
    return None


def planted(*cases):
    return Border(fails, cases, lambda draw, corpus: draw.choice(corpus))


@pytest.mark.parametrize(
    ("case", "sign"),
    [
        (b"a!", "ended with SIGABRT"),
        (b"a?", "KeyError"),
        (b"a%", "MemoryError"),
        (b"a&", "Hang"),
        (b"a#", "no end"),
        (b"a=", ""),
        (b"a", ""),
    ],
)
def test_each_kind_of_failure_is_told_and_ends_only_a_child(case, sign, monkeypatch):
    monkeypatch.setattr(children, "CPU_SECONDS", 0.2)
    monkeypatch.setattr(children, "_DEAF_SECONDS", 0.5)
    told = children.tried_alone(planted(case), case)
    assert told.startswith(sign) and bool(told) == bool(sign)


def test_cases_after_a_crash_are_tried_and_all_are_counted():
    border = planted(*[b"a"] * 6, b"b=", b"c?", b"d!")
    result = children.tried(border, "planted", 0, cases=60, seconds=None)
    cases = [border.case("planted", 0, number) for number in range(60)]
    assert result.cases == 60
    assert result.read == cases.count(b"a")
    wrong = [number for number, case in enumerate(cases) if case in (b"c?", b"d!")]
    assert [failure.number for failure in result.failures] == wrong


def test_time_ends_a_search():
    begun = time.monotonic()
    result = children.tried(planted(b"a"), "planted", 0, cases=None, seconds=0.2)
    assert result.cases > 0 and time.monotonic() - begun < 5


def test_a_failing_case_is_cut_down_to_what_matters():
    case = b"some words before ? and after"
    sign = children.tried_alone(planted(case), case)
    assert least_case(planted(case), case, sign) == b"?"


def test_the_same_seed_and_number_make_the_same_case():
    border = Border(fails, [b"some bytes", b"others"], bytes_changed(b"null"))
    again = [[border.case("x", seed, number) for number in range(50)] for seed in (0, 0, 1)]
    assert again[0] == again[1] != again[2]
    assert len({*again[0]}) > 40


def test_changes_of_trees_leave_the_tree_and_can_be_written():
    tree, draw = {"a": [1, {"b": "c"}], "d": None}, random.Random(0)
    changed = [tree_changed(draw, tree) for _ in range(300)]
    assert tree == {"a": [1, {"b": "c"}], "d": None}
    assert len({tree_text(each) for each in changed}) > 150


@pytest.mark.parametrize("name", ["read json", "yaml", "set", "images", "target boxes"])
def test_a_border_stands_a_few_cases(name, tmp_path):
    border = BORDERS[name](tmp_path)
    border.warm()
    result = children.tried(border, name, 0, cases=60, seconds=None)
    assert result.cases == 60 and not result.failures
