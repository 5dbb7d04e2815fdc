"""The choice: the simplest candidate stays until another is surely better."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import torso.studies.advise.race as race_module
from torso.evaluation.estimate import Estimate
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.advise import Advice, Answer, Raced
from torso.studies.advise.choose import (
    advantage,
    chosen,
    difference,
    measures_of,
    surely,
    undecided,
)
from torso.studies.advise.plan import SINGLES, TOGETHER, Candidate
from torso.studies.advise.race import Race
from torso.studies.variants import Means, Outcomes

ROWS = 300
TRUTH = np.random.default_rng(0).normal(size=(2, ROWS))


def answers(noise, seed=0, tasks=("a", "b")):
    draw = np.random.default_rng([seed, round(1000 * np.max(noise))])
    said = TRUTH + np.reshape(noise, (-1, 1)) * draw.normal(size=TRUTH.shape)
    own = {
        task: TaskAnswers("number", TRUTH[n], said[n], baseline={"mean": 0.0})
        for n, task in enumerate(tasks)
    }
    return HeldOut("validation", np.arange(ROWS), ROWS, own)


CANDIDATES = [
    Candidate(TOGETHER, (("a", "b"),), {}),
    Candidate(SINGLES, (("a",), ("b",)), {"sharing": "separate"}),
]


def measured(**noises):
    names = {"together": TOGETHER, "singles": SINGLES}
    return {names[name]: measures_of([answers(n, s) for s in (0, 1)]) for name, n in noises.items()}


def test_the_better_is_chosen_where_sure():
    assert chosen(CANDIDATES, measured(together=0.8, singles=0.3)).name == SINGLES
    assert chosen(CANDIDATES, measured(together=0.3, singles=0.8)).name == TOGETHER


def test_the_simple_stays_without_evidence():
    wrong = sum(
        chosen(
            CANDIDATES,
            {
                TOGETHER: measures_of([answers(0.5, 2 * seed)]),
                SINGLES: measures_of([answers(0.5001, 2 * seed + 1)]),
            },
        ).name
        != TOGETHER
        for seed in range(40)
    )
    assert wrong <= 3


def test_advice_is_never_surely_worse_than_single_tasks():
    """Together gains up to 100 % on `a` and loses 300 % on `b`: as a gain over the other, neither is sure."""
    uneven = measures_of([answers((0.4, 1.0), seed) for seed in (0, 1)])
    even = measures_of([answers((0.6, 0.5), seed) for seed in (2, 3)])
    assert difference(even, uneven).p > 0.05 and difference(uneven, even).surely_worse()
    assert chosen(CANDIDATES, {TOGETHER: uneven, SINGLES: even}).name == SINGLES


def test_a_difference_is_that_of_the_metric():
    first, second = measures_of([answers(0.3)]), measures_of([answers(0.8)])
    estimate = difference(first, second, "a").delta
    r2 = [own.draws.mean[0] for own in (first, second)]
    assert estimate.value == pytest.approx(100 * (r2[0] - r2[1]) / (1 - r2[1]))
    assert 0 < estimate.low < estimate.value < estimate.high
    both = difference(first, second)
    assert both.p < 0.01 and both.delta.value == pytest.approx(
        np.mean([difference(first, second, task).delta.value for task in "ab"])
    )


def test_a_task_without_labels_is_left_out():
    own = answers(0.3)
    gone = TaskAnswers("number", np.full(ROWS, np.nan), TRUTH[1], baseline={"mean": 0.0})
    lacking = HeldOut("validation", own.rows, ROWS, {"a": own.tasks["a"], "b": gone})
    own = measures_of([lacking])
    assert own.tasks == ("a",) and difference(own, own).delta == Estimate(0.0, 0.0, 0.0)


def test_seeds_that_disagree_wildly_prove_nothing():
    together = measures_of([answers(0.5, seed) for seed in (0, 1)])
    wild = measures_of([answers(0.05, 0), answers(0.5, 1)])
    measures = {TOGETHER: together, SINGLES: wild}
    assert difference(wild, together).delta.value > 20
    assert chosen(CANDIDATES, measures).name == TOGETHER


TWO = Candidate("two", (("a",), ("b", "c")), {})
FAR = Candidate("far", (("b",), ("a", "c")), {})
THREE = Candidate("three", (("a",), ("b",), ("c",)), {})


def test_groupings_that_are_a_little_behind_go_on(monkeypatch):
    going = [CANDIDATES[0], TWO, FAR, THREE]
    noises = {TOGETHER: 0.8, "two": 0.32, "far": 0.75, "three": 0.3}
    known = {name: measures_of([answers(noise)]) for name, noise in noises.items()}
    race = Race(None, Means())
    monkeypatch.setattr(race, "measures", lambda: known)
    assert [own.name for own in race._stay(going)] == [TOGETHER, "two", "three"]
    assert race.dropped == {"far": "left after 1 of the seeds"}


def test_the_fewest_models_that_the_best_is_not_surely_ahead_of_are_chosen():
    noises = {TOGETHER: 0.8, "two": 0.301, "far": 0.6, "three": 0.3}
    known = {
        name: measures_of([answers(noise, seed) for seed in (0, 1)])
        for name, noise in noises.items()
    }
    assert chosen([CANDIDATES[0], TWO, FAR, THREE], known).name == "two"
    known["two"] = known["far"]
    assert chosen([CANDIDATES[0], TWO, FAR, THREE], known).name == "three"


def test_an_advantage_is_symmetric_and_worked_by_hand():
    first, second = measures_of([answers(0.3)]), measures_of([answers(0.8)])
    left = [1 - own.draws.mean for own in (first, second)]  # of R²
    own, back = advantage(first, second), advantage(second, first)
    assert own.difference.value == pytest.approx(np.log(left[1] / left[0]).mean())
    assert back.difference.value == pytest.approx(-own.difference.value) and back.p == own.p
    assert surely(own) and not surely(back)


def test_further_seeds_are_asked_for_only_where_seeds_disagree():
    together = measures_of([answers(0.5, seed) for seed in (0, 1, 2)])
    lucky = measures_of([answers(noise, 3) for noise in (0.1, 0.45, 0.5)])
    assert undecided(CANDIDATES, {TOGETHER: together, SINGLES: lucky}) == CANDIDATES
    better = measures_of([answers(0.2, seed) for seed in (0, 1, 2)])
    assert not undecided(CANDIDATES, {TOGETHER: together, SINGLES: better})  # sure already
    assert not undecided(CANDIDATES, {TOGETHER: better, SINGLES: together})
    assert not undecided(CANDIDATES, {TOGETHER: together})


def test_the_advice_comes_back_from_json():
    over = {TOGETHER: Estimate(1.0, 0.5, 2.0)}
    raced = Raced("a | b", (("a",), ("b",)), {}, 0.5, 2, over, inputs=("x",))
    answer = Answer("groups", TOGETHER, SINGLES, "a | b", ("Do.",), (raced,))
    advice = Advice((answer,), inputs=("x",), words=("All.",), not_asked={"fusion": 3.0})
    again = Advice.from_dict(json.loads(json.dumps(advice.to_dict())))
    assert repr(again) == repr(advice) and again["groups"].best.inputs == ("x",)
    assert "a | b" in repr(advice) and "+1.0 (+0.5 to +2.0)" in repr(advice)
    with pytest.raises(KeyError, match="was not asked"):
        advice["fusion"]


def test_seeds_that_time_cut_off_are_one_note(monkeypatch):
    prepared = SimpleNamespace(config=SimpleNamespace(seed=0))
    race = Race(prepared, Means())
    race.outcomes = {TOGETHER: [None], SINGLES: [None]}
    gone = "no time was left for it: it was given up after 2 s"
    cut = Outcomes({}, {f"{own.name}, seed 1": gone for own in CANDIDATES})
    monkeypatch.setattr(race_module, "train_variants", lambda *_: cut)
    race.train(CANDIDATES, 1)
    assert race.notes == [
        "No time was left for seed 2 of 2 candidates: the figures are of the seeds before."
    ]
