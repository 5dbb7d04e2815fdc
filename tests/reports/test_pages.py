"""The page of a run, read as text: its words, what it escapes, and the data behind it."""

from __future__ import annotations

import csv
import json
import re
import shlex
import string
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

import torso
from tests.small_tables import plain, write
from tests.small_tables import torso as command
from torso.core.errors import ConfigError, RunError
from torso.reports import html_report
from torso.reports.charts import axis_over
from torso.reports.sections.conflicts import mean_cosines
from torso.reports.words import LANGUAGES
from torso.runs.folder.json_files import read_json, write_json
from torso.training import Look

EVIL = "<script>alert('x')</script>"
QUICK = {"dim": 8, "training.epochs": 2, "folds": 0, "blend": "off", "fusion": "concat"}


STUDIES = (
    *("baselines", "certificate", "evaluate", "explain", "importance", "seeds"),
    *("slices", "tune"),
)
"""Commands that make the studies of a run with one task."""


def table(rows: int = 60) -> dict[str, list]:
    columns = plain(rows)
    columns[EVIL] = columns.pop("price")
    columns['"><img src=x onerror=alert(1)>'] = columns.pop("size")
    columns["colour"] = [EVIL if cell == "red" else cell for cell in columns["colour"]]
    return columns


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a folder") / "run"
    return torso.fit(table(), ["colour", "loud", EVIL], out=folder, settings=QUICK)


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(run):
    return html_report(run).html


def test_the_page_is_whole_and_asks_for_nothing(page):
    tags = Tags(page)
    assert tags.open == []
    outward = [
        attributes[name]
        for _, attributes in tags.tags
        for name in ("src", "href")
        if name in attributes and not str(attributes[name]).startswith(("#", "data:"))
    ]
    assert outward == [] and "http" not in page.replace("http-equiv", "")
    idents = [attributes["id"] for _, attributes in tags.tags if "id" in attributes]
    assert len(idents) == len(set(idents))
    links = [attributes["href"][1:] for tag, attributes in tags.tags if tag == "a"]
    assert set(links) <= set(idents)


def test_names_and_cells_cannot_become_markup(page):
    tags = Tags(page).tags
    assert "img" not in {tag for tag, _ in tags}
    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert [s for s in scripts if s.get("type") != "application/json"] == [{}]  # our own
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in page
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


