"""Names for parts: settings are checked against the constructor, and foreign code is asked for twice."""

import sys
import types

import pytest
import torch

from torso.balancing import Balancer
from torso.columns.inputs import Input
from torso.core.errors import ConfigError, MissingDependency
from torso.core.registry import Registry, no_imports
from torso.core.spec import Spec
from torso.encoders import Encoder
from torso.fusion import Fusion
from torso.sharing import Sharing
from torso.tasks import Head, Target

ROOMS = [Input, Encoder, Fusion, Sharing, Head, Target, Balancer]


class Thing:
    def __init__(
        self, dim: int, *, size: int = 3, names: tuple[str, ...] = ("a",), last=None
    ) -> None:
        if size < 0:
            raise ValueError(f"Parameter `size` should not be negative. Found {size}.")
        self.got = (dim, size, names, last)


class Wild:
    def __init__(self, error: type[Exception]) -> None:
        raise error("no")


@pytest.fixture
def registry():
    registry = Registry("thing")
    registry.add("thing", Thing)
    registry.add("wild", Wild)
    return registry


@pytest.fixture
def foreign(monkeypatch):
    """A module from elsewhere that counts how often it is imported."""
    module = types.ModuleType("torso_test_foreign")
    module.Thing = Thing
    module.helper = lambda dim: dim
    monkeypatch.setitem(sys.modules, "torso_test_foreign", module)
    return "torso_test_foreign:Thing"


def test_a_misspelt_part_above_its_settings_is_recognised(registry):
    with pytest.raises(ConfigError, match=r"'thin'.* If a part was meant: it is called 'thing'"):
        registry.build({"type": "thing", "thin": {"size": 4}}, dim=4)


def test_a_spec_is_a_name_or_a_mapping(registry):
    assert registry.build("thing", dim=4).got == (4, 3, ("a",), None)
    assert registry.build({"type": "thing", "size": 5}, dim=4).got == (4, 5, ("a",), None)
    assert "thing" in registry
    assert list(registry) == ["thing", "wild"]
    assert registry.items() == [("thing", Thing), ("wild", Wild)]


def test_only_what_is_asked_for_is_offered_and_settings_win(registry):
    assert registry.build("thing", dim=4, vocabulary=9, size=7).got[:2] == (4, 7)
    assert registry.build({"type": "thing", "size": 5, "dim": 2}, dim=4, size=7).got[:2] == (2, 5)


@pytest.mark.parametrize("spec", [None, 3, {}, {"size": 3}, {"type": 3}, ["thing"]])
def test_a_spec_that_is_none(spec, registry):
    with pytest.raises(ConfigError, match=r"should be a name or a mapping with the key `type`"):
        registry.build(spec)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("thnig", r"Unknown thing 'thnig'\. Did you mean 'thing'\? Known: \['thing', 'wild'\]"),
        (
            {"type": "thing", "sise": 3},
            r"Unknown setting of thing 'thing': 'sise'\. Did you mean 'size'",
        ),
        (
            {"type": "thing", "size": -1},
            r"Cannot build thing 'thing' from {'size': -1}: .* Found -1",
        ),
        ({"type": "thing", "size": "x"}, r"Cannot build thing 'thing' from {'size': 'x'}"),
    ],
)
def test_a_wrong_spec_is_a_clear_error(spec, message, registry):
    with pytest.raises(ConfigError, match=message):
        registry.build(spec, dim=4)


def test_an_argument_that_nobody_offers(registry):
    with pytest.raises(
        ConfigError, match=r"Cannot build thing 'thing' from {}: Parameter `dim` is required"
    ):
        registry.build("thing")


@pytest.mark.parametrize(
    "error", [TypeError, ValueError, AttributeError, RuntimeError, KeyError, ZeroDivisionError]
)
def test_whatever_a_constructor_stumbles_over_is_a_config_error(error, registry):
    with pytest.raises(ConfigError, match=r"Cannot build thing 'wild'") as caught:
        registry.build("wild", error=error)
    assert isinstance(caught.value.__cause__, error)


