"""The five questions on small planted tables: asked in turn within a budget, alike, and clear where there is nothing to ask."""

import re

import pytest

import torso
from torso.errors import ConfigError
from torso.planted import plant
from torso.runs.folder.folder import RunFolder
from torso.studies.advise import QUESTIONS, planned
from torso.studies.advise.asking import plan_of
from torso.training import Listener

QUICK = {"training.epochs": 1, "dim": 8}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("questions")
    planted = plant("redundant", rows=160, seed=1)
    planted.table.to_csv(table := folder / "table.csv", index=False)
    return torso.fit(
        table,
        planted.targets,
        inputs=planted.inputs,
        settings={**planted.settings, **QUICK, "fusion": "late"},
        out=folder / "run",
    )


@pytest.fixture(scope="module")
def advice(run):
    return torso.advise(run, about="all", seeds=1)


def test_each_question_has_the_run_as_it_is_and_the_plain_candidate(run, advice):
    assert tuple(answer.about for answer in advice.answers) == QUESTIONS
    for answer in advice.answers:
        names = [own.name for own in answer.raced]
        assert answer.own in names and answer.plain in names and answer.recommended in names
        assert all(own.seeds == 1 for own in answer.raced), answer.about
    assert (advice["fusion"].own, advice["fusion"].plain) == ("late", "concat")
    dropped = [own for own in advice["inputs"].raced if own.inputs is not None]
    assert {"without numbers", "without categories", "without note"} <= {o.name for o in dropped}
    assert repr(type(advice).from_dict(RunFolder(run.folder).studies()["advice"]["result"])) == (
        repr(advice)
    )


def test_a_training_of_two_questions_is_made_once(run, advice):
    folders = [own.name for own in (run.folder / "advise").iterdir() if own.is_dir()]
    assert not [name for name in folders if name.startswith("separate")]  # single tasks are that
    assert len([name for name in folders if name.startswith(("all", "hard", "equal"))]) == 1


def test_winners_train_together(run, advice, tmp_path):
    again = torso.fit(config=run.folder / "advise" / "run.yaml", out=tmp_path / "winner")
    assert list(again.schema.inputs) == list(advice.inputs or run.schema.inputs)
    for key, value in advice.settings.items():
        name = value if isinstance(value, str) else value["type"]
        assert getattr(again.config, key)["type"] == name


def test_the_plan_tells_every_question_and_its_cost(run):
    words, seconds = planned(run, about="all")
    assert [word.split(":")[0] for word in words[:5]] == [f"Plan for {q}" for q in QUESTIONS]
    assert "In all about" in words[-1] and seconds > 0
    few, less = planned(run, about=["fusion", "balancing"])
    assert less < seconds and "Not asked: groups (about " in few[-1]
    named = re.findall(r"--about (\w+)", few[-1])
    assert named == ["groups", "inputs", "sharing", "all"]
    assert len(planned(run, about=named[:3])[0]) == 6  # a plan each, seeds, all together, not asked
    assert "late, gated" in few[0] and "fixed (a ×3), fixed (b ×3), uncertainty, upgrad" in few[1]


def test_the_default_is_the_first_question_that_there_is_an_answer_to(run, tmp_path):
    assert [each.name for each in plan_of(run, None, 1, None).questions] == ["groups"]
    table = {"x": [n % 13 / 3 for n in range(80)], "y": [n % 7 for n in range(80)]}
    settings = {**QUICK, "folds": 0, "blend": "off"}
    torso.fit(table, {"y": "number"}, settings=settings, out=tmp_path / "narrow")
    advice = torso.advise(tmp_path / "narrow")
    assert not advice.changes and len(advice.answers) == 5
    assert "There is one input: nothing can be dropped." in repr(advice)
    assert "There is one modality: nothing is fused." in repr(advice)


def test_slips(run):
    with pytest.raises(ConfigError, match="'fusion'"):
        torso.advise(run, about="fusio")
    with pytest.raises(ConfigError, match="the two trainings that a comparison needs"):
        torso.advise(run, about="all", budget=0.001)


class Clock(Listener):
    """Lets the time of a budget pass after so many trainings."""

    def __init__(self, monkeypatch, trainings):
        self.monkeypatch, self.left = monkeypatch, trainings

    def preparing(self, column, done, total):
        self.left -= column == "variant"
        if self.left == 0:
            self.monkeypatch.setattr("torso.studies.advise.race.monotonic", lambda: 1e12)
            self.monkeypatch.setattr("torso.studies.advise.tournament.monotonic", lambda: 1e12)


def test_a_budget_that_ends_leaves_later_questions_unanswered(run, monkeypatch, tmp_path):
    copy = run.save(tmp_path / "copy")
    table = run.folder.parent / "table.csv"
    clock = Clock(monkeypatch, 3)
    advice = torso.advise(copy, table, about=["fusion", "balancing"], budget="1h", listener=clock)
    assert advice["fusion"].raced
    assert "No answer about balancing" in repr(advice) or "The time was over" in repr(advice)
