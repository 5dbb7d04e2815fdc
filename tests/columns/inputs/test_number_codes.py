"""Numbers among codes are codes; numbers with slips and words among them stay numbers."""

import pytest

from torso.columns.inputs import NumberInput
from torso.columns.profile import Profile
from torso.tables import read_table

NUMBERS = [str(number * 37 % 900 + 100) for number in range(150)]


def kind(others: list[str]) -> str:
    profile = Profile(read_table({"x": [*NUMBERS, *others]}).column("x"))
    guess = NumberInput.recognise(profile)
    return guess.kind if guess else ""


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (["208B", "007", "12/3", "XY-80", "042", "17-2", "9Z"], ""),  # flights
        (["A12", "B7", "12C", "9-F", "77K", "00:3F"], ""),  # seats
        (["each", "on request", "tall", "none of it", "see note"], "number"),
        (["1o5", "12..4", "3O7"], "number"),  # slips
        ([], "number"),
    ],
)
def test_numbers_among_codes_are_names(others, expected):
    assert kind(others) == expected