def test_a_missing_dependency_stays_one(registry):
    with pytest.raises(MissingDependency):
        registry.build("wild", error=MissingDependency)


def test_complete_writes_every_default_out(registry):
    assert registry.complete("thing", given=["dim"]) == Spec("thing", {"size": 3, "names": ["a"]})
    assert registry.complete({"type": "thing", "size": 9}).settings["size"] == 9


def test_a_name_is_given_once(registry):
    registry.add("thing", Thing)  # again is fine: a module may be imported anew
    with pytest.raises(
        ConfigError, match=r"name 'thing' is taken by .*Thing\. Give .*Wild another"
    ):
        registry.add("thing", Wild)
    assert registry.find("thing") is Thing


def test_a_part_from_elsewhere(registry, foreign):
    assert registry.find(foreign) is Thing
    assert registry.build({"type": foreign, "size": 8}, dim=1).got[:2] == (1, 8)


@pytest.mark.parametrize(
    "name",
    [
        "no_such_module:Thing",
        "torso.core.errors:Nothing",
        ":Thing",
        ".here:Thing",
        "torso.core.errors:",
    ],
)
def test_a_part_from_nowhere(name, registry):
    with pytest.raises(ConfigError, match=r"Cannot import the thing '"):
        registry.build(name)


def test_a_part_is_a_class(registry, foreign):
    with pytest.raises(ConfigError, match=r"'torso_test_foreign:helper' is no class"):
        registry.find("torso_test_foreign:helper")


def test_no_imports_refuses_code_from_elsewhere(registry, foreign):
    with no_imports():
        with pytest.raises(ConfigError, match=r"would import code .* pass `trust_code=True`"):
            registry.build(foreign, dim=1)
        assert registry.build("thing", dim=1)
    assert registry.build(foreign, dim=1)
    with pytest.raises(KeyError), no_imports():
        raise KeyError
    assert registry.build(foreign, dim=1)  # allowed again, also after an error


def test_no_imports_reaches_nested_parts(foreign):
    nested = {"type": "sequential", "inner": foreign}
    with no_imports(), pytest.raises(ConfigError, match=r"would import code"):
        Fusion.registry.build(nested, modalities=["a"], dim=4)


@pytest.mark.parametrize("room", ROOMS)
def test_every_part_of_a_room_is_filed_by_its_class_statement(room):
    for name, part in room.registry.items():
        assert issubclass(part, room)
        assert room.registry.find(name) is part
        assert part.__doc__
        assert part.__module__.startswith("torso.")


@pytest.mark.parametrize("room", ROOMS)
def test_every_default_of_a_part_can_be_written_to_yaml(room):
    import yaml

    for name, part in room.registry.items():
        complete = room.registry.complete(name).as_dict()
        assert yaml.safe_load(yaml.safe_dump(complete)) == complete, part


def test_what_the_surroundings_offer_is_not_named_as_a_setting():
    registry = Registry("thing")

    class Thing:
        def __init__(self, dim: int, *, width=3) -> None:
            self.size = torch.zeros(dim, width)

    registry.add("thing", Thing)
    with pytest.raises(ConfigError, match=r"'wdth'. Did you mean 'width'\? Known: \['width'\]"):
        registry.build({"type": "thing", "wdth": 3}, dim=2)
    with pytest.raises(ConfigError, match=r"'width': -3}: \['width'\] should not be negative"):
        registry.build({"type": "thing", "width": -3}, dim=2)


@pytest.mark.parametrize("room", ROOMS)
def test_every_setting_of_a_part_has_a_meaning(room):
    for name in room.registry:
        settings = room.registry.settings(name)
        assert [key for key, one in settings.items() if one.by_user and not one.meaning] == [], name
