"""No test uses the cache or the terminal of the person who runs it; every run.yaml that a test writes follows its schema."""

import gc
import json
from functools import cache
from importlib.util import find_spec
from itertools import count

import pytest
import yaml

from tests.defaults import IN_TESTS, OUTSIDE
from torso.runs.settings.config import RunConfig

NUMBERS = count()
gc.set_threshold(20_000, 20, 50)  # the libraries make a million objects that all stay


def pytest_collection_finish():
    gc.freeze()  # no search for cycles goes through them again


@pytest.fixture(scope="session")
def caches(tmp_path_factory):
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def environment_of_its_own(caches, monkeypatch):
    monkeypatch.setenv("TORSO_CACHE", str(caches / str(next(NUMBERS))))  # made when first used
    monkeypatch.delenv("TORSO_DEBUG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)  # tables are as wide as in a pipe


@cache
def run_yaml_validator():
    import jsonschema

    from torso.app.run_schema import run_schema

    return jsonschema.Draft202012Validator(json.loads(json.dumps(run_schema())))


@pytest.fixture(autouse=True, scope="session")
def runs_are_single_networks():
    """By default, runs of the suite train one network and nothing beside it; tests of blends and folds say so."""
    for values in (IN_TESTS, OUTSIDE):
        for name, value in values.items():
            RunConfig.model_fields[name].default = value
        RunConfig.model_rebuild(force=True)
        if values is IN_TESTS:
            yield


@pytest.fixture(autouse=True, scope="session")
def every_run_yaml_follows_its_schema():
    def checked(config):
        text = to_yaml(config)
        errors = [
            f"{error.json_path}: {error.message[:300]}"
            for error in run_yaml_validator().iter_errors(yaml.safe_load(text))
        ]
        assert errors == []
        return text

    to_yaml = RunConfig.to_yaml
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("jsonschema"):
            patch.setattr(RunConfig, "to_yaml", checked)
        yield
