"""The decision of a question: a run changes only for evidence, and then to the simplest that none is surely ahead of."""

import numpy as np
import pytest

from torso.evaluation.estimate import Estimate
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.advise.choose import measures_of
from torso.studies.advise.decide import costs_little, decided, going_on
from torso.studies.advise.plan import Candidate
from torso.studies.advise.words import decision_words

ROWS = 400
TRUTH = np.random.default_rng(0).normal(size=(2, ROWS))
ERRORS = np.random.default_rng(1).normal(size=(2, ROWS))


def measured(noise, of_its_own=0.02, seed=0):
    """Return a candidate that errs by `noise` as all do, and by a little of its own."""
    runs = []
    for number in (0, 1, 2):
        draw = np.random.default_rng([seed, number, 9])
        said = TRUTH + np.reshape(noise, (-1, 1)) * ERRORS
        said = said + of_its_own * draw.normal(size=TRUTH.shape)
        own = {
            task: TaskAnswers("number", TRUTH[n], said[n], baseline={"mean": 0.0})
            for n, task in enumerate("ab")
        }
        runs.append(HeldOut("validation", np.arange(ROWS), ROWS, own))
    return measures_of(runs)


OWN = Candidate("own", (), {})
SIMPLE = Candidate("simple", (), {"fusion": "concat"}, rank=-1)
RICH = Candidate("rich", (), {"fusion": "gated"}, rank=2)
RICHER = Candidate("richer", (), {"fusion": "transformer"}, rank=3)
ALL = [SIMPLE, OWN, RICH, RICHER]


def told(**measures):
    trained = [each for each in ALL if each.name in measures]
    decision = decided(trained, OWN, measures)
    return decision.best.name, decision.verdicts, decision_words(decision, OWN, "Keep", "Take it")


def test_what_is_simpler_and_surely_costs_little_is_taken():
    best, verdicts, words = told(own=measured(0.5), simple=measured(0.5, seed=1))
    assert best == "simple" and verdicts == {"simple": "as good"}
    assert words[0].startswith("Take it: it is simpler, and surely costs less than 2 %: Δm")


def test_what_is_as_good_and_not_simpler_is_left():
    best, verdicts, words = told(own=measured(0.5), rich=measured(0.5, seed=1))
    assert best == "own" and verdicts == {"rich": "as good"}
    assert words == (
        "Keep: no other is surely better.",
        "As good within 2 %, and not simpler: rich.",
    )


def test_without_evidence_the_run_stays_and_says_so():
    best, verdicts, words = told(own=measured(0.5), simple=measured(0.5, of_its_own=0.2, seed=1))
    assert best == "own" and verdicts["simple"] in ("unknown", "worse")
    wild = [measured(0.5, of_its_own=0.3, seed=seed) for seed in (1, 2)]
    best, verdicts, words = told(own=wild[0], simple=wild[1])
    assert best == "own" and words[-1] == "No evidence either way: simple."


def test_the_simplest_that_the_best_is_not_surely_ahead_of_is_taken():
    best, verdicts, _ = told(
        own=measured(0.5), rich=measured(0.3), richer=measured(0.2999, of_its_own=0.03)
    )
    assert best == "rich" and verdicts == {"rich": "better", "richer": "better"}
    best, *_ = told(own=measured(0.5), rich=measured(0.45), richer=measured(0.2))
    assert best == "richer"


def test_a_gain_on_average_hides_no_task_that_is_surely_harmed():
    """On average as good; yet task b is surely worse."""
    best, verdicts, _ = told(own=measured((0.5, 0.5)), simple=measured((0.49, 0.512), seed=1))
    assert best == "own" and verdicts["simple"] == "unknown"


def test_a_margin_is_tested_over_all_candidates():
    close = Estimate(-0.001, -0.018, 0.016)
    assert costs_little(close) and costs_little(close, 2) and not costs_little(close, 20)
    assert not costs_little(Estimate(float("nan")))


def test_those_that_can_win_go_on():
    measures = {
        "own": measured(0.5),
        "simple": measured(0.5, seed=1),
        "rich": measured(0.6),
        "richer": measured(0.4),
    }
    assert going_on(ALL, OWN, measures) == {"own", "simple", "richer"}
    measures["simple"] = measured(0.8)
    assert going_on(ALL, OWN, measures) == {"own", "richer"}


@pytest.mark.parametrize("seed", range(3))
def test_noise_changes_nothing(seed):
    """Candidates that differ by chance alone: the run as it is stays, unless something simpler is as good."""
    chance = [measured(0.5, 0.25, seed=10 * seed + number) for number in range(4)]
    best, *_ = told(own=chance[0], rich=chance[1], richer=chance[2])
    assert best == "own"
