"""Advice on small planted tables: resumed, planned, within a budget, and clear where there is nothing to say."""

import json
import shutil
import signal
import time

import numpy as np
import pytest
import torch

import torso
from tests.processes import Started
from torso.errors import ConfigError, DataError
from torso.planted import plant
from torso.runs.folder.folder import RunFolder
from torso.studies.advise import Advice, planned
from torso.studies.advise.plan import SINGLES, TOGETHER, short_list
from torso.studies.advise.race import looks_every
from torso.studies.affinity import affinity_of, gains_of
from torso.training import Listener

QUICK = {"training.epochs": 3, "dim": 8}


def fitted(folder, kind="outsider", rows=240, **settings):
    planted = plant(kind, rows=rows, seed=1)
    folder.mkdir(parents=True, exist_ok=True)
    planted.table.to_csv(table := folder / "table.csv", index=False)
    settings = {**planted.settings, **QUICK, **settings}
    return torso.fit(
        table, planted.targets, inputs=planted.inputs, settings=settings, out=folder / "run"
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("advise"))


class Heard(Listener):
    shows_notes = True

    def __init__(self):
        self.notes, self.trained = [], 0

    def noted(self, message):
        self.notes.append(message)

    def preparing(self, column, done, total):
        self.trained += column == "variant"


@pytest.fixture(scope="module")
def advice(run):
    return torso.advise(run, seeds=1, listener=Heard())


def test_it_trains_ends_and_groupings_and_writes_all(run, advice):
    raced = advice["groups"].raced
    names = [own.name for own in raced]
    assert names[0] == TOGETHER and names[-1] == SINGLES and 3 <= len(names) <= 6
    assert all(own.seeds == 1 for own in raced)
    saved = RunFolder(run.folder).studies()["advice"]["result"]
    assert repr(Advice.from_dict(json.loads(json.dumps(saved)))) == repr(advice)
    assert advice.split == "validation" and advice["groups"].origin["affinity"]["tasks"] == [
        "a1",
        "a2",
        "a3",
        "b1",
    ]


def test_its_config_trains_the_winner(run, advice, tmp_path):
    file = run.folder / "advise" / "run.yaml"
    again = torso.fit(config=file, out=tmp_path / "winner")
    trunks = again.model.sharing.trunks().values()
    assert {frozenset(group) for group in trunks} == {frozenset(group) for group in advice.groups}


def test_advice_that_was_interrupted_goes_on(run, advice):
    heard = Heard()
    again = torso.advise(run, seeds=1, listener=heard)
    assert [own.over for own in again["groups"].raced] == [
        own.over for own in advice["groups"].raced
    ]
    assert any("are read back" in note for note in heard.notes)


def test_another_table_than_the_runs_is_refused(run, tmp_path):
    lines = (run.folder.parent / "table.csv").read_text(encoding="utf-8").splitlines()
    (other := tmp_path / "other.csv").write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"other\.csv does not hold the rows of .*the table has 239"
    ):
        torso.advise(run, other, seeds=1)


def test_a_kill_in_mid_race_loses_nothing_that_is_finished(tmp_path):
    """The process is ended by the system as soon as its first training is kept; the same call goes on."""
    run = fitted(tmp_path, rows=80, **{"training.epochs": 1, "blend": "off"}).folder
    shutil.copytree(run, tmp_path / "whole")
    whole = torso.advise(tmp_path / "whole", seeds=1, most_models=2)
    code = "import sys, torso; torso.advise(sys.argv[1], seeds=1, most_models=2)"
    process = Started("-c", code, run)
    while process.poll() is None and not [*(run / "advise").glob("*/studies/variant.json")]:
        time.sleep(0.01)
    assert process.kill() == -signal.SIGKILL and "advice" not in RunFolder(run).studies()
    heard = Heard()
    again = torso.advise(run, seeds=1, most_models=2, listener=heard)
    assert any("are read back" in note for note in heard.notes)
    assert figures(again.to_dict()) == figures(whole.to_dict())


def figures(told):
    """Return what an advice says, without what it took."""
    if isinstance(told, dict):
        kept = {key: own for key, own in told.items() if "seconds" not in key and key != "notes"}
        return {key: figures(own) for key, own in kept.items()}
    return [figures(own) for own in told] if isinstance(told, list | tuple) else told


def test_the_plan_trains_nothing(tmp_path):
    run = fitted(tmp_path)
    words, seconds = planned(run.folder)
    assert words[0].startswith("Plan for groups: all together, up to 4 groupings, single tasks;")
    assert words[1].startswith("Up to 3 seeds each, ")
    assert words[2].startswith("Not asked: inputs (about ") and words[2].endswith("--about all")
    assert seconds > 0 and not (run.folder / "advise").exists()


