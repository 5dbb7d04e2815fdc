"""Few cells are taken apart by Python as Arrow takes apart many."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from torso.tables.dates.patterns import compiled
from torso.tables.expressions import extracted
from torso.tables.numbers.amount_reader import _Reader

CELLS = [
    "$1,234.50", "1.234,5", "3 h 20 min", "40-50 kg", "Room 12", "(5)", "5-", "-5", "+ 5", "1/2", "3 1/2 in", "2:30",
    "12:30:11.5 pm", "~20", "<5", ">= 5", "100+", "1e5", "$ -5", "-$5", "5k", "7M", "5 KG", "6 Ft", "5 mg/100g", "US$ 5",
    "about 20", "10 %", "", " ", None, "5\nkg", "5 €", "٣", "17.05.2024", "17. 5. 2024 12:30", "April 4th, 2015",
    "Fri, Apr 04 2015", "2024-05-17T12:30:11Z", "2024-05-17 12:30:11.123+02:00", "3 ft 2 in", "1x10", "50 lb, 3 oz",
]  # fmt: skip
FORMATS = ["%d.%m.%Y", "%B %d, %Y", "%m/%d/%y", "%Y-%m-%d", "%d %b %Y %I:%M %p", "%b-%y"]


def patterns():
    for decimal in (".", ","):
        reader = _Reader(decimal, [""])
        yield from (reader.single, reader.fraction, reader.clock, reader.parts)
    for form in FORMATS:
        pattern = compiled(form)
        yield from filter(None, (pattern.regex, pattern.with_weekday))


@pytest.mark.parametrize("pattern", [*patterns()])
def test_both_engines_agree(pattern):
    many = pa.array(CELLS, pa.large_string())
    expected = pc.extract_regex(many, pattern=pattern)
    few = [extracted(many.slice(at, 3), pattern) for at in range(0, len(many), 3)]
    assert [cell for part in few for cell in part.to_pylist()] == expected.to_pylist()
    assert {part.type for part in few} == {expected.type}
    for name in (field.name for field in expected.type):
        own = [cell for part in few for cell in pc.struct_field(part, name).to_pylist()]
        assert own == pc.struct_field(expected, name).to_pylist()
