"""Cells as moments: of every type, in the spelling that the column keeps to."""

import datetime
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from torso.columns.dates import moments
from torso.columns.inputs import DatetimeInput
from torso.columns.profile import Profile
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import DataError
from torso.inference import inspect_table
from torso.runs.schema.columns import infer_columns
from torso.tables.dates import DateFormat
from torso.tables.table import read_table

STRICT = Reading(ReadOptions(on_error="fail"))
NOON = np.datetime64("2024-05-17T12:30:00")


def column(values, name="x"):
    return read_table({name: values}).column(name)


@pytest.mark.parametrize(
    "values",
    [
        ["2024-05-17T12:30:00", None],
        ["2024-05-17 12:30:00", ""],
        ["2024-05-17T12:30:00Z", None],
        ["2024-05-17T14:30:00+02:00", None],
        [datetime.datetime(2024, 5, 17, 12, 30), None],
    ],
)
def test_times_of_every_spelling(values):
    found = moments(column(values), DateFormat())
    assert found[0] == np.datetime64("2024-05-17T12:30:00")
    assert np.isnat(found[1])


def test_times_with_and_without_a_zone_in_one_column():
    found = moments(column(["2024-01-01", None, "2024-01-01T02:00:00+02:00"]), DateFormat())
    assert found[0] == found[2] == np.datetime64("2024-01-01")
    assert np.isnat(found[1])


def test_a_cell_that_is_no_time_is_named():
    with pytest.raises(DataError, match=r"row 3, column 'x': expected a date.*found 'soon'"):
        moments(column(["2024-01-01", None, "soon"]), DateFormat(), STRICT)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([NOON.item(), None], pa.timestamp("ns")), NOON),
        (pa.array([NOON.item(), None], pa.timestamp("us", "Asia/Tokyo")), NOON),
        (pa.array([datetime.date(2024, 5, 17), None]), np.datetime64("2024-05-17")),
        (pa.array([datetime.time(12, 30), None]), np.datetime64("2000-01-01T12:30")),
        (pa.array([45_000, None], pa.time32("s")), np.datetime64("2000-01-01T12:30")),
        ([None, None], np.datetime64("NaT")),
    ],
)
def test_types_that_say_moments(values, expected):
    read = moments(column(values), DateFormat())
    assert str(read[0]) == str(expected.astype("M8[us]"))
    assert np.isnat(read[1])


def test_words_and_zeros_among_dates_are_no_values():
    reading = Reading()
    cells = [
        "17.05.2024",
        "N/A",
        "NaT",
        "0000-00-00",
        "00.00.0000",
        "?",
        "--",
        "soon",
        "31.02.2024",
    ]
    assert np.isnat(moments(column(cells), DateFormat(("%d.%m.%Y",)), reading)[1:]).all()
    assert [(cell.row, cell.reason) for cell in reading.log.skipped] == [
        (8, "not a date or time as %d.%m.%Y"),
        (9, "not a date or time as %d.%m.%Y"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        ["17.05.2024", "18.05.2024", "1.1.2023"],
        [20240517, 20240518, 20230101],
        ["Jun-93", "Mar-41", "1993, June"],
        ["2:30 PM", "11:15 am", "9:00 AM"],
    ],
)
def test_guess_fit_and_a_restored_kind_read_alike(values):
    column_ = column(values, "date")
    guess = DatetimeInput.recognise(Profile(column_))
    told = DatetimeInput(**guess.settings)
    found_by_fit, restored = DatetimeInput(), DatetimeInput()
    told.fit(column_)
    found_by_fit.fit(column_)
    restored.restore(json.loads(json.dumps(found_by_fit.state())))
    floats = told.floats(column_, STRICT)
    assert np.isfinite(floats).all()
    for kind in (found_by_fit, restored):
        np.testing.assert_array_equal(kind.floats(column_, STRICT), floats)


def test_a_state_without_a_spelling_is_that_of_an_old_run():
    kind = DatetimeInput()
    kind.fit(column(["2024-05-17", "2023-05-17"]))
    state = {key: value for key, value in kind.state().items() if key not in ("formats", "pivot")}
    old = DatetimeInput()
    old.restore(state)
    np.testing.assert_array_equal(
        old.floats(column(["2024-05-17"]), STRICT), kind.floats(column(["2024-05-17"]), STRICT)
    )


def test_numbers_are_dates_where_the_user_says_so():
    kind = DatetimeInput()
    kind.fit(column([1715900000, 1715986400]))
    assert kind.spelling.formats == ("epoch_s",)
    kind.fit(column([1999, 2024]))
    assert kind.spelling.formats == ("%Y",)


