"""The laws of Gram methods, for every registered one."""

import pytest

from tests.balancing.gram import laws
from torso.balancing import Balancer, GramBalancer

METHODS = [name for name, part in Balancer.registry.items() if issubclass(part, GramBalancer)]


@pytest.mark.parametrize("name", METHODS)
def test_laws(name):
    for law in laws.LAWS:  # one test, since a test costs more than a law
        law(name)
