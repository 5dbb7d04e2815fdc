"""What is known of a room without importing its parts is what its registry says."""

import pytest

from torso.core.source_names import names_in_source
from torso.runs.rooms import ALL_ROOMS, registry_of


@pytest.mark.parametrize("key", [key for key, room in ALL_ROOMS.items() if room.torch])
def test_names_in_the_source_are_those_of_the_registry(key):
    shipped = [
        name for name, part in registry_of(key).items() if part.__module__.startswith("torso.")
    ]
    assert names_in_source(ALL_ROOMS[key].module, ALL_ROOMS[key].base) == shipped


def test_messages_call_parts_what_their_registry_calls_them():
    assert {key: room.part for key, room in ALL_ROOMS.items()} == {
        key: registry_of(key).room for key in ALL_ROOMS
    }