def report(values, name="x", **given_):
    return inspect_table(read_table({name: values}), **given_)[0]


def test_inspect_tells_the_format_and_what_is_open():
    report_ = report(["03/04/2024", "05/06/2024"], "the day")
    assert (report_.kind, report_.settings) == ("datetime", {"format": "%m/%d/%Y"})
    (warning,) = report_.warnings
    assert warning.startswith(
        "'03/04/2024' may be %m/%d/%Y or %d/%m/%Y; read as %m/%d/%Y, as is usual with such signs."
    )
    assert "inputs.the day.format=" in warning
    (warning,) = report([1715900000, 1715986400, 1715986500]).warnings
    assert warning.startswith("Its numbers may be times (epoch_s). If so: --set")
    asked = report([1715900000, 1715986400, 1715986500], kinds={"x": "datetime"})
    assert (asked.settings, asked.warnings) == ({"format": "epoch_s"}, ())


@pytest.mark.parametrize("values", [["17.05.2024", "18.05.2024"], ["14:30", "09:15"]])
def test_dates_as_a_target_are_refused_with_the_way_out(values):
    (warning,) = report(values * 9, targets=["x"]).warnings
    assert "make a number of it first, such as days since a fixed day" in warning


SPELLINGS = {
    "%d.%m.%Y": lambda day: f"{day:%d.%m.%Y}",
    "%m/%d/%Y": lambda day: f"{day:%m/%d/%Y}",
    "%B %d, %Y": lambda day: f"{day:%B} {day.day}th, {day.year}",
    "epoch_s": lambda day: (day - datetime.date(1970, 1, 1)).days * 86_400,
}


def features(values):
    kind = DatetimeInput()
    kind.fit(column(values[:-365], "day"))
    return kind.spelling.formats, kind.source(column(values, "day"), STRICT).batch(
        np.arange(len(values))
    )[0]


def test_season_and_trend_are_in_the_features_of_every_spelling():
    days = [datetime.date(2018, 1, 1) + datetime.timedelta(i) for i in range(6 * 365)]
    since = np.arange(len(days))
    y = np.sin(2 * np.pi * since / 365.2425) + 0.001 * since + 0.5 * (since % 7 > 4)
    _, iso = features([f"{day:%Y-%m-%d}" for day in days])
    matrix = np.column_stack([iso, np.ones(len(days))])
    weights = np.linalg.lstsq(matrix[:-365], y[:-365], rcond=None)[0]
    error = y[-365:] - matrix[-365:] @ weights  # of the year to come
    assert 1 - error.var() / y[-365:].var() > 0.9
    for form, written in SPELLINGS.items():
        formats, values = features([written(day) for day in days])
        assert formats == (form,)
        np.testing.assert_array_equal(values, iso)


def test_advice_that_the_user_follows_is_not_repeated():
    values = {"targets": ["y"], "inputs": {"day": {"format": "%d/%m/%Y"}}}
    table = read_table({"day": ["03/04/2024", "05/06/2024"] * 9, "y": list(range(18))})
    reports = infer_columns(table, values, add=True)
    assert not any("format" in warning for report in reports for warning in report.warnings)
    assert values["inputs"]["day"] == {"kind": "datetime", "format": "%d/%m/%Y"}


DIRECTIVES = st.lists(st.sampled_from(list("dmYybBHMpIaf")), min_size=1, max_size=5, unique=True)
SIGNS = st.sampled_from(["-", "/", ".", ", ", " ", ":", "年", ""])
SPELLED = st.tuples(DIRECTIVES, SIGNS).map(lambda parts: parts[1].join(f"%{d}" for d in parts[0]))


@settings(max_examples=25, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(
    st.lists(SPELLED, min_size=1, max_size=2), st.lists(st.datetimes(), min_size=12, max_size=12)
)
def test_dates_that_are_guessed_can_be_fitted(spelled, when):
    when = [moment.replace(year=1950 + moment.year % 90) for moment in when if moment.day < 29]
    spelled = [*spelled, "%d.%m.%Y", "%d.%m.%Y"]
    column_ = column([m.strftime(spelled[i % len(spelled)]) for i, m in enumerate(when)], "date")
    guess = DatetimeInput.recognise(Profile(column_))
    if guess is None:
        return
    kind = DatetimeInput(**guess.settings)
    kind.fit(column_)
    floats = kind.floats(column_, Reading())
    assert np.isfinite(floats[:, 0]).mean() >= 0.8
    last = read_table({"date": column_.values[-1:]}).column("date")
    np.testing.assert_array_equal(kind.floats(last, Reading()), floats[-1:])
