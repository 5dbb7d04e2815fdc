"""The laws of the room, for every registered head."""

import pytest

from tests.tasks import laws

LAWS = [value for name, value in vars(laws).items() if name.startswith("assert_")]


@pytest.mark.parametrize("spec", laws.heads(), ids=str)
def test_laws(spec):
    for law in LAWS:  # one test, since a test costs more than a law
        law(spec)
