"""Things of one row are found by each other: the loss, the ranks, and a whole run."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from torso.core.errors import ConfigError, DataError
from torso.core.types import Tokens
from torso.tasks import evaluate_task, fit_baseline
from torso.tasks.retrieval.head import Contrastive

WORDS = ["apple", "river", "stone", "cloud", "horse", "lamp"]


def head(**settings):
    torch.manual_seed(0)
    return Contrastive(4, 4, ["a", "b"], width=2, **settings).double().eval()


def test_the_loss_by_hand():
    """Two rows, unit vectors at 0 and 90 degrees, scale 1: the right logit is 1, the wrong one 0."""
    own = head()
    with torch.no_grad():
        own.log_scale.zero_()
    outputs = torch.eye(2, dtype=torch.float64)[:, None].repeat(1, 2, 1)
    expected = math.log(math.e + 1) - 1
    torch.testing.assert_close(
        own.nll(outputs, torch.arange(2)), torch.full((2,), expected, dtype=torch.float64)
    )


def test_rows_about_the_same_thing_are_no_rivals():
    own = head()
    outputs = torch.nn.functional.normalize(torch.randn(3, 2, 2, dtype=torch.float64), dim=-1)
    losses = own.nll(outputs, torch.tensor([0, 0, 0]))
    torch.testing.assert_close(losses, torch.zeros(3, dtype=torch.float64))


def test_a_row_without_a_modality_neither_asks_nor_is_found():
    own = head()
    outputs = torch.nn.functional.normalize(torch.randn(4, 2, 2, dtype=torch.float64), dim=-1)
    outputs[3, 1] = 0.0
    losses = own.nll(outputs, torch.arange(4))
    assert losses[3] == 0.0
    towards_b = outputs.clone()
    towards_b[3, 0] = torch.tensor([1.0, 0.0])
    torch.testing.assert_close(own.nll(towards_b, torch.arange(4))[3], losses[3])
    given = {
        name: Tokens(torch.randn(2, 3, 4).double(), torch.tensor([[True] * 3, [name == "a"] * 3]))
        for name in ("a", "b")
    }
    vectors = own(torch.randn(2, 4).double(), given)
    torch.testing.assert_close(vectors.norm(dim=2), torch.tensor([[1.0, 1.0], [1.0, 0.0]]).double())


def test_an_unknown_modality_is_named():
    with pytest.raises(ConfigError, match=r"`between`.*\['b'\]; known: \['a'\]"):
        head()(
            torch.randn(1, 4).double(),
            {"a": Tokens(torch.randn(1, 1, 4).double(), torch.ones(1, 1).bool())},
        )


def test_ranks_by_hand():
    """Row 0 finds its own first; row 1's own comes second; row 2's own is tied with one other at the top."""
    a = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    b = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    truth = np.arange(3)
    report = evaluate_task(
        "retrieval",
        np.stack([a, b], axis=1),
        truth,
        fit_baseline("retrieval", truth),
        names=["a → b", "b → a"],
        resamples=0,
    )
    forth = report.by_name["a → b"]
    assert forth["recall_at_1"].value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert forth["recall_at_5"].value == 1.0
    assert report.baseline["recall_at_1"] == pytest.approx(1 / 3)


def test_several_rows_about_one_thing_count_once():
    vectors = np.zeros((20, 2, 1))
    vectors[:] = 1.0
    truth = np.arange(20) // 4
    report = evaluate_task(
        "retrieval", vectors, truth, fit_baseline("retrieval", truth), names=["", " "], resamples=0
    )
    assert report.metrics["recall_at_1"].value == pytest.approx(4 / 20)
    by_hand = 1 - math.comb(16, 5) / math.comb(20, 5)
    assert report.metrics["recall_at_5"].value == pytest.approx(by_hand)


def table(rows=120):
    draw = np.random.default_rng(0)
    which = draw.integers(len(WORDS), size=rows)
    spots = np.eye(len(WORDS))[which] + 0.1 * draw.normal(size=(rows, len(WORDS)))
    frame = pd.DataFrame(
        {"word": [WORDS[one] for one in which], "spots": list(spots), "thing": which}
    )
    frame.loc[::9, "word"] = None
    frame["thing"] = "t" + frame["thing"].astype(str)
    return frame


INPUTS = {"word": "text", "spots": "vector"}
SETTINGS = {"dim": 16, "training.epochs": 15, "training.lr": 0.01, "data.cache": None}


def test_a_whole_run_finds_words_by_vectors(tmp_path):
    rows = table()
    run = torso.fit(
        rows,
        {"together": {"kind": "retrieval", "column": "thing"}},
        inputs=INPUTS,
        settings=SETTINGS,
        out=tmp_path / "run",
    )
    report = run.reports["together"]
    assert report.metrics["recall_at_1"].value > 0.9
    assert report.baseline["recall_at_1"] < 0.4
    assert list(report.by_name) == ["word → spots", "spots → word"]
    answers = torso.load(tmp_path / "run").predict(rows)
    assert answers["together_word"].isna().tolist() == rows["word"].isna().tolist()
    assert np.linalg.norm(answers["together_word"].iloc[1]) == pytest.approx(1.0, abs=1e-5)


def test_no_column_is_needed():
    rows = table(60).drop(columns="thing")
    run = torso.fit(
        rows, {"together": "retrieval"}, inputs=INPUTS, settings={**SETTINGS, "training.epochs": 1}
    )
    assert run.reports["together"].labels == 12


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"between": ["word"]}, "two inputs or more"),
        ({"between": ["word", "word"]}, "each once"),
        ({"between": ["word", "spot"]}, "Did you mean 'spots'"),
    ],
)
def test_what_cannot_be_brought_together_is_refused(spec, message):
    with pytest.raises(ConfigError, match=message):
        torso.fit(table(30), {"x": {"kind": "retrieval", **spec}}, inputs=INPUTS, settings=SETTINGS)


def test_one_thing_is_not_enough():
    rows = table(30).assign(thing="same")
    with pytest.raises(DataError, match="tell two things apart"):
        torso.fit(
            rows, {"x": {"kind": "retrieval", "column": "thing"}}, inputs=INPUTS, settings=SETTINGS
        )
