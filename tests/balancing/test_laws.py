"""The laws of the room, for every registered balancer."""

import pytest

from tests.balancing import laws
from torso.balancing import Balancer


@pytest.mark.parametrize("name", list(Balancer.registry))
def test_laws(name):
    for law in laws.LAWS:  # one test, since a test costs more than a law
        law(name)
