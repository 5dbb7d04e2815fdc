"""The search with trainings that are only pretended: it goes on after a kill, and ends whatever trials do."""

import math

import pytest

import torso
from torso.core.errors import RunError
from torso.studies.tune import search as searching
from torso.studies.tune.journal import (
    check_optuna,
    check_ours,
    counted,
    lose_trials,
    opened,
    repaired,
    study_in,
)
from torso.studies.tune.results import front_of, result_of
from torso.studies.tune.search import WHOLE, Search, try_default, try_settings
from torso.studies.tune.trial import Outcome, gains_of, step_after
from torso.studies.tune.tuning import TrialResult, Tuning
from torso.studies.tune.usual import usual_space
from torso.training import Epoch

TABLE = {"x": [float(n % 7) for n in range(60)], "y": [n % 7 + 0.5 for n in range(60)]}
EPOCHS = 12


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.fixture(scope="module")
def prepared():
    settings = {"training.epochs": EPOCHS, "folds": 0, "blend": "off", "dim": 64}
    return torso.prepare(TABLE, {"y": "number"}, settings=settings)


@pytest.fixture
def trainings(monkeypatch):
    """Pretend trainings, whose loss has its least at a rate of 3e-3; return the list of those that were begun."""
    begun = []

    def pretend(prepared, settings, folds=1, judge=lambda *_: None):
        begun.append(settings)
        if len(begun) == pretend.kill_at:
            raise Killed
        loss = abs(math.log(settings.get("training.lr", 1e-3) / 3e-3))
        first = []
        for number in range(1, EPOCHS + 1):
            first.append(Epoch(number, {}, {"y": loss + 1 / number}, {}))
            stop = judge(number, [first[-1].validation])
            if stop is not None:
                return Outcome(({"y": loss},), tuple(first), number, stop.reason)
        judge(step_after(0, EPOCHS), [{"y": loss}])
        return Outcome(({"y": loss},), tuple(first), EPOCHS)

    pretend.kill_at = 0
    monkeypatch.setattr(searching, "train_trial", pretend)
    return begun, pretend


def searched(prepared, journal, trials=12, seed=0):
    check_optuna()
    if journal is not None:
        repaired(journal)
    search = Search(usual_space("first", prepared), ("y",), False, seed)
    study = study_in(opened(journal), {"seed": seed}, 1, str(journal))
    study.pruner = search.pruner(EPOCHS)
    lose_trials(study)
    if searching.default_trial(study) is None:
        try_default(prepared, search, study)
    try_settings(prepared, search, study, trials - len(counted(study)))
    return [result_of(trial) for trial in counted(study)]


def told(results):
    """Return all that does not hang on the clock or on how many trials were lost."""
    return [(each.end, each.settings, each.gains, each.epochs, each.default) for each in results]


def test_the_default_comes_first_and_the_best_is_never_worse(prepared, trainings):
    results = searched(prepared, None)
    assert (results[0].default, results[0].gains, results[0].settings) == (True, {"y": 0.0}, {})
    best = results[front_of(tuple(results), ("y",), separate=False)[0]]
    assert best.gains["y"] > 20
    assert best.end == "whole"
    assert {"whole", "ended early"} == {each.end for each in results}
    assert {each.end for each in results[:WHOLE]} == {"whole"}  # early rungs miss small gains


@pytest.mark.parametrize("kill_at", [1, 2, 6, 12])
def test_a_search_that_was_killed_ends_as_one_that_was_not(prepared, trainings, tmp_path, kill_at):
    begun, pretend = trainings
    expected = told(searched(prepared, None))
    begun.clear()
    pretend.kill_at = kill_at
    with pytest.raises(Killed):
        searched(prepared, tmp_path / "journal.log")
    pretend.kill_at = 0
    assert told(searched(prepared, tmp_path / "journal.log")) == expected


def test_a_journal_cut_at_any_byte_goes_on(prepared, trainings, tmp_path):
    expected = told(searched(prepared, tmp_path / "whole.log", trials=5))
    whole = (tmp_path / "whole.log").read_bytes()
    for length in [*range(0, len(whole), 1499), len(whole) - 1]:
        cut = tmp_path / "cut.log"
        cut.write_bytes(whole[:length])
        assert told(searched(prepared, cut, trials=5)) == expected, length


def test_a_journal_of_another_search_is_refused(prepared, trainings, tmp_path):
    searched(prepared, tmp_path / "journal.log", trials=2)
    with pytest.raises(RunError, match=r"began with another seed.*--overwrite"):
        searched(prepared, tmp_path / "journal.log", trials=2, seed=1)


def test_a_journal_that_says_nonsense_is_told(tmp_path):
    check_optuna()
    (tmp_path / "journal.log").write_text("{}\nnonsense\n")
    with pytest.raises(RunError, match=r"is damaged: .*--overwrite"):
        opened(tmp_path / "journal.log")


