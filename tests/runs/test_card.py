"""The model card of a run tells its facts, is read by the hub's own library, and shows no cell."""

import math
import re
import shlex

import pytest
import yaml

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.runs.report.card import model_card

SECRET = "Zyx|w<b>*"  # of a class, so that it would break a table, too


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    columns = tables.plain()
    columns["loud"] = [SECRET if cell == "yes" else "no" for cell in columns["loud"]]
    columns["odd | `name`\n#"] = columns.pop("size")
    settings = {key: value for key, value in TINY.items() if not key.startswith("inputs.")}
    folder = tmp_path_factory.mktemp("card") / "my run"
    return torso.fit(columns, TARGETS, out=folder, settings=settings)


@pytest.fixture(scope="module")
def card(run):
    return (run.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_the_head_is_what_the_hub_reads(run, card):
    head = yaml.safe_load(card.split("---\n")[1])
    assert "license" not in head and "# license: left open" in card
    assert head["library_name"] == "torso" and {"torso", "multi-task"} <= set(head["tags"])
    (index,) = head["model-index"]
    assert index["name"] == "my run"
    for result in index["results"]:
        report = run.reports[result["task"]["name"]]
        defined = {m: e.value for m, e in report.metrics.items() if math.isfinite(e.value)}
        shown = {metric["type"]: metric["value"] for metric in result["metrics"]}
        assert shown == pytest.approx(defined, abs=1e-6)


def test_the_hub_library_finds_every_score(run, card):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is absent")
    results = hub.ModelCard(card).data.eval_results
    assert {each.task_name for each in results} == set(TARGETS)
    assert {each.dataset_name for each in results} == {"a table in memory"}


def test_no_cell_is_shown(card):
    words = {word for cell in tables.plain()["note"] for word in cell.split() if len(word) > 3}
    body = card.split("---\n", 2)[2]
    for cell in ("Zyx", "Ann", "Bob", *tables.COLOURS, *(words - {"thing"})):
        assert not re.search(rf"\b{cell}\b", body), cell


def test_every_row_of_a_table_has_its_columns(card):
    rows = [line for line in card.splitlines() if line.startswith("|")]
    counts = [len(re.findall(r"(?<!\\)\|", line)) for line in rows]
    assert set(counts) == {5, 4, 6}  # inputs, targets and rows, scores
    assert r"odd \| \`name\` \#" in card


def test_scores_stand_beside_the_baseline_and_limits_are_told(run, card):
    for task, report in run.reports.items():
        value = f"{report.metrics[report.headline].value:.3f}"
        assert re.search(rf"^\| {task} \| .* \| {re.escape(value)} \[", card, re.MULTILINE)
        told = f"* {task}: not shown to be better than answers without inputs." in card
        assert told == (report.verdict() != "better")
        assert f"* {task}: judged on {report.labels} labels, so its scores are uncertain." in card
    assert "drawn at random" in card
    assert "by the modalities that they lack: without gaps (8)" in card


def test_the_way_to_use_it_works(run, card, monkeypatch, tmp_path):
    monkeypatch.chdir(run.folder.parent)
    columns = {"odd | `name`\n#": [1.0], "note": ["a red thing"], "shop": ["Ann"]}
    tables.write(run.folder.parent / "NEW.csv", columns)
    (command,) = re.findall(r"^torso (predict .*)$", card, re.MULTILINE)
    assert tables.torso(*shlex.split(command)) == 0
    assert next(iter(tables.read(run.folder.parent / "answers.csv"))) in TARGETS
    program = card.split("```python\n")[1].split("```")[0].replace("'NEW.csv'", repr(columns))
    exec(compile(program, "card", "exec"), space := {})
    assert len(space["answers"]) == 1


def test_paths_of_the_machine_stay_out(run):
    data = run.config.data.model_copy(update={"table": "some/where/private/table.csv"})
    encoders = {**run.config.encoders, "note": {"type": "hub", "name": "/some/where/model"}}
    config = run.config.model_copy(update={"data": data, "encoders": encoders})
    text = model_card(type("Run", (), {**vars(run), "config": config}), "run")
    assert "table.csv" in text and "hub (model)" in text and "some" not in text
