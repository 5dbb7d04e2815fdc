"""Settings read from a constructor: type, default, meaning, sensible range, and who decides them."""

from typing import Annotated, Any, Literal

import pytest

from torso.core.ranges import Range, SetBy
from torso.core.setting_types import accepts, choices, rule
from torso.core.signature import REQUIRED, settings_of


class Base:
    """A base.

    Args:
        dim: token width.
        rate: how fast.
    """


class Part(Base):
    """A part.

    Args:
        size: of pictures,
            in pixels.
        name: of a model.

    Example:
        >>> None
    """

    def __init__(
        self,
        dim: int,
        name: Annotated[str, SetBy.USER],
        *,
        rate: Annotated[float | None, Range(1e-4, 1.0, log=True)] = None,
        width: Annotated[int, Range(8, 64)] | None = 8,
        size: Annotated[int, SetBy.DATA] = 64,
    ) -> None: ...


def test_settings_are_read_from_the_signature_and_the_docstring():
    found = settings_of(Part)
    assert list(found) == ["dim", "name", "rate", "width", "size"]
    assert {name: one.by_user for name, one in found.items()} == {
        "dim": False,
        "name": True,
        "rate": True,
        "width": True,
        "size": False,
    }
    assert found["name"].default is REQUIRED
    assert found["name"].required
    assert not found["rate"].required
    assert found["rate"].range == Range(1e-4, 1.0, log=True)
    assert found["width"].range == Range(8, 64)
    assert found["dim"].meaning == "token width."
    assert found["size"].meaning == "of pictures, in pixels."
    assert accepts(found["width"].type, None)


def test_where_everything_is_a_setting():
    assert all(
        setting.by_user for name, setting in settings_of(Part, SetBy.USER).items() if name != "size"
    )


def test_names_that_only_type_checkers_import_say_nothing():
    def make(dim: "Nowhere") -> None: ...  # noqa: F821

    assert accepts(settings_of(make)["dim"].type, object())


@pytest.mark.parametrize(
    ("kind", "good", "bad", "words"),
    [
        (int, [3, 3.0, True], ["3", 2.5, None, [3]], "a whole number"),
        (float, [3, 0.5], ["1e-3", None], "a number"),
        (bool, [True, False, 0], ["yes", 2], "true or false"),
        (str, ["a"], [3, None], "a text"),
        (int | None, [3, None], ["null"], "a whole number or null"),
        (Literal["a", "b"], ["a"], ["c", 1, None], "'a' or 'b'"),
        (list[float], [[1, 2.5], (1,), []], ["12", [1, "x"], 3], "a list of numbers"),
        (
            dict[str, float] | None,
            [{"a": 1}, None],
            [{"a": "x"}, 3],
            "a mapping of numbers or null",
        ),
        (Annotated[int, Range(1, 2)], [5], ["x"], "a whole number"),
        (Any, [object()], [], "any value"),
    ],
)
def test_values_are_checked_against_a_type(kind, good, bad, words):
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []
    assert rule(kind) == words
    assert choices(Literal["a"] | None) == ["a"]