def test_every_language_has_the_same_words():
    fields = {
        language: {
            key: {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for key, text in words.items()
        }
        for language, words in LANGUAGES.items()
    }
    assert fields["en"].keys() == fields["zh"].keys()
    assert [key for key in fields["en"] if fields["en"][key] != fields["zh"][key]] == []


def test_chinese_leaves_no_english_words(run):
    page = html_report(run, lang="zh").html
    assert 'lang="zh-CN"' in page and "成绩" in page
    body = re.sub(r"<(script|style|pre)\b.*?</\1>", "", page, flags=re.DOTALL)
    english = [text for key, text in LANGUAGES["en"].items() if "{" not in text and len(text) > 12]
    assert [text for text in english if f">{text}<" in body] == []


def test_the_data_of_every_chart_are_files_and_equal_the_page(run, tmp_path):
    torso.write_report(run, tmp_path / "new" / "page.html", data=tmp_path / "data")
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    inside = {
        (data := json.loads(text))["name"]: data
        for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    }
    assert {"scores", "losses", "metrics", "labels"} <= inside.keys()
    assert {file.stem for file in (tmp_path / "data").iterdir()} == inside.keys()
    for name, data in inside.items():
        assert data["rows"], name
        records = json.loads((tmp_path / "data" / f"{name}.json").read_text())
        assert [list(record.values()) for record in records] == data["rows"]
        with (tmp_path / "data" / f"{name}.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == len(records)
    scores = {(row[1], row[3]): row[5] for row in inside["scores"]["rows"]}
    assert scores["loud", "accuracy"] == run.report.tasks["loud"].metrics["accuracy"].value


def test_several_runs_stand_side_by_side(run, tmp_path):
    other = run.save(tmp_path / "run")  # of the same name
    out = tmp_path / "two.html"
    assert command("report", run.folder, other.folder, "-o", out) == 0
    page = out.read_text(encoding="utf-8")
    assert "a folder0/run" in page and f"{tmp_path.name}/run" in page
    assert page.count('class="of-run"') >= 2


def test_every_command_of_the_page_works_when_pasted(tmp_path):
    rows = write(tmp_path / "my table.csv", plain(40))
    folder = tmp_path / "my run"
    torso.fit(rows, ["loud"], out=folder, settings=QUICK)
    page = html_report(folder).html
    lines = [unescape(line) for line in re.findall(r'data-text="([^"]*)"', page)]
    assert {line.split()[1] for line in lines} >= {*STUDIES, "fit"}
    for line in lines:
        words = [str(rows) if word == "LABELLED.csv" else word for word in shlex.split(line)]
        quick = ["--plan"] if words[1] in ("advise", "tune") else []  # they train for minutes
        assert command(*words[1:], *quick) == 0, line


def test_runs_of_before_and_in_memory(run, tmp_path):
    old = run.save(tmp_path / "old").folder
    saved = read_json(old / "metrics.json")
    for name in ("curves", "notes", "baselines", "blend", "decisions"):
        saved.pop(name)
    write_json(old / "metrics.json", saved)
    for file in ("log.jsonl", "split.parquet", "held_out.parquet"):
        (old / file).unlink(missing_ok=True)
    assert 'id="curves"' not in html_report(old).html
    assert 'id="curves"' in html_report(replace(run, folder=None)).html
    both = html_report([run, old]).html
    assert "written by an earlier version" in both


def with_tasks(run, names):
    """Return the run in memory, as if it had these tasks, all alike."""
    report, epochs = run.report, run.report.curves
    alike = dict.fromkeys(names, report.tasks["loud"])
    curves = tuple(
        replace(
            epoch,
            training=dict.fromkeys(names, 0.5),
            validation=dict.fromkeys(names, 0.25),
            metrics=dict.fromkeys(names, epoch.metrics["loud"]),
            weights=dict.fromkeys(names, 1.0),
        )
        for epoch in epochs
    )
    return replace(run, folder=None, report=replace(report, tasks=alike, curves=curves))


def test_one_task_and_a_school_of_139(run):
    names = [f"a rather long name of pupil number {number}" for number in range(139)]
    school = html_report(with_tasks(run, names)).html
    assert len(school) < 1_500_000
    assert "The first 12 of 139 tasks" in school and "The first 24 of 139 tasks" in school
    assert 'id="pick"' in school and 'id="pick"' not in html_report(with_tasks(run, ["a"])).html


def test_wrong_runs_and_languages_are_answered(run, tmp_path):
    for given, error, message in (
        ([], ConfigError, "at least one run"),
        ([run.report], ConfigError, "Found RunReport"),
        (tmp_path / "none", RunError, "There is no run"),
        (tmp_path, RunError, "not a finished run"),
    ):
        with pytest.raises(error, match=message):
            html_report(given)
    with pytest.raises(ConfigError, match=r"Unknown language 'fr'.*Known: \['en', 'zh'\]"):
        html_report(run, lang="fr")
    with pytest.raises(ConfigError, match="should be a file"):
        torso.write_report(run, tmp_path)


def test_axes_are_round_and_leave_far_values_beyond():
    assert axis_over([0.12, 0.48]).ticks == (0.1, 0.2, 0.3, 0.4, 0.5)
    far = axis_over([*np.linspace(0, 1, 20), -1e6])
    assert far.low > -10 and far.at(-1e6) == 0 and not far.holds(-1e6)
    for values in ([], [np.nan], [3.0, 3.0], [0.0], [1e-300, 2e-300], [-1e12, 1e12]):
        axis = axis_over(values)
        assert axis.low < axis.high and all(np.isfinite(axis.ticks))


def test_cosines_by_hand():
    looks = [
        Look(1, 1, {"a": 1.0, "b": 1.0, "c": 1.0}, {}, [[4, -1, None], [-1, 1, None], [None] * 3]),
        Look(1, 2, {"a": 1.0, "b": 1.0, "c": 1.0}, {}, [[1, 1, None], [1, 1, None], [None] * 3]),
    ]
    cosines, counts = mean_cosines(looks)
    assert cosines[0, 1] == pytest.approx((-0.5 + 1) / 2) and counts[0, 1] == 2
    assert np.isnan(cosines[2]).all() and counts[2, 2] == 0
