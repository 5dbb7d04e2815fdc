"""Dates in the spellings of the world: found by the column, read to the precision that is written."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from torso.core.errors import ConfigError
from torso.tables.dates import ISO, DateFormat, find_dates
from torso.tables.numbers.finder import find_numbers
from torso.tables.table import read_table

GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
SPANISH = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]

FEW = settings(max_examples=25, deadline=None, derandomize=True, phases=(Phase.generate,))


def ordinal(day):
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


DAYS = {
    "iso": lambda t: f"{t:%Y-%m-%d}",
    "slashes": lambda t: f"{t:%Y/%m/%d}",
    "points": lambda t: f"{t:%d.%m.%Y}",
    "short": lambda t: f"{t.year}-{t.month}-{t.day}",
    "america": lambda t: f"{t:%m/%d/%Y}",
    "england": lambda t: f"{t.day}/{t.month}/{t.year}",
    "two digits": lambda t: f"{t:%d.%m.%y}",
    "digits": lambda t: f"{t:%Y%m%d}",
    "digits of america": lambda t: f"{t:%m%d%Y}",
    "words": lambda t: f"{t:%B} {t.day}{ordinal(t.day)}, {t.year}",
    "weekday": lambda t: f"{t:%A}, {t.day} {t:%B} {t.year}",
    "dashes": lambda t: f"{t:%d-%b-%Y}",
    "german": lambda t: f"{t.day}. {GERMAN[t.month - 1]} {t.year}",
    "french": lambda t: f"{t.day} {FRENCH[t.month - 1]} {t.year}",
    "spanish": lambda t: f"{t.day} de {SPANISH[t.month - 1]} de {t.year}",
    "chinese": lambda t: f"{t.year}年{t.month}月{t.day}日",
    "korean": lambda t: f"{t.year}년 {t.month}월 {t.day}일",
}
CLOCKS = {
    "none": (lambda t: "", timedelta(days=1)),
    "minutes": (lambda t: f" {t:%H:%M}", timedelta(minutes=1)),
    "seconds": (lambda t: f"T{t:%H:%M:%S}", timedelta(seconds=1)),
    "fraction": (lambda t: f" {t:%H:%M:%S,%f}", timedelta(microseconds=1)),
    "nanoseconds": (lambda t: f" {t:%H:%M:%S.%f}789", timedelta(microseconds=1)),
    "half days": (lambda t: f" {t:%I:%M %p}", timedelta(minutes=1)),
    "zone": (lambda t: f" {t + timedelta(hours=2):%H:%M:%S}+02", timedelta(seconds=1)),
}
PERIODS = {
    "month": (lambda t: f"{t:%Y-%m}", "M8[M]"),
    "month and year": (lambda t: f"{t:%m/%Y}", "M8[M]"),
    "short month": (lambda t: f"{t:%b-%y}", "M8[M]"),
    "year and month": (lambda t: f"{t.year}, {t:%B}", "M8[M]"),
    "chinese month": (lambda t: f"{t.year}年{t.month}月", "M8[M]"),
    "week": (lambda t: "{}-W{:02}".format(*t.isocalendar()), "M8[W]"),
    "quarter": (lambda t: f"{t.year}Q{(t.month + 2) // 3}", "quarter"),
}
MOMENTS = st.lists(
    st.datetimes(datetime(1950, 1, 1), datetime(2030, 12, 30, 21)), min_size=5, max_size=10
)
# Whatever else the column holds, this day shows that day and month are not the other way round.
SETTLING = datetime(2024, 5, 17, 13, 45, 50, 123456)


def floor(moments, unit):
    """Return the moments as they are written in a unit."""
    moments = np.array(moments, "M8[us]")
    if unit == "M8[W]":
        monday = np.datetime64("1970-01-05", "D")
        days = moments.astype("M8[D]")
        return (days - (days - monday).astype(int) % 7).astype("M8[us]")
    if unit == "quarter":
        months = moments.astype("M8[M]").astype(int)
        return (months - months % 3).astype("M8[M]").astype("M8[us]")
    if isinstance(unit, timedelta):
        micros = unit // timedelta(microseconds=1)
        return (moments.astype(np.int64) // micros * micros).astype("M8[us]")
    return moments.astype(unit).astype("M8[us]")


def agrees(texts, expected, name="when"):
    """Find the spelling of texts, read them with it, each also alone, and compare."""
    column = pa.array(texts, pa.large_string())
    dates = find_dates(column, name)
    assert dates is not None, texts
    assert (dates.spelling.parse(column) == expected).all(), (dates, texts)
    alone = [dates.spelling.parse(column.slice(row, 1))[0] for row in range(3)]
    assert (np.array(alone) == expected[:3]).all()


@FEW
@given(MOMENTS, st.sampled_from(sorted(DAYS)), st.sampled_from(sorted(CLOCKS)))
def test_a_moment_in_any_spelling_is_read_to_the_precision_that_is_written(moments, day, clock):
    moments = [*moments, SETTLING]
    written, unit = CLOCKS[clock]
    shown = [moment + timedelta(hours=2) if clock == "zone" else moment for moment in moments]
    texts = [DAYS[day](then) + written(moment) for then, moment in zip(shown, moments, strict=True)]
    agrees(texts, floor(moments, unit))


@FEW
@given(MOMENTS, st.sampled_from(sorted(PERIODS)))
def test_a_period_is_its_first_day(moments, period):
    written, unit = PERIODS[period]
    moments = [*moments, SETTLING]
    agrees([written(moment) for moment in moments], floor(moments, unit))


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["03/04/2024", "25/12/2024"], ["%d/%m/%Y"]),
        (["03/04/2024", "12/25/2024"], ["%m/%d/%Y"]),
        (["03.04.2024", "05.06.2024"], ["%d.%m.%Y"]),
        # What one spelling of a column settles, another keeps to.
        (["03-04-24", "05-06-24", "17/05/2024"], ["%d-%m-%y", "%d/%m/%Y"]),
        # Only the last of many cells settles it.
        ([f"{d:02}/{m:02}/2024" for d in range(1, 13) for m in range(1, 13)] * 20 + ["13/01/2024"], ["%d/%m/%Y"]),
        (["Jun-93", "Mar-41", "1993, June", "1987, May", "1990"], ["%b-%y", "%Y, %B", "%Y"]),
        (["01/02/2024", "01/03/2024", "01/04/2024"], ["%d/%m/%Y"]),
        (["Fri May 17 12:30:00 +0000 2024", "Sat May 18 12:30:00 2024"], ["%b %d %H:%M %Y"]),
        (["17/May/2024:12:30:00 +0200"], ["%d/%b/%Y %H:%M"]),
        (["2024-138", "2023-001"], ["%Y-%j"]),
        (["14:30", "09:15", "22:01:30"], ["%H:%M"]),
        (["2:30 PM", "11:15 am"], ["%H:%M"]),
    ],
)  # fmt: skip
def test_the_column_decides(texts, formats):
    dates = find_dates(pa.array(texts), "x")
    assert sorted(dates.spelling.formats) == sorted(formats)
    assert not np.isnat(dates.spelling.parse(pa.array(texts))).any()


@pytest.mark.parametrize(
    ("cells", "name", "form"),
    [
        ([20240517, 20240518, 20240619, 20230101, 20200229], "x", "%Y%m%d"),
        (["10062018", "01172018"], "date", "%m%d%Y"),
        ([10062018, 1172018], "date", "%m%d%Y"),  # whose zero got lost
        ([20240517.0, 20240518.0], "day", "%Y%m%d"),
        (["202405", "202312"], "month", "%Y%m"),
        (["20240517123059", "20240518123059"], "ts", "%Y%m%d%H%M%S"),
        (["1715900000", "1715900001"], "created_at", "epoch_s"),
        ([1715900000123, 1715900001000], "timestamp", "epoch_ms"),
        (["1715900000123456789"], "eventTime", "epoch_ns"),
        (["45429", "45429.5"], "Date", "excel"),
        ([45429.25], "Datum", "excel"),
    ],
)
def test_numbers_that_mean_dates(cells, name, form):
    dates = find_dates(pa.array(cells), name)
    assert dates.spelling.formats == (form,)
    moments = dates.spelling.parse(pa.array(cells))
    assert ((moments > np.datetime64("2018-01-01")) & (moments < np.datetime64("2025-01-01"))).all()


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["2012", "1999", "2020"], "year"),
        (["2008/09", "2009/10", "2010/11"], "season"),
        (["12:30", "2:45", "14:05"], "lap duration"),
        (["2:30", "1:45"], "time"),
        (["10.0.0.1", "10.0.0.2"], "host"),
        (["1.10.2", "2.3.1"], "version"),
        (["1715900000", "1715900001"], "id"),
        ([45429, 45430], "price"),
        ([12345678, 87654321], "date"),
        (["555-12-3456", "555-13-9999"], "phone"),
        (["12,5", "1.234,5"], "when"),
        (["May", "June"], "month"),
        (["31/02/2024", "30/02/2024"], "day"),
        (["May 17 was fine", "17 men"], "date"),
        ([], "date"),
    ],
)
def test_other_cells_are_no_dates(cells, name):
    assert find_dates(pa.array(cells, None if cells else pa.large_string()), name) is None


def test_choices_that_the_cells_leave_open_are_told():
    (told,) = find_dates(pa.array(["03/04/2024", "05/06/2024"]), "x").told
    assert "'03/04/2024' may be %m/%d/%Y or %d/%m/%Y; read as %m/%d/%Y" in told
    assert find_dates(pa.array(["03/04/2024"]), "day (dd/mm/yyyy)").told == ()
    (told,) = find_dates(pa.array(["2024-05-17T12:00+02", "2024-05-17"]), "x").told
    assert told == "Times are converted to UTC from +02; cells that name none count as UTC."
    (told,) = find_dates(pa.array(["17.05.24", "18.05.99"]), "x").told
    assert told.startswith("Years of two digits stand for 1940 to 2039")
    assert "pivot=" in told
    comics = [f"Jun-{year % 100:02}" for year in range(1935, 2014)]
    dates = find_dates(pa.array(comics), "x")
    assert dates.spelling.pivot == 1935
    assert dates.spelling.parse(pa.array(["Jun-35"]))[0] == np.datetime64("1935-06-01")


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        (ISO, "2024-05-17T12:30:15.5Z", "2024-05-17T12:30:15.5"),
        (ISO, "2024-05-17T12", "2024-05-17T12"),
        (ISO, "2024-05-17 24:00", "2024-05-18"),
        (ISO, "2024-05-17 12:30 Europe/Berlin", "2024-05-17T10:30"),
        (ISO, "2024-05-17T12:30:00+02:00[Europe/Berlin]", "2024-05-17T10:30"),
        (ISO, "2024-05-17 12:30 EST", "2024-05-17T17:30"),
        (ISO, "2024-02-30", "NaT"),
        (ISO, "2024-05-17 25:00", "NaT"),
        (ISO, "20240517", "NaT"),
        ("%d.%m.%Y", "17/05/2024", "NaT"),
        ("%d.%m.%Y", "17.05.2024, 14.30 Uhr", "2024-05-17T14:30"),
        ("%Y%m%d", "20240517T123000Z", "2024-05-17T12:30"),
        ("%Y年%m月%d日", "2024年5月17日(金) 下午3:30", "2024-05-17T15:30"),
        ("%d %B %Y", "Fri, 1er avril 2024", "2024-04-01"),
        ("%G-W%V", "2024-W53", "NaT"),
        ("%d %b", "29 Feb", "2000-02-29"),
        (ISO, "2024:05:17 12:30:15", "2024-05-17T12:30:15"),
        (ISO, "2024-05-17-12.30.15.5", "2024-05-17T12:30:15.5"),
        (ISO, "2024-05-17 오후 3:30", "2024-05-17T15:30"),
        (ISO, "2024-05-17 12:30:15 -0700 PDT", "2024-05-17T19:30:15"),
        ("%d/%b/%Y", "[17/May/2024:12:30:15 +0000]", "2024-05-17T12:30:15"),
        ("%d %B %Y", "vendredi 17 mai 2024 à 14h30", "2024-05-17T14:30"),
        ("%d. %B %Y", "17. května 2024", "2024-05-17"),
        ("epoch_s", "-0.5", "1969-12-31T23:59:59.5"),
        ("%H:%M", "12:05 am", "2000-01-01T00:05"),
        ("%d.%m.%y", "１7.05.24", "2024-05-17"),
    ],
)
def test_one_cell(form, text, moment):
    read = DateFormat((form,)).parse(pa.array([text, None]))
    assert str(read[0]) == str(np.datetime64(moment, "us"))
    assert np.isnat(read[1])


def test_plain_numbers_are_no_iso_dates():
    assert np.isnat(DateFormat().parse(pa.array([5, 20240517]))).all()


@pytest.mark.parametrize("form", ["DD.MM.YYYY", "%d.%d.%Y", "%x", "%d", "%H %d.%m.%Y %M", ""])
def test_a_format_that_is_none_is_named_with_the_cure(form):
    with pytest.raises(ConfigError, match=r"is no date format: .*%d\.%m\.%Y"):
        DateFormat((form,))


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["PT3H20M", "P1DT2H", "PT1.5S", "P1W"], [12000, 93600, 1.5, 604800]),
        (["1 days 03:20:00", "0 days 00:00:01.500000", "-1 days +23:59:59"], [98400, 1.5, -1]),
        ([str(timedelta(days=2, seconds=5)), str(timedelta(days=1))], [172805, 86400]),
    ],
)
def test_durations_that_computers_write_are_seconds(texts, seconds):
    found = find_numbers(pa.array(texts, pa.large_string()))
    read = found.format.parse(pa.array(texts, pa.large_string()))
    np.testing.assert_allclose(np.ravel(read.middle), seconds)


def test_a_column_of_durations_is_one_of_seconds():
    column = pa.array([timedelta(hours=1), None, timedelta(milliseconds=1500)], pa.duration("ns"))
    table = read_table(pa.table({"took": column}))
    assert table.column("took").values.to_pylist() == [3600.0, None, 1.5]
    assert table.notes == ("took: durations are read as seconds.",)


SINGLE = [
    "January 17th, 2014", "june 5, 2015", " March  7 , 2014 ", "February 30, 2014", "Feb 29 2016", "Febbraio 3, 2016",
    "17.05.2024", "31.04.2024", "7/8/2014", "2014-07-08", "2014-07-08 12:30", "May 5, 2014 3:30 pm", "Fri, May 5, 2014",
    "May_5, 2014", "(May 5, 2014)", "May 5, 14", "0000-00-00", "May 5, 0000", "août 5, 2014", "soon", "", None, "20140708",
]  # fmt: skip


@pytest.mark.parametrize(
    "formats",
    [
        ("%B %d, %Y",),
        ("%d.%m.%Y",),
        ("%m/%d/%Y", "%B %d, %Y"),
        ("%Y-%m-%d",),
        ("%d-%B-%Y",),
        ("excel",),
    ],
)
def test_a_cell_alone_is_the_day_that_it_is_among_others(formats):
    spelling = DateFormat(formats)
    alone = [spelling.parse(pa.array([cell], pa.large_string())) for cell in SINGLE]
    together = spelling.parse(pa.array(SINGLE, pa.large_string()))
    assert np.array_equal(np.concatenate(alone), together, equal_nan=True)
    assert {own.dtype for own in alone} == {together.dtype}
