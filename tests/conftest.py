"""No test uses the cache or the terminal of the person who runs it; every run.yaml that a test writes follows its schema."""

import gc
import json
import os
import sys
from functools import cache
from importlib.util import find_spec
from itertools import count

import pytest
import typer.main
import yaml

from tests.defaults import IN_TESTS, OUTSIDE
from tests.reports.browser import chromium
from torso.runs.settings.config import RunConfig

NUMBERS = count()
gc.set_threshold(20_000, 20, 50)  # the libraries make a million objects that all stay


def pytest_collection_finish():
    gc.freeze()  # no search for cycles goes through them again


@pytest.fixture(autouse=True, scope="session")
def files_need_not_outlive_the_power():
    """A kill loses nothing that was written; only a machine without power would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def the_command_line_is_read_once():
    """Typer reads the signatures of all commands at each call; a person's process has one call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True, scope="session")
def studies_train_in_this_process():
    """The suite fills the cores by itself, and a worker of a study takes seconds to start; tests of workers name a number."""
    with pytest.MonkeyPatch.context() as patch:
        if train := sys.modules.get(
            "torso.studies.variants.train"
        ):  # some module of the suite uses it
            patch.setattr(train, "_workers", lambda prepared: 1)
        yield


@pytest.fixture(scope="module")
def browser():
    """A browser of a module alone: while it runs, no other test of the process may start an event loop."""
    with chromium() as started:
        yield started


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


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BY_COLUMN = ("inputs", "targets", "encoders", "heads")


@cache
def slips(text):
    """Return what the schema says against a part of a run.yaml: a section, or what it says of a column."""
    return [
        f"{error.json_path}: {error.message[:300]}"
        for error in run_yaml_validator().iter_errors(json.loads(text))
    ]


def parts(values):
    """Yield a run.yaml piece by piece; most pieces of the suite's many are the same."""
    for name, section in values.items():
        if name in BY_COLUMN and isinstance(section, dict):
            yield from ({name: {column: said}} for column, said in section.items())
        else:
            yield {name: section}


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
        said = repr(config.model_dump())
        if (
            said not in texts
        ):  # most of the suite's fits have one of few configs, and write it three times
            texts[said] = to_yaml(config)
            for part in parts(yaml.load(texts[said], LOADER)):
                assert slips(json.dumps(part, default=str)) == []
        return texts[said]

    to_yaml, texts = RunConfig.to_yaml, {}
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("jsonschema"):
            patch.setattr(RunConfig, "to_yaml", checked)
        yield
