"""The laws of the room, for every registered head."""

import pytest

from tests.tasks import laws

LAWS = [value for name, value in vars(laws).items() if name.startswith("assert_")]


@pytest.mark.parametrize("spec", laws.heads(), ids=str)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("assert_"))
def test_law(law, spec):
    law(spec)
