"""Everything that YAML can name is listed, with settings and a sentence."""

import pytest

from torso.app.listing import rooms
from torso.balancing import Balancer
from torso.core.errors import ConfigError
from torso.encoders import Encoder


def test_every_registered_part_is_listed():
    found = rooms()
    assert [entry.name for entry in found["encoders"]] == list(Encoder.registry)
    assert [entry.name for entry in found["balancing"]] == list(Balancer.registry)
    assert set(found) == {
        "inputs",
        "encoders",
        "fusion",
        "sharing",
        "heads",
        "targets",
        "balancing",
    }


def test_every_part_has_a_sentence_of_its_own_and_its_settings():
    for room, entries in rooms().items():
        for entry in entries:
            assert entry.summary, f"{room}/{entry.name} has no docstring"
            assert "\n" not in entry.summary
    text = next(entry for entry in rooms("inputs")["inputs"] if entry.name == "text")
    assert (
        text.settings
        == "vocabulary=8000, length=64, lowercase=True, min_frequency=2, tokenizer=None"
    )


def test_one_room_or_none():
    assert set(rooms("fusion")) == {"fusion"}
    with pytest.raises(ConfigError, match=r"Unknown room 'fussion'\. Did you mean 'fusion'"):
        rooms("fussion")


def test_a_balancer_says_what_it_needs_and_where_its_paper_is():
    found = {entry.name: entry for entry in rooms("balancing")["balancing"]}
    assert found["cagrad"].paper == "arxiv.org/abs/2110.14048"
    assert found["equal"].paper == ""
    assert found["imtlg"].paper.startswith("openreview.net/")
    assert found["equal"].needs.startswith("losses")
    assert found["famo"].needs != found["equal"].needs
    assert found["cagrad"].needs.startswith("Gram")
    assert found["config"].needs.startswith("gradients")
    without = {name for name, entry in found.items() if not entry.paper}
    assert without == {"equal", "fixed"}
