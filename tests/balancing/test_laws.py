"""The laws of the room, for every registered balancer."""

import pytest

from tests.balancing import laws
from torso.balancing import Balancer


@pytest.mark.parametrize("name", list(Balancer.registry))
@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__.removeprefix("assert_"))
def test_law(law, name):
    law(name)
