"""Numbers that no setting should take: each is refused in a sentence, or built at once in little memory."""

import resource
import time

import pytest

from tests.encoders import laws as encoder_laws
from tests.small import TASKS
from tests.tasks import laws as head_laws
from torso.core.errors import ConfigError
from torso.core.limits import limits_of
from torso.core.ranges import Limits
from torso.core.setting_types import members
from torso.core.signature import settings_of
from torso.core.spec import Spec
from torso.encoders import Encoder
from torso.runs.settings.check import check_values
from torso.runs.settings.rooms import ALL_ROOMS, registry_of

ODD = (-1, 0, 10**9, 10**20, 10**400, float("nan"), float("inf"), "x")
SECONDS, MEGABYTES = 2, 500
OFFERED = {
    "fusion": {"modalities": ["one", "other"], "dim": 8},
    "sharing": {"tasks": list(TASKS), "dim": 8},
    "balancing": {"tasks": list(TASKS), "unimodal": {}, "modality_of": {}},
}
SET_ELSEWHERE = ("lr", "weight_decay")
"""Arguments of optimizers whose errors name the setting of the training instead."""


def numbers(room):
    """Return `(part, setting)` for every number that a config or a run may set."""
    registry = registry_of(room)
    return [
        (part, setting)
        for part in registry
        for setting in registry.settings(part).values()
        if {int, float} & {*members(setting.type)}
        and not (room == "optimizer" and setting.name in SET_ELSEWHERE)
    ]


def build(room, part, settings):
    """Build a part as a run does, with what its surroundings offer; those that need files are checked alone."""
    spec = {"type": part, **settings}
    if room in ("optimizer", "schedule") or part.endswith("/hub"):
        registry_of(room).check(Spec(part, settings))
    elif room == "encoders":
        Encoder.build(spec, dim=8, **encoder_laws._form(part).offered)
    elif room == "heads":
        offered = {"dim": 8, "token_dim": 8, **head_laws.kind_of(spec).offered}
        registry_of(room).build(spec, **offered)
    else:
        registry_of(room).build(spec, **OFFERED.get(room, {}))


@pytest.mark.parametrize("room", ALL_ROOMS)
def test_odd_numbers_are_refused_in_a_sentence_or_cost_little(room):
    for part, setting in numbers(room):
        for value in ODD:
            case = f"{room} {part} {setting.name}={value!s:.9}"
            began = time.process_time()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                build(room, part, {setting.name: value})
            except ConfigError as error:
                assert f"`{setting.name}`" in str(error), f"{case}: {error}"
                assert "should" in str(error) and "Found" in str(error), f"{case}: {error}"
                assert len(str(error)) < 700, case
            assert time.process_time() - began < SECONDS, case
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert grown < MEGABYTES * 1000, case


@pytest.mark.parametrize("room", ALL_ROOMS)
def test_defaults_and_usual_values_lie_within_the_limits(room):
    for part, setting in numbers(room):
        limits = limits_of(setting)
        if limits is None:
            continue
        usual = [] if setting.range is None else [setting.range.low, setting.range.high]
        if isinstance(setting.default, int | float):
            usual.append(setting.default)
        assert all(limits.low <= number <= limits.high for number in usual), (part, setting)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"inputs": {"note": {"kind": "text", "vocabulary": 10**9}}},
            "at most 1000000. Found 10",
        ),
        ({"inputs": {"note": {"kind": "text", "length": -1}}}, "Usual values are 16 to 512"),
        (
            {"encoders": {"photo": {"type": "image/vit", "depth": 10**6}}},
            "at most 64. Found 1000000",
        ),
        ({"dim": 10**9}, "`dim`"),
    ],
)
def test_a_config_is_refused_before_anything_is_built(values, said):
    with pytest.raises(ConfigError) as caught:
        check_values({"targets": {"price": "number"}, **values})
    assert said in str(caught.value)


def test_a_signature_may_set_its_own_limits():
    from typing import Annotated

    class Part:
        def __init__(self, *, depth: Annotated[int, Limits(0, 10**9)] = 3) -> None: ...

    assert limits_of(settings_of(Part)["depth"]) == Limits(0, 10**9)
