"""The laws of the gradient methods, for every registered one."""

import pytest

from tests.balancing.gradient import laws


@pytest.mark.parametrize("name", laws.NAMES)
def test_laws(name):
    for law in laws.LAWS:  # one test, since a test costs more than a law
        law(name)