def test_a_file_that_is_no_journal_stays(tmp_path):
    (tmp_path / "journal.log").write_text("my own notes")
    with pytest.raises(RunError, match="is no journal of a search"):
        check_ours(tmp_path / "journal.log")
    (tmp_path / "journal.log").write_text("")
    check_ours(tmp_path / "journal.log")


def test_a_trial_that_time_cut_short_is_repeated(prepared, trainings, tmp_path):
    expected = told(searched(prepared, tmp_path / "whole.log", trials=4))
    search = Search(usual_space("first", prepared), ("y",), False, 0, until=0.0)  # long ago
    study = study_in(opened(tmp_path / "cut.log"), {"seed": 0}, 1, "")
    study.pruner = search.pruner(EPOCHS)
    try_default(prepared, search, study)
    default = searching.default_trial(study)
    trial = searching.ask(study, 0)
    settings = search.space.draw(trial, searching.parts_of(prepared.config))
    searching._train(prepared, search, study, trial, settings, default.user_attrs["folds"])
    assert len(counted(study)) == 1
    assert told(searched(prepared, tmp_path / "cut.log", trials=4)) == expected


@pytest.mark.parametrize("outcome", [Outcome(({"y": math.nan},)), Outcome(why="memory is short")])
def test_trials_that_all_fail_leave_the_default(prepared, trainings, monkeypatch, outcome):
    own = searching.train_trial

    def failing(prepared, settings, *rest):
        return outcome if settings else own(prepared, settings, *rest)

    monkeypatch.setattr(searching, "train_trial", failing)
    results = searched(prepared, None, trials=4)
    assert [each.end for each in results] == ["whole", "failed", "failed", "failed"]
    assert all(each.why for each in results[1:])
    assert front_of(tuple(results), ("y",), separate=False) == (0,)


def test_a_default_that_cannot_be_judged_is_told(prepared, monkeypatch):
    monkeypatch.setattr(searching, "train_trial", lambda *_: Outcome(({"y": math.nan},)))
    with pytest.raises(RunError, match=r"own settings cannot be judged: no row .*'y'"):
        searched(prepared, None)


def test_a_task_that_cannot_be_judged_is_left_to_the_others(monkeypatch):
    """The cure is followed: the tasks that it names are tuned."""
    table = {
        "x": [n % 7 for n in range(60)],
        "y": [n % 7 for n in range(60)],
        "z": [1.0, 2.0, *[None] * 58],
    }
    settings = {"dim": 8, "training.epochs": 1, "folds": 0, "blend": "off", "data.split.test": 0.2}
    both = torso.prepare(table, ["y", "z"], inputs=["x"], settings=settings)
    own = searching.train_trial
    lost = {"y": 1.0, "z": math.nan}
    monkeypatch.setattr(searching, "train_trial", lambda *_: Outcome((lost,)))
    with pytest.raises(RunError, match=r"finite loss of \['z'\].*others: torso tune RUN y$"):
        torso.tune(both, trials=1)
    monkeypatch.setattr(searching, "train_trial", own)
    assert torso.tune(both, objectives=["y"], trials=1).trials


def test_equal_settings_are_trained_once(prepared, trainings):
    begun, _ = trainings
    search = Search(
        torso.studies.tune.space.read_space({"dim": [64, 128]}, prepared.config), ("y",), False, 0
    )
    study = study_in(opened(None), {}, 1, "")
    try_default(prepared, search, study)
    try_settings(prepared, search, study, 8)
    assert len(begun) <= 3
    assert len(counted(study)) == 9


def test_gains_are_ratios_of_likelihoods_without_a_unit():
    assert gains_of({"y": 0.0}, {"y": math.log(2)}) == pytest.approx({"y": 50.0})
    shifted = gains_of({"y": 0.0 + 7}, {"y": math.log(2) + 7})  # labels in another unit
    assert shifted == pytest.approx({"y": 50.0})
    assert gains_of({"y": 1e6}, {"y": 0.0})["y"] < -1e8
    assert gains_of({"y": 1.0}, {"y": 1.0, "z": math.nan}) == {"y": 0.0}


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        (["failed"], "No other settings could be judged: keep the default."),
        (["ended early"], "The one other trial was no better: keep the default."),
        (["whole"] * 2, "None of 2 other settings was better on held-out rows: keep the default."),
    ],
)
def test_the_default_is_kept_in_words(ends, verdict):
    trials = [TrialResult(0, "whole", default=True)]
    trials += [TrialResult(number, end, {"dim": 8}) for number, end in enumerate(ends, 1)]
    assert Tuning({}, ("y",), False, tuple(trials), 0, (0,), 9).verdict == verdict


def test_the_front_holds_the_trials_that_none_beats():
    gains = [(0, 0), (5, -1), (-1, 5), (4, -2), (2, 2)]
    trials = tuple(
        TrialResult(number, "whole", gains={"a": float(a), "b": float(b)})
        for number, (a, b) in enumerate(gains)
    )
    assert set(front_of(trials, ("a", "b"), separate=True)) == {1, 2, 4}
    assert front_of(trials, ("a",), separate=False) == (1,)
