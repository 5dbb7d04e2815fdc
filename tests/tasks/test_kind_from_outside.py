"""A kind of task is one folder: `outside/direction` lies outside the package, and nothing else knows of it."""

import inspect
import json
import sys

import numpy as np
import pytest
from rich.console import Console

import torso
from tests import small_tables as tables
from tests.tasks import laws, test_laws
from tests.tasks._base import test_evaluate, test_targets
from torso.app.listing import rooms
from torso.app.terminal.results import results_table
from torso.core.errors import ConfigError
from torso.tasks import Head, Scores, Target
from torso.tasks._base import folders

FOLDER = "tests.tasks.outside.direction"
KIND = f"{FOLDER}:DirectionTarget"


def forget_the_schema(config):
    """Let the schema that every run.yaml is held against be made anew, of the kinds known now."""
    for plugin in config.pluginmanager.get_plugins():
        if hasattr(plugin, "run_yaml_validator"):
            plugin.run_yaml_validator.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def direction(request):
    """Import the kind, as naming it does, and forget it afterwards, for the sake of the other tests."""
    assert "direction" not in Target.registry
    __import__(FOLDER)
    forget_the_schema(request.config)
    yield
    forget_the_schema(request.config)
    folders._outside.pop(FOLDER)
    for registry in (Target.registry, Scores.registry, Head.registry):
        registry._seen.discard(FOLDER)
        for name in [name for name in registry._parts if name.startswith("direction")]:
            del registry._parts[name]
    for module in [name for name in sys.modules if name.startswith(FOLDER)]:
        del sys.modules[module]


def heads():
    return [spec for spec in laws.heads() if spec["type"].startswith("direction/")]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 240))
    degrees = np.degrees(np.arctan2(y, x) + 0.1 * rng.normal(size=240)) % 360
    path = tmp_path_factory.mktemp("direction") / "table.json"
    rows = [
        {"x": a, "y": b, "wind": c}
        for a, b, c in zip(x.tolist(), y.tolist(), degrees.tolist(), strict=True)
    ]
    path.write_text(json.dumps(rows))
    return path


def test_fit_predict_evaluate_and_load(table, tmp_path):
    settings = tables.options(
        {
            "targets.wind.kind": KIND,
            "dim": 16,
            "training.epochs": 12,
            "training.lr": 1e-2,
            "fusion": "concat",
        }
    )
    assert tables.torso("fit", table, "-t", "wind", "-o", tmp_path / "run", *settings) == 0
    run = torso.load(tmp_path / "run", trust_code=True)
    report = run.evaluate(str(table))["wind"]
    assert report.kind == "direction"
    assert report.verdict() == "better"
    answers = run.predict(str(table))
    assert list(answers) == ["wind"]
    assert answers["wind"].between(0, 360).all()
    console = Console(record=True, width=80)
    console.print(results_table({"wind": report}))
    assert "degrees off" in console.export_text()
    with pytest.raises(ConfigError, match="not trusted"):
        torso.load(tmp_path / "run")


def test_lists_show_it():
    shown = rooms()
    assert "clockwise=" in {entry.name: entry.settings for entry in shown["targets"]}["direction"]
    assert "direction/plane" in [entry.name for entry in shown["heads"]]


@pytest.mark.parametrize("law", test_laws.LAWS, ids=lambda law: law.__name__)
def test_its_head_obeys_the_laws(law):
    for spec in heads():
        law(spec)


def test_its_target_and_scores_obey_the_laws():
    for module, argument in ((test_targets, "name"), (test_evaluate, "kind")):
        for name, test in vars(module).items():
            asks = name.startswith("test_") and [*inspect.signature(test).parameters] == [argument]
            if asks and name != "test_parts_carry_their_names":  # its scores have no names
                test("direction")
