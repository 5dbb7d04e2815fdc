"""Which of the two classes F1 speaks of is said, and can be chosen."""

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

import torso
from torso.app.terminal.results import results_table
from torso.core.errors import DataError
from torso.evaluation.report import TaskReport

QUICK = {"training.epochs": 2, "dim": 8, "sharing": "hard", "folds": 0, "blend": "off"}


@cache
def table() -> pa.Table:
    x = np.random.default_rng(0).normal(size=120)
    return pa.table({"x": x, "评价": np.where(x > 0.5, "正面", "负面"), "flag": x > 0.5})


@cache
def run(positive: str | None) -> torso.Predictor:
    return torso.fit(
        table(), {"评价": {"kind": "binary", "positive": positive}}, inputs=["x"], settings=QUICK
    )


def shown(report: TaskReport, width: int) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(results_table({"评价": report}, width))
    return capture.get()


@pytest.mark.parametrize(("positive", "said"), [(None, "负面"), ("正面", "正面"), ("负面", "负面")])
@pytest.mark.parametrize("width", [60, 80, 160])
def test_every_table_names_the_class_that_f1_speaks_of(
    positive: str | None, said: str, width: int
) -> None:
    report = run(positive).reports["评价"]
    assert report.positive == said
    assert f"positive: {said}" in shown(report, width)
    assert TaskReport.from_dict(report.to_dict()) == report
    assert set(run(positive).scores()["positive"]) == {said}


def test_f1_speaks_of_the_class_that_is_named() -> None:
    chosen = run("正面")
    answers = chosen.predict(table(), as_arrow=True)["评价"].to_pylist()
    report = chosen.evaluate(table(), resamples=0)["评价"]
    truth = np.array(table()["评价"].to_pylist()) == "正面"
    said = np.array(answers) == "正面"
    both = (truth & said).sum()
    assert report.metrics["f1"].value == pytest.approx(2 * both / (truth.sum() + said.sum()))
    assert (
        chosen.predict(table(), as_arrow=True)["评价_probability_正面"].to_numpy()[truth].mean()
        > 0.3
    )


def test_the_positive_class_is_kept_with_the_run(tmp_path) -> None:
    chosen = run("正面")
    chosen.save(tmp_path)
    again = torso.load(tmp_path)
    assert again.evaluate(table(), resamples=0)["评价"].positive == "正面"
    assert again.predict(table(), as_arrow=True).equals(chosen.predict(table(), as_arrow=True))


def test_truth_values_and_numbers_can_be_named() -> None:
    for target, positive in (("flag", False), ("flag", "false")):
        fitted = torso.fit(
            table(),
            {target: {"kind": "binary", "positive": positive}},
            inputs=["x"],
            settings=QUICK,
        )
        assert fitted.reports[target].positive == "false"


def test_a_class_that_is_not_there_is_refused() -> None:
    said = re.escape(
        "<frame>, column '评价': `positive` should be one of the two values. Unknown value 'good'."
    )
    with pytest.raises(DataError, match=said):
        torso.fit(table(), {"评价": {"kind": "binary", "positive": "good"}}, settings=QUICK)
