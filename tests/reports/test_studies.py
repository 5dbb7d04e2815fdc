"""Studies that were really made are on the page: all of them, their figures, and nothing of a cell as markup."""

from __future__ import annotations

import json
import re

import pytest

import torso
from tests.reports.studied import studied
from tests.reports.test_pages import Tags
from tests.small_tables import torso as command
from torso.reports import html_report
from torso.studies.baselines import Baselines

SECTIONS = {
    *("baselines", "seeds", "slices", "worst", "importance", "explanations", "robustness"),
    *("patterns", "advice", "tune", "answers"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("optuna", reason="torso.tune needs optuna")
    return torso.load(studied(tmp_path_factory))


@pytest.fixture(scope="module")
def report(run):
    return html_report(run)


def figures(report):
    return {figure.name: figure for figure in report.figures}


def test_every_study_has_its_section_and_none_is_missing(report):
    idents = {attributes.get("id") for _, attributes in Tags(report.html).tags}
    assert idents >= SECTIONS and "unmade" not in idents
    assert [figure.name for figure in report.figures if not figure.rows] == []
    assert {"baselines", "seeds", "slices", "explanations", "trials", "advice"} <= set(
        figures(report)
    )


def test_the_figures_are_those_of_the_studies(run, report):
    saved = json.loads((run.folder / "studies" / "baselines.json").read_text())["result"]
    study = Baselines.from_dict(saved)
    leads = {(row["baseline"], row["task"]): row for row in figures(report)["baselines"].records()}
    assert len(leads) == sum(len(own.tasks) for own in study.baselines) > 6
    for own in study.baselines:
        for task, beside in own.tasks.items():
            assert leads[own.name, task]["lead"] == beside.over.value
            assert leads[own.name, task]["verdict"] == beside.verdict
    seeds = [row for row in figures(report)["seeds"].records() if row["headline"]]
    own = {row["task"]: row["value"] for row in seeds if row["seed"] == run.config.seed}
    assert own == {
        task: task_report.metrics[task_report.headline].value
        for task, task_report in run.report.tasks.items()
    }
    shares = [row for row in figures(report)["explanations"].records() if row["level"] == "part"]
    assert {row["row"] for row in shares} == {3, 5}
    trials = {row["trial"] for row in figures(report)["trials"].records()}
    assert trials <= {0, 1, 2} and 0 in trials


def test_no_cell_or_name_becomes_markup(report):
    tags = Tags(report.html)
    assert tags.open == []
    assert not [n for _, attributes in tags.tags for n in attributes if n.startswith("on")]
    pictures = [attributes["src"] for tag, attributes in tags.tags if tag in ("img", "audio")]
    assert pictures and all(source.startswith("data:") for source in pictures)
    scripts = [attributes for tag, attributes in tags.tags if tag == "script"]
    assert [s for s in scripts if s.get("type") != "application/json"] == [{}]
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in report.html
    for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', report.html):
        assert json.loads(text)["rows"]


def test_two_runs_with_studies_stand_side_by_side(run, tmp_path):
    other = run.save(tmp_path / "other")
    page = html_report([run.folder, other.folder])
    assert "unmade" in {attributes.get("id") for _, attributes in Tags(page.html).tags}
    assert "Without it: other" in page.html
    both = html_report([run.folder, run.folder])
    for name in ("slices", "seeds", "baselines", "explanations", "advice", "trials"):
        assert len({row["run"] for row in figures(both)[name].records()}) == 2, name


def test_a_table_that_has_moved_is_named(run, tmp_path):
    other = run.save(tmp_path / "far" / "away")
    config = other.folder / "run.yaml"
    config.write_text(config.read_text().replace("table.csv", "gone.csv"))
    lost = html_report(other.folder)
    assert any("--table FILE" in note for note in lost.notes) and "<audio" not in lost.html
    named = html_report(other.folder, table=run.folder.parent / "table.csv")
    assert named.notes == () and "<audio" in named.html and "<img" in named.html
    wrong = html_report(other.folder, table={"note": ["a"]})
    assert len(wrong.notes) == 1 and "<audio" not in wrong.html
    out = tmp_path / "page.html"
    assert (
        command("report", other.folder, "-o", out, "--table", run.folder.parent / "table.csv") == 0
    )
    assert "<audio" in out.read_text(encoding="utf-8")


def test_chinese_reports_leave_few_sentences_in_english(run):
    page = html_report(run, lang="zh").html
    english = re.findall(r'<span lang="en">(.*?)</span>', page)
    assert len(english) <= 2, english
