"""One grammar for parts: every spelling means one spec, and what names no part is refused."""

import pytest

from torso.core.errors import ConfigError
from torso.core.spec import Spec

NAMES = {"gated", "late", "image/convnet"}


@pytest.mark.parametrize(
    ("value", "form", "spec"),
    [
        ("gated", "", Spec("gated")),
        ({"type": "gated"}, "", Spec("gated")),
        ({"type": "gated", "hidden": 64}, "", Spec("gated", {"hidden": 64})),
        ({"gated": {"hidden": 64}}, "", Spec("gated", {"hidden": 64})),
        ({"gated": {}, "hidden": 64}, "", Spec("gated", {"hidden": 64})),
        ({"gated": {"hidden": 32}, "hidden": 64}, "", Spec("gated", {"hidden": 64})),
        ({"gated": None}, "", Spec("gated")),
        ({"mine:Gated": {"hidden": 64}}, "", Spec("mine:Gated", {"hidden": 64})),
        ("mine.parts:Net", "image", Spec("mine.parts:Net")),
        ("convnet", "image", Spec("image/convnet")),
        ("image/convnet", "image", Spec("image/convnet")),
        ({"convnet": {"width": 4}}, "image", Spec("image/convnet", {"width": 4})),
        ({"type": "convnet", "width": 4}, "image", Spec("image/convnet", {"width": 4})),
        (Spec("convnet", {"width": 4}), "image", Spec("image/convnet", {"width": 4})),
        (None, "image", Spec()),
        ({"width": 4}, "image", Spec("", {"width": 4})),
        ({"weights": {"a": 1.0}}, "", Spec("", {"weights": {"a": 1.0}})),
        ({"gated": {}, "late": {}}, "", Spec("", {"gated": {}, "late": {}})),
    ],
)
def test_every_spelling_means_one_spec(value, form, spec):
    assert Spec.parse(value, NAMES, form) == spec
    assert Spec.parse(spec, NAMES, form) == spec
    if spec.name:
        assert Spec.parse(spec.as_dict(form), NAMES, form) == spec


@pytest.mark.parametrize(
    "value", [3, 1.5, True, ["gated"], {"type": 3}, {"gated": 3}, {"gated": [1]}]
)
def test_what_names_no_part_is_refused(value):
    with pytest.raises(ConfigError, match=r"A part should be a name or a mapping .* Found "):
        Spec.parse(value, NAMES)


def test_a_spec_keeps_what_it_says_and_takes_the_rest_from_a_default():
    default = Spec("late", {"hidden": 8, "rule": "mean"})
    assert Spec().over(default) == default
    assert Spec("", {"hidden": 4}).over(default) == Spec("late", {"hidden": 4, "rule": "mean"})
    assert Spec("late", {"hidden": 4}).over(default).settings["rule"] == "mean"
    assert Spec("gated").over(default) == Spec("gated")
