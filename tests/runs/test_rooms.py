"""What is known of a room without importing its parts is what its registry says."""

import re

import pytest

from torso.core.source_registry import SourceRegistry
from torso.runs.settings.rooms import ALL_ROOMS, registry_of


def schema(registry, names):
    """Return part -> setting -> all that a signature says of it; classes by name."""
    return {
        name: {
            key: (
                str(each.type).replace("torso.core.source_registry.", ""),
                each.default,
                each.range,
                each.by_user,
            )
            for key, each in registry.settings(name).items()
        }
        for name in names
    }


@pytest.mark.parametrize("key", [key for key, room in ALL_ROOMS.items() if room.torch])
def test_the_source_says_of_parts_and_settings_what_the_registry_does(key):
    room, registry = ALL_ROOMS[key], registry_of(key)
    names = [name for name, part in registry.items() if part.__module__.startswith("torso.")]
    read = SourceRegistry(room.part, room.module, room.base)
    assert list(read) == names
    told = str(schema(registry, names)).replace("torso.balancing.gram._gram_balancer.", "")
    told = told.replace("torch.optim.optimizer.", "")
    assert _whole(str(schema(read, names))) == _whole(told)


def _whole(text):
    """Return a text with 0 for 0.0: `typing` hands out an equal annotation that was made before, such as Range(0, 1)."""
    return re.sub(r"=(\d+)\.0\b", r"=\1", text)


def test_messages_call_parts_what_their_registry_calls_them():
    assert {key: room.part for key, room in ALL_ROOMS.items()} == {
        key: registry_of(key).room for key in ALL_ROOMS
    }
