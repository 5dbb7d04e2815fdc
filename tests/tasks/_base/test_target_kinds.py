"""Each kind of target by hand-worked numbers."""

import numpy as np
import pytest

from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.tables.table import read_table
from torso.tasks import Labels
from torso.tasks.binary import BinaryTarget
from torso.tasks.category import CategoryTarget
from torso.tasks.count import CountTarget
from torso.tasks.multilabel import MultilabelTarget
from torso.tasks.number import NumberTarget
from torso.tasks.ordinal import OrdinalTarget
from torso.tasks.survival import SurvivalTarget
from torso.tasks.vector import VectorTarget


def column(values):
    return read_table({"x": values}).column("x")


def fitted(kind, values):
    kind.fit(column(values))
    return kind


@pytest.mark.parametrize(
    "values,classes,answer",
    [
        ([10, 9, 100], ["9", "10", "100"], 9),
        ([1.5, 0.5], ["0.5", "1.5"], 0.5),
        ([2.0, 1.0, None], ["1", "2"], 1),
        (["b", "a"], ["a", "b"], "a"),
        ([True, False], ["false", "true"], False),
        (["TRUE", "FALSE"], ["false", "true"], False),
        (["007", "7"], ["007", "7"], "007"),
        (["TRUE", "FALSE", "MIXTURE", "TRUE", "True"], ["MIXTURE", "FALSE", "TRUE"], "MIXTURE"),
        (["2", "1"], ["1", "2"], "1"),
        (["2.0", "1.0", "1"], ["1", "2.0"], "1"),
        (["b", "a", "1.0"], ["1.0", "a", "b"], "1.0"),
        (
            [9007199254740993, 9007199254740992],
            ["9007199254740992", "9007199254740993"],
            9007199254740992,
        ),
    ],
)
def test_classes_are_sorted_and_come_back_in_their_type(values, classes, answer):
    kind = fitted(CategoryTarget(), values)
    assert kind.classes == classes
    prediction = np.eye(len(classes))
    column_ = kind.columns("x", prediction, {})["x"].to_pylist()
    assert column_[0] == answer
    assert type(column_[0]) is type(answer)


@pytest.mark.parametrize(
    "cells,type_",
    [
        (["1", "2"], int),
        (["0.5", "1.5"], float),
        (["1.0", "2.0"], float),
        (["1", "2.50"], str),
        (["a", "1"], str),
    ],
)
def test_classes_of_a_csv_come_back_as_its_cells_are_written(cells, type_, tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["x", *cells]))
    kind = CategoryTarget()
    kind.fit(read_table(tmp_path / "t.csv").column("x"))
    answers = kind.columns("x", np.eye(2), {})["x"].to_pylist()
    assert [str(answer) for answer in answers] == kind.classes == sorted(cells)
    assert {type(answer) for answer in answers} == {type_}


def test_an_order_is_compared_by_value_and_answers_as_written():
    kind = OrdinalTarget(order=[False, "half-true", True])
    fitted(kind, ["TRUE", "half-true", "FALSE", "TRUE"])
    assert kind.classes == ["FALSE", "half-true", "TRUE"]
    assert kind.encode(column(["true", "FALSE", None]), Reading()).tolist() == [2, 0, -1]
    assert fitted(OrdinalTarget(), ["10", "9"]).classes == ["9", "10"]
    assert fitted(OrdinalTarget(order=[2, 1, 3]), [1.0, 2.0]).classes == ["2", "1", "3"]


def test_an_unseen_class_counts_but_teaches_nothing():
    reading = Reading()
    targets = fitted(CategoryTarget(), ["a", "b"]).encode(column(["b", "z", None]), reading)
    assert targets.tolist() == [1, 2, -1]
    assert [(one.row, one.cell, one.reason) for one in reading.log.skipped] == [
        (2, "z", "class unseen in training")
    ]


def test_binary_classes_in_order():
    kind = fitted(BinaryTarget(), ["yes", "no", "yes"])
    np.testing.assert_array_equal(
        kind.encode(column(["no", "yes", None]), Reading()), [0, 1, np.nan]
    )
    columns = kind.columns("x", np.array([0.8]), {})
    assert columns["x"].to_pylist() == ["yes"]
    assert columns["x_probability_no"].to_pylist() == pytest.approx([0.2])
    with pytest.raises(DataError, match=r"two values. Found 3: .*--set targets\.x\.kind=category"):
        fitted(BinaryTarget(), ["a", "b", "c"])


def test_a_third_value_has_no_place_in_a_binary_target():
    reading, kind = Reading(), fitted(BinaryTarget(), ["no", "yes"])
    np.testing.assert_array_equal(kind.encode(column(["yes", "maybe"]), reading), [1, np.nan])
    assert [(one.row, one.cell) for one in reading.log.skipped] == [(2, "maybe")]


