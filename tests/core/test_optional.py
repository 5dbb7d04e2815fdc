"""A missing extra says how to get it."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.places import ROOT, SOURCE
from torso.core.errors import MissingDependency
from torso.core.optional import TRAINING, needs_training, require, require_training


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


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {
    "pillow": "PIL",
    "pyyaml": "yaml",
    "scikit_learn": "sklearn",
    "mlflow_skinny": "mlflow",
}
ELSEWHERE = {"polars", "IPython", "pydantic_core", "starlette", "ml_dtypes"}
"""Imported only where the caller has them in use already; the last three are halves of pydantic, FastAPI and onnx."""


def module_of(requirement: str) -> str:
    name = re.match(r"[\w-]+", requirement)[0].replace("-", "_")
    return MODULES.get(name, name)


def calls_and_imports() -> tuple[list[dict[str, str]], set[str]]:
    """Return the arguments of each call of `require`, and all modules that the source imports."""
    calls, imported = [], set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
                words = {word.arg: word.value for word in node.keywords}
                said = {
                    key: word.value for key, word in words.items() if isinstance(word, ast.Constant)
                }
                calls.append({"module": node.args[0].value.split(".")[0], **said})
    return calls, imported


def test_every_cure_brings_what_is_absent():
    extras, core = PROJECT["optional-dependencies"], PROJECT["dependencies"]
    calls, _ = calls_and_imports()
    assert len(calls) > 8
    for call in calls:
        if "package" in call:
            assert call["package"] in [*core, *extras["train"]], call
        else:
            brought = {module_of(requirement) for requirement in extras[call["extra"]]}
            core_too = {module_of(requirement) for requirement in core}
            assert call["module"] in brought | core_too | {"huggingface_hub"}, call


def test_what_is_imported_is_a_dependency():
    _, imported = calls_and_imports()
    foreign = imported - sys.stdlib_module_names - {"torso", "__future__"}
    declared = {module_of(requirement) for requirement in PROJECT["dependencies"]}
    extras = {
        module_of(requirement)
        for name, brought in PROJECT["optional-dependencies"].items()
        for requirement in brought
        if name != "dev"
    }
    assert foreign <= declared | extras | ELSEWHERE, sorted(foreign - declared - extras)


def test_an_import_that_fails_names_the_extra_that_brings_it(monkeypatch):
    brought = {module_of(requirement) for requirement in PROJECT["optional-dependencies"]["train"]}
    assert brought == {*TRAINING}
    lacking = needs_training(ModuleNotFoundError("no", name="torch.nn"), "`torso.fit`")
    assert isinstance(lacking, MissingDependency)
    assert str(lacking).startswith("`torso.fit` needs the package 'torch'")
    assert "pip install 'torso[train]'" in str(lacking)
    other = ModuleNotFoundError("no", name="mine")
    assert needs_training(other, "`torso.fit`") is other
    require_training("Learning")
    monkeypatch.setattr("torso.core.optional.find_spec", lambda _: None)
    with pytest.raises(MissingDependency, match=r"Learning needs the package 'torch'"):
        require_training("Learning")