def test_a_budget_too_small_for_a_comparison(run):
    with pytest.raises(ConfigError, match=r"`budget` 0.001 is too small: the two trainings"):
        torso.advise(run, budget=0.001)


def test_one_task_needs_no_advice(tmp_path):
    own = torso.advise(fitted(tmp_path, "alone"), about="groups")
    assert own["groups"].words == ("There is one task: nothing can be grouped.",)
    assert not own.changes and own.not_asked.keys() == {"inputs"}
    assert (
        "Not asked about groups: There is one task"
        in planned(tmp_path / "run", about="groups")[0][0]
    )


@pytest.mark.parametrize("kind", ["disjoint", "five"])
def test_tasks_with_few_common_rows_are_raced_without_affinity(tmp_path, kind):
    own = torso.advise(fitted(tmp_path, kind), seeds=1)
    answer = own["groups"]
    assert answer.raced and any("say nothing about each other" in note for note in answer.notes)


def test_a_run_in_memory_is_refused():
    table = {"x": [n % 13 / 3 for n in range(80)], "y": [n % 7 for n in range(80)]}
    run = torso.fit(table, {"y": "number"}, settings={**QUICK, "folds": 0, "blend": "off"})
    with pytest.raises(ConfigError, match="`run` should lie in a folder"):
        torso.advise(run, table)
    with pytest.raises(ConfigError, match="`seeds` and `most_models` should be 1 or more"):
        torso.advise("nowhere", seeds=0)


def test_a_budget_of_models_leaves_single_tasks_out(run):
    unknown = affinity_of([], ["a1", "a2", "a3", "b1"], {})
    names = [own.name for own in short_list(run.config, unknown, most_models=2)]
    assert names[0] == TOGETHER and len(names) == 2 and SINGLES not in names


def test_likeness_of_single_tasks_answers_proposes_groups(run):
    unknown = affinity_of([], ["a1", "a2", "a3", "b1"], {})
    alike = np.full((4, 4), 0.9)
    alike[3, :3] = alike[:3, 3] = 0.0
    names = [own.name for own in short_list(run.config, unknown, alike=gains_of(alike))]
    assert "a1 + a2 + a3 | b1" in names
    assert gains_of(np.full((4, 4), 0.9)) is None  # all alike: no groups


def test_looks_are_taken_in_the_first_training_only(run, advice):
    folders = sorted((run.folder / "advise").glob("*/log.jsonl"))
    looking = [file.parent.name for file in folders if '"event": "look"' in file.read_text()]
    assert len(folders) == len(advice["groups"].raced) and all(
        "all-together" in name for name in looking
    )
    assert torch.is_grad_enabled()


def of_schools(schools, rows):
    """Return a table of a task per school, none of which shares a row with another."""
    draw = np.random.default_rng(0)
    size, owner = draw.normal(size=rows), np.arange(rows) % schools
    scores = {
        f"s{n}": np.where(owner == n, size * (1 if n % 2 else -1), np.nan) for n in range(schools)
    }
    return {"size": size, **scores}, list(scores)


def test_many_tasks_without_a_common_row_are_grouped_by_likeness(tmp_path):
    table, tasks = of_schools(18, 540)
    settings = {**QUICK, "folds": 0, "blend": "off", "training.lr": 0.05}
    run = torso.fit(table, tasks, inputs=["size"], settings=settings, out=tmp_path / "run")
    assert looks_every(run_prepared := torso.prepare(table, tasks, inputs=["size"])) == 0
    assert looks_every(run_prepared.only(targets=tasks[:1])) == 0
    own = torso.advise(run, table, seeds=1)
    silent = [note for note in own.all_notes() if "say nothing about each other" in note]
    assert len(silent) == 1 and silent[0].startswith("153 of the 153 pairs of tasks")
    assert not any("no looks" in note for note in own.all_notes())
    assert all(len(line) < 250 for line in str(own).splitlines())
    between = [each for each in own["groups"].raced if each.name not in (TOGETHER, SINGLES)]
    assert between and all(f"{len(each.groups)} groups, of " in str(own) for each in between)


def test_looks_are_rarer_where_there_are_many_tasks():
    draw = np.random.default_rng(0)
    table = {"size": draw.normal(size=80)} | {f"t{n}": draw.normal(size=80) for n in range(20)}
    few, many = (
        looks_every(torso.prepare(table, [f"t{n}" for n in range(count)], inputs=["size"]))
        for count in (3, 20)
    )
    assert few <= 12 and many == 40  # a look takes a backward pass of each task