def test_labels_as_text_and_as_lists():
    text = fitted(MultilabelTarget(delimiter=","), ["a, b", "c", None])
    lists = fitted(MultilabelTarget(), [["a", "b"], ["c"], None])
    assert text.labels == lists.labels == ["a", "b", "c"]
    reading = Reading()
    found = text.encode(column(["b,zz", "c,a", None]), reading)
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 1], [np.nan] * 3])
    assert reading.log.skipped[0].reason == "label unseen in training"
    prediction = np.array([[0.9, 0.1, 0.5], [0.1, 0.1, 0.1]])
    assert text.columns("x", prediction, {})["x"].to_pylist() == ["a, c", ""]
    assert lists.columns("x", prediction, {})["x"].to_pylist() == [["a", "c"], []]
    assert lists.encode(column([[], ["a"]]), Reading()).tolist() == [[0, 0, 0], [1, 0, 0]]


def test_numbers_keep_their_unit_and_lose_infinity():
    kind = fitted(NumberTarget(), [10.0, 20.0, None, float("inf")])
    assert (kind.mean, kind.std) == (15.0, 5.0)
    reading = Reading()
    np.testing.assert_array_equal(
        kind.encode(column([30.0, float("inf"), None]), reading), [30, np.nan, np.nan]
    )
    assert len(reading.log.skipped) == 1
    columns = kind.columns("x", np.array([1.0]), {"spread": np.array([0.5])})
    assert {name: array.to_pylist() for name, array in columns.items()} == {
        "x": [1.0],
        "x_spread": [0.5],
    }


def test_one_number_of_several_may_be_missing():
    kind = fitted(VectorTarget(), [[1.0, 10.0], [3.0, None], None])
    assert kind.mean == [2.0, 10.0]
    found = kind.encode(column([[5.0, None], None]), Reading())
    np.testing.assert_array_equal(found, [[5, np.nan], [np.nan, np.nan]])
    wide = Reading()
    assert np.isnan(kind.encode(column([[1.0, 2.0, 3.0]]), wide)).all()
    assert [cell.reason for cell in wide.log.skipped] == ["not a list of 2 numbers"]


def test_numbers_far_from_zero_keep_their_detail():
    """Seconds since 1970: in float32 they would be multiples of 128."""
    kind = fitted(NumberTarget(), [1.7e9 - 10, 1.7e9 + 10])
    assert (kind.mean, kind.std) == (1.7e9, 10.0)
    assert kind.offered() == {"mean": 0.0, "std": 10.0}
    targets = kind.encode(column([1.7e9 + 3.25, None]), Reading())
    np.testing.assert_array_equal(targets, np.float32([3.25, np.nan]))
    answer = kind.columns("x", targets[:1], {})["x"]
    assert answer.to_pylist() == [1.7e9 + 3.25]

    several = fitted(VectorTarget(), [[1.7e9 - 10, 1.0, 7.0], [1.7e9 + 10, 3.0, 7.0]])
    assert several.offered() == {"mean": [0.0, 2.0, 7.0], "std": [10.0, 1.0, 1.0]}
    targets = several.encode(column([[1.7e9 + 3.25, 2.5, None]]), Reading())
    np.testing.assert_array_equal(targets, np.float32([[3.25, 2.5, np.nan]]))
    answer = several.columns("x", np.float32([[3.25, 2.5, 7.0]]), {})["x"]
    assert answer.to_pylist() == [[1.7e9 + 3.25, 2.5, 7.0]]


def test_numbers_of_a_run_from_before_there_was_an_origin():
    for kind, mean in ((NumberTarget(), 15.0), (VectorTarget(), [15.0])):
        kind.restore({"mean": mean, "std": mean})
        assert kind.offered() == {"mean": mean, "std": mean}


@pytest.mark.parametrize(
    "kind,values", [(NumberTarget, [3.0, 3.0]), (VectorTarget, [[1.0, 2.0], [1.0, 2.0]])]
)
def test_a_constant_is_refused(kind, values):
    with pytest.raises(DataError, match=r"at least two values.*everywhere"):
        fitted(kind(), values)


def test_an_order_that_is_said():
    kind = fitted(OrdinalTarget(order=["low", "mid", "high"]), ["high", "low", "low", None])
    assert kind.classes == ["low", "mid", "high"]
    assert kind.frequencies == pytest.approx([2 / 3, 0, 1 / 3])
    reading = Reading()
    assert kind.encode(column(["mid", "high", "huge", None]), reading).tolist() == [1, 2, -1, -1]
    assert [one.cell for one in reading.log.skipped] == ["huge"]
    columns = kind.columns("x", np.array([[0.4, 0.3, 0.3], [0.1, 0.1, 0.8]]), {})
    assert columns["x"].to_pylist() == ["mid", "high"]  # the median, not the likeliest
    assert columns["x_probability"].to_pylist() == [0.3, 0.8]


