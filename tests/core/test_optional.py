"""A missing extra says how to get it."""

import json
import tomllib
from pathlib import Path

import pytest

from torso.core.errors import MissingDependency
from torso.core.optional import require


def test_a_package_that_is_there():
    assert require("json", extra="x", why="A test") is json


def test_a_package_that_is_not():
    with pytest.raises(MissingDependency) as caught:
        require("no_such_package", extra="demo", why="The demo")
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["name"]
    assert str(caught.value) == (
        "The demo needs the package 'no_such_package'. "
        f"Install it with: pip install '{project}[demo]'"
    )
    assert isinstance(caught.value.__cause__, ImportError)
