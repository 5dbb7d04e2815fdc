"""Labels that stand in a column of another name, which may be an input too."""

import numpy as np
import pandas as pd
import pytest

import torso
from tests.small_tables import TINY
from torso.core.errors import ConfigError, DataError

SETTINGS = {**TINY, "training.epochs": 2, "inputs": {"signal": "number", "colour": "category"}}
SETTINGS.pop("inputs.size.kind", None)


def table(rows=60):
    rng = np.random.default_rng(0)
    signal = rng.normal(size=rows)
    colour = np.where(signal > 0, "red", "blue")
    return pd.DataFrame({"signal": signal, "colour": colour, "price": 2 * signal})


def fit(targets, out=None):
    return torso.fit(table(), targets, settings=SETTINGS, out=out)


def test_an_input_is_restored_and_the_run_stays_whole(tmp_path):
    targets = {"again": {"kind": "number", "column": "signal"}, "price": {}}
    run = fit(targets, tmp_path / "run")
    loaded = torso.load(tmp_path / "run")
    assert loaded.config.targets["again"]["column"] == "signal"
    assert list(loaded.schema.inputs) == ["signal", "colour"]
    pd.testing.assert_frame_equal(run.predict(table()), loaded.predict(table()))
    assert loaded.evaluate(table(), resamples=0)["again"].labels == 60
    np.testing.assert_array_equal(
        loaded.labelled(table()).targets["again"], table().signal.to_numpy(np.float32)
    )


def test_two_tasks_read_one_column_and_the_kind_is_guessed():
    run = fit({"price": "number", "level": {"column": "price"}, "which": {"column": "colour"}})
    assert run.config.targets["level"]["kind"] == "number"
    assert run.config.targets["which"]["kind"] == "binary"
    assert {"price", "level", "which"} <= set(run.predict(table()).columns)


def test_a_column_of_labels_is_no_input_unless_named():
    settings = {key: value for key, value in SETTINGS.items() if key != "inputs"}
    run = torso.fit(table(), {"level": {"kind": "number", "column": "price"}}, settings=settings)
    assert list(run.schema.inputs) == ["signal", "colour"]


def test_without_the_column_there_is_nothing_to_compare_with():
    run = fit({"level": {"kind": "number", "column": "price"}})
    with pytest.raises(DataError, match=r"no target column .* \['price'\]"):
        run.evaluate(table().drop(columns="price"))
    assert len(run.predict(table().drop(columns="price"))) == 60


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"target column 'prize'.*Did you mean 'price'"):
        fit({"level": {"kind": "number", "column": "prize"}})