def test_an_order_of_numbers_need_not_be_said():
    assert fitted(OrdinalTarget(), [10, 9, 2]).classes == ["2", "9", "10"]
    assert fitted(OrdinalTarget(order=[3, 2.0, 1]), [1, 2, 3]).classes == ["3", "2", "1"]
    with pytest.raises(DataError, match=r"should say their order.*targets\.x\.order="):
        fitted(OrdinalTarget(), ["low", "high"])
    with pytest.raises(DataError, match=r"every label should be in `order`.*Found \['b'\] besides"):
        fitted(OrdinalTarget(order=["a", "c"]), ["a", "b", "c"])


def test_counts():
    kind = fitted(CountTarget(), [0, 4, None])
    assert kind.offered() == {"mean": 2.0}
    reading = Reading()
    found = kind.encode(column([7.0, 2.5, -1.0, None, float("inf")]), reading)
    np.testing.assert_array_equal(found, [7, np.nan, np.nan, np.nan, np.nan])
    assert [(one.row, one.cell) for one in reading.log.skipped] == [
        (2, "2.5"),
        (3, "-1"),
        (5, "inf"),
    ]
    with pytest.raises(DataError, match=r"row 2, column 'x': expected a count.*found 0\.5"):
        fitted(CountTarget(), [1, 0.5])
    details = {"spread": np.array([1.5]), "low": np.array([0.0]), "high": np.array([5.0])}
    columns = kind.columns("x", np.array([2.5]), details)
    assert {name: array.to_pylist() for name, array in columns.items()} == {
        "x": [2.5],
        "x_spread": [1.5],
        "x_low": [0],
        "x_high": [5],
    }


def times(time, event):
    """Return labels: times in the column `x`, and how they ended in the column `e`."""
    table = read_table({"x": time, "e": event})
    x = table.column("x")
    return Labels("x", x.values, x.table, others=(table.column("e"),))


def test_times_and_events():
    kind = SurvivalTarget(event="e", horizons=[2])
    kind.fit(times([1.0, 4.0, 2.0, None], [True, False, True, True]))
    assert kind.log_mean == pytest.approx(np.log(8) / 3)
    assert kind.others == ("e",)
    reading = Reading()
    found = kind.encode(times([3.0, 0.0, 5.0, None], ["Yes", "no", None, "1"]), reading)
    np.testing.assert_array_equal(found, [[3, 1], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2])
    assert [(one.row, one.reason) for one in reading.log.skipped] == [(2, "not a time above 0")]
    columns = kind.columns("x", np.array([2.5]), {"survival_2": np.array([0.6])})
    assert list(columns) == ["x", "x_survival_2"]


def test_hazards_are_events_by_time():
    """Events at 1 to 10: nine ends, at the deciles; each piece begins with its own events by time spent in it."""
    kind = SurvivalTarget(event="e")
    kind.fit(times([*range(1, 11), 20], [1] * 10 + [0]))
    assert kind.ends == pytest.approx(np.quantile(np.arange(1, 11), np.arange(1, 10) / 10))
    edges = np.array([0, *kind.ends, 20.0])
    spent = (
        np.clip([[*range(1, 11), 20]], edges[:-1, None], edges[1:, None]) - edges[:-1, None]
    ).sum(1)
    assert kind.hazards == pytest.approx(1 / spent)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: SurvivalTarget(),
            ConfigError,
            "should name the column.*targets.TIME.event=COLUMN",
        ),
        (lambda: SurvivalTarget("e", [-1]), ValueError, "`horizons` should be above 0"),
        (
            lambda: SurvivalTarget("e").fit(times([1.0, 2.0], ["dead", "alive"])),
            DataError,
            "The first cell that is none: 'dead', not 1, true or yes",
        ),
        (
            lambda: SurvivalTarget("e").fit(times([1.0, 2.0], [0, 0])),
            DataError,
            "one event .*Found 2 labels, of which 0 are events by the column 'e'",
        ),
        (
            lambda: SurvivalTarget("e").fit(Labels("x", column([1.0]).values, "<frame>")),
            DataError,
            "expected a time and an event",
        ),
    ],
)
def test_what_a_survival_target_refuses(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_more_events_make_finer_pieces():
    for events, pieces in ((200, 10), (1500, 15), (9000, 30)):
        kind = SurvivalTarget(event="e")
        kind.fit(times([*map(float, range(1, events + 1))], [1] * events))
        assert len(kind.hazards) == len(kind.ends) + 1 == pieces
