"""One small tree of errors, each also the built-in that a library user would catch."""

import pytest

from torso.core import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ConfigError, ValueError),
        (errors.DataError, ValueError),
        (errors.RunError, ValueError),
        (errors.MissingDependency, ImportError),
    ],
)
def test_the_tree(error, builtin):
    assert issubclass(error, errors.TorsoError)
    assert issubclass(error, builtin)


def test_every_public_error_is_in_the_drawing():
    public = [getattr(errors, name) for name in errors.__all__ if name[0].isupper()]
    assert all(error.__name__ in errors.__doc__ for error in public)


@pytest.mark.parametrize(
    ("name", "known", "message"),
    [
        (
            "txet",
            ["image", "text"],
            "Unknown x 'txet'. Did you mean 'text'? Known: ['image', 'text'].",
        ),
        ("zzz", ["b", "a"], "Unknown x 'zzz'. Known: ['a', 'b']."),
        (3, {"a": 1}, "Unknown x 3. Known: ['a']."),
        ("a", [], "Unknown x 'a'. Known: []."),
    ],
)
def test_an_unknown_name_and_the_nearest_known_one(name, known, message):
    assert errors.unknown("x", name, known) == message
