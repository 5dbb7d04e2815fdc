"""The report of a run: to JSON and back, as a frame, and at a glance."""

import json
import math

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import RunError
from torso.runs.report.report import RunReport

ODD = "<b>loud</b> & "


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    columns = tables.plain()
    columns[ODD] = columns.pop("loud")
    columns["same"] = ["<i>x</i>"] * 40
    targets = ["colour", ODD, "price"]
    return torso.fit(columns, targets, out=tmp_path_factory.mktemp("report"), settings=TINY)


def test_to_json_and_back(run):
    saved = json.loads(json.dumps(run.report.to_dict(), allow_nan=False))
    back = RunReport.from_dict(saved)
    assert str(back) == str(run.report)
    assert str(torso.load(run.folder).report) == str(run.report)
    assert json.loads((run.folder / "metrics.json").read_text()) == saved == run.metrics


def test_a_nan_among_the_curves_is_null_in_json():
    columns = tables.plain()
    columns["split"] = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    columns["price"][24:32] = [None] * 8
    run = torso.fit(columns, TARGETS, settings={**TINY, "data.split.column": "split"})
    assert math.isnan(run.report.curves[0].validation["price"])
    saved = run.report.to_dict()
    assert saved["curves"][0]["validation"]["price"] is None
    assert math.isnan(RunReport.from_dict(saved).curves[0].validation["price"])


def test_a_report_of_an_earlier_version_has_no_curves_and_no_notes(run):
    saved = run.report.to_dict()
    old = {name: value for name, value in saved.items() if name not in ("curves", "notes")}
    assert RunReport.from_dict(old).curves == RunReport.from_dict(old).notes == ()
    assert RunReport.from_dict(old).scores().equals(run.scores())


def test_scores_has_a_row_per_task_and_metric(run):
    scores = run.scores()
    assert len(scores) == sum(len(report.metrics) for report in run.reports.values())
    price = scores[scores.task == "price"].set_index("metric")
    assert price.headline.tolist() == [True] + [False] * (len(price) - 1)
    assert (price.better["mae"], price.better["r2"]) == ("lower", "higher")
    assert price.value["mae"] == run.reports["price"].metrics["mae"].value
    assert price.low["mae"] <= price.value["mae"] <= price.high["mae"]
    assert price.baseline["mae"] == run.reports["price"].baseline["mae"]
    assert price.verdict["mae"] == run.reports["price"].verdict("mae")
    assert set(scores.split) == {"test"} and set(scores.labels) == {8}
    assert np.issubdtype(scores.value.dtype, np.floating)


def test_a_run_at_a_glance(run):
    text = repr(run)
    assert f"in {run.folder}" in text and "judged on 8 test rows" in text
    lines = text.splitlines()
    assert lines[1].split() == ["task", "kind", "metric", "value", "baseline", "verdict", "labels"]
    assert lines[4].split()[:3] == ["price", "number", "R²"]
    assert any(line.startswith("note: same (left out)") for line in lines)
    html = run._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;loud&lt;/b&gt; &amp;" in html
    assert html.count("<tr>") == 4


def test_a_damaged_report_is_one_sentence(run, tmp_path):
    run.save(tmp_path)
    saved = json.loads((tmp_path / "metrics.json").read_text())
    del saved["usage"]
    (tmp_path / "metrics.json").write_text(json.dumps(saved))
    with pytest.raises(RunError, match=r"metrics\.json is damaged: KeyError\('usage'\)"):
        torso.load(tmp_path)
