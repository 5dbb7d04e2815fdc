"""Nothing fails at the save: a state that cannot be stored ends a fit before its training."""

import json

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TINY
from torso.columns.inputs.number import NumberInput
from torso.core.errors import ConfigError, DataError
from torso.tasks.number.target import NumberTarget
from torso.training import Listener

QUICK = {**TINY, "inputs.note": None, "inputs.shop": None}


class Never(Listener):
    def started(self, epochs, batches):
        raise AssertionError("the training began")


@pytest.mark.parametrize("value", [float("inf"), [float("nan")], np.float32(1)], ids=str)
@pytest.mark.parametrize(("kind", "column"), [(NumberInput, "size"), (NumberTarget, "price")])
def test_a_state_that_json_cannot_hold_is_refused_before_the_training(
    tmp_path, monkeypatch, kind, column, value
):
    monkeypatch.setattr(kind, "state", lambda self: {"mean": value})
    for out in (None, tmp_path / "run"):
        with pytest.raises(DataError, match=rf"column '{column}'.*its mean is no"):
            torso.fit(
                tables.plain(), {"price": "number"}, out=out, settings=QUICK, listener=Never()
            )
    assert list(tmp_path.iterdir()) == []


def test_a_report_with_gaps_is_stored(tmp_path):
    columns = tables.plain()
    columns["price"][3] = 1e38
    run = torso.fit(columns, ["price", "loud"], settings=QUICK)
    run.save(tmp_path)
    text = (tmp_path / "metrics.json").read_text()
    json.loads(text, parse_constant=pytest.fail)
    assert torso.load(tmp_path).scores().shape == run.scores().shape


def test_settings_hold_numbers_of_numpy_and_no_objects(tmp_path):
    settings = {**QUICK, "dim": np.int64(8), "fusion": {"type": "concat", "hidden": np.int64(8)}}
    run = torso.fit(tables.plain(), ["price"], out=tmp_path / "run", settings=settings)
    assert torso.load(tmp_path / "run").config == run.config
    with pytest.raises(ConfigError, match="should hold texts, numbers, lists and mappings"):
        run.config.model_copy(update={"fusion": {"type": "concat", "hidden": object()}}).to_yaml()
