"""The dial and the budget: what they set, what a user's own settings keep, what is told."""

import time

import pytest
import yaml

import torso
from tests import small_tables as tables
from tests.small_tables import TINY
from torso.core.errors import ConfigError, TorsoError
from torso.plain.models import BoostedTrees, ExtraTrees
from torso.runs import plan
from torso.runs.networks import tuning
from torso.runs.networks.timer import Timer
from torso.runs.plan import planned
from torso.runs.probe import Pace, measured_pace
from torso.training import Listener

OPEN = {"blend": "auto", "folds": None, "inputs.size.kind": "number", "inputs.note": None}
"""Settings as outside of the tests, where a run has folds and plain models."""


@pytest.fixture(scope="module")
def table():
    return tables.plain(160)


def prepare(table, **settings):
    return torso.prepare(table, ["price"], settings={**OPEN, **settings})


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def passes(self, seconds):
        self.now += seconds


def at_pace(monkeypatch, prepared, budget, pace, plain=20.0):
    """Return the plan of a run of which each step takes the seconds that `pace` says."""
    monkeypatch.setattr(plan, "measured_pace", lambda prepared: pace)
    clock = Clock()
    monkeypatch.setattr(plan, "fit_half", lambda *given: clock.passes(plain))
    made = planned(prepared, Listener(), Timer(budget, clock=clock))
    return made.prepared, made.timer


def without(settings, *names):
    return {key: value for key, value in settings.items() if key not in names}


def test_each_quality_has_its_networks_and_plain_models(table):
    prepared = torso.prepare(table, ["price"], settings=without(OPEN, "blend"))
    sizes = {
        quality: prepared.configured({"quality": quality}).folds
        for quality in ("fast", "balanced", "best")
    }
    assert sizes == {"fast": 0, "balanced": 5, "best": 5}
    assert prepared.configured({"quality": "fast"}).blend == "off"
    assert prepared.configured({"quality": "fast", "blend": "auto"}).blend == "auto"
    assert prepared.configured({"quality": "best", "folds": 3}).folds == 3
    with pytest.raises(ConfigError, match="`quality` should be 'fast', 'balanced' or 'best'"):
        prepared.configured({"quality": "fine"})


def test_best_draws_its_folds_twice(table):
    best, usual = prepare(table, quality="best").config, prepare(table).config
    assert (best.folds, best.repeats, best.plain.repeats) == (5, 2, 2)
    assert (usual.folds, usual.repeats, usual.plain.repeats) == (5, 1, 1)
    assert prepare(table, quality="best", repeats=3).config.repeats == 3
    assert prepare(table, quality="best", folds=0).config.repeats == 1


def test_best_answers_by_both_draws(table, tmp_path):
    settings = {
        **TINY,
        **OPEN,
        "training.epochs": 1,
        "folds": 2,
        "plain.models": ["linear", "trees"],
    }
    run = torso.fit(table, ["price"], quality="best", out=tmp_path / "run", settings=settings)
    assert run.report.training.networks == 4
    assert any("4 networks on 2 folds of the rows drawn twice" in note for note in run.report.notes)
    assert set(run.plain.tasks["price"].models) == {"linear", "trees", "trees 2"}
    assert set(run.report.blend["price"].weights) <= {"linear", "trees", "no inputs"}
    again = torso.load(tmp_path / "run")
    assert again.predict(table).equals(run.predict(table))


def test_a_dial_is_told_and_stands_in_the_run(table, tmp_path):
    settings = without({**TINY, "training.epochs": 2}, "dim")
    run = torso.fit(table, ["price"], quality="fast", out=tmp_path / "run", settings=settings)
    assert any(note.startswith("Quality fast: folds=0, blend=off.") for note in run.report.notes)
    said = yaml.safe_load((tmp_path / "run" / "run.yaml").read_text())
    assert (said["quality"], said["budget"], said["folds"], said["blend"]) == (
        "fast",
        None,
        0,
        "off",
    )
    again = torso.fit(table, config=tmp_path / "run" / "run.yaml")
    assert str(again.reports) == str(run.reports)


def test_a_dial_says_what_was_named(table):
    prepared = planned(prepare(table, quality="fast", folds=2), Listener(), None).prepared
    assert prepared.notes[-1].startswith("Quality fast: folds=2, blend=auto. You named `folds` and")


def test_best_says_why_there_is_one_network(table, monkeypatch):
    monkeypatch.setattr(tuning, "_AXES", ())
    own = {**table, "part": ["validation" if row < 20 else "train" for row in range(160)]}
    start = prepare(own, quality="best", **{"data.split.column": "part"})
    prepared = planned(start, Listener(), None).prepared
    assert any(
        "one network, since the rows for validation are named" in note for note in prepared.notes
    )


def losses(monkeypatch, loss_of):
    tried = []

    def trial(prepared, timer):
        tried.append(prepared.config)
        return tuning._Trial(loss_of(prepared.config), 1.0)

    monkeypatch.setattr(tuning, "_trial", trial)
    return tried


def test_the_search_keeps_what_lowers_the_held_out_loss(table, monkeypatch):
    tried = losses(monkeypatch, lambda config: 5 - 100 * config.training.lr - config.dim / 1000)
    prepared = planned(prepare(table, search=True), Listener(), None).prepared
    assert (prepared.config.training.lr, prepared.config.dim) == (0.003, 256)
    assert len(tried) >= 7
    assert any("training.lr=0.003, dim=256 (held-out loss" in note for note in prepared.notes)


def test_gains_by_chance_change_nothing(table, monkeypatch):
    losses(monkeypatch, lambda config: 5 - config.training.lr - config.dim / 1e6)
    start = prepare(table, search=True)
    prepared = planned(start, Listener(), None).prepared
    assert prepared.config == start.config
    assert any("none did better than the defaults" in note for note in prepared.notes)


def test_settings_that_are_named_are_not_tried(table, monkeypatch):
    tried = losses(monkeypatch, lambda config: -config.dim)
    named = {"training.lr": 0.002, "dim": 64, "encoders.categories.dropout": 0.2}
    prepared = planned(prepare(table, search=True, **named), Listener(), None).prepared
    assert {config.training.lr for config in tried} == {0.002}
    assert {config.dim for config in tried} == {64}
    assert {config.encoders["categories"]["dropout"] for config in tried} == {0.2}
    whole = yaml.safe_load(prepared.config.to_yaml())
    again = torso.prepare(table, config=whole)
    tried.clear()
    planned(again, Listener(), None)
    assert tried == []


PACE = Pace(preparing=1.0, epoch=2.0, evaluating=10.0)
"""A network of 40 epochs takes 81 seconds."""


@pytest.mark.parametrize(
    ("budget", "networks", "epochs", "told"),
    [
        (600, 5, 40, "Budget: 5 networks of at most 40 epochs: about 8 min of 10 min."),
        (300, 5, 24, "Instead: 5 networks of at most 24 epochs."),
        (200, 3, 25, "Instead: 3 networks of at most 25 epochs."),
        (90, 1, 25, "Instead: 1 network of at most 25 epochs."),
        (70, 1, 15, "Instead: 1 network of at most 15 epochs."),
        (33, 1, 7, "Instead: 1 network of at most 7 epochs."),
        (19, 1, 1, "Instead: 1 network of 1 epoch."),
    ],
)
def test_a_budget_takes_epochs_first_and_networks_then(
    table, monkeypatch, budget, networks, epochs, told
):
    start = prepare(table, budget=budget)
    prepared, timer = at_pace(monkeypatch, start, budget, PACE)
    assert any(told in note for note in prepared.notes)
    assert prepared.config.training.epochs == epochs
    assert prepared.config.folds == (0 if networks == 1 else 5)
    assert timer.reserved == pytest.approx(1.5 * 10 + 0.04 * budget)
    plain = 20 if budget > 33 else 0
    if not plain:
        assert any("no time for plain models" in note for note in prepared.notes)
    if budget > 19:
        assert plain + networks * (1 + 2 * epochs) + timer.reserved <= budget


def test_plain_models_get_a_share_of_the_time(table, monkeypatch):
    clocks = []

    def fit(prepared, config, heads, listener, timer):
        clocks.append(timer.left)

    prepared = prepare(table, budget="2m")
    monkeypatch.setattr(plan, "measured_pace", lambda prepared: PACE)
    monkeypatch.setattr(plan, "fit_half", fit)
    planned(prepared, Listener(), Timer(120, clock=Clock()))
    assert clocks == [pytest.approx(0.6 * (120 - 30 - 4.8 - 3))]


def test_plain_models_that_would_end_late_are_left_out(table, monkeypatch):
    clock = Clock()
    learnt = ExtraTrees.cross_fit

    def slow(*given, **named):
        clock.passes(30)
        return learnt(*given, **named)

    monkeypatch.setattr(ExtraTrees, "cross_fit", slow)
    monkeypatch.setattr(plan, "measured_pace", lambda prepared: Pace(0.1, 0.1, 1.0))
    settings = {**OPEN, "budget": "70s", "plain.models": ["linear", "forest"]}
    start = torso.prepare(
        table, ["price", "colour", "loud"], settings=without(settings, "inputs.size.kind")
    )
    made = planned(start, Listener(), Timer(70, clock=clock))
    named = {task: [*own.models] for task, own in made.half.half.tasks.items()}
    assert [*named.values()] == [["linear", "forest"], ["linear"], ["linear"]]
    assert any(
        "there was no time for the plain model 'forest' of" in n for n in made.prepared.notes
    )


def test_plain_models_are_given_up_when_their_time_is_over(table, monkeypatch):
    clock = Clock()
    boosted = BoostedTrees.cross_fit

    def slow(*given, **named):
        clock.passes(300)
        return boosted(*given, **named)

    monkeypatch.setattr(BoostedTrees, "cross_fit", slow)
    monkeypatch.setattr(plan, "measured_pace", lambda prepared: Pace(0.1, 0.1, 1.0))
    settings = {"budget": "2m", "plain.models": ["linear", "trees"]}
    made = planned(prepare(table, **settings), Listener(), Timer(120, clock=clock))
    assert [*made.half.half.tasks["price"].models] == ["linear"]
    assert any("no time for the plain model 'trees' of price" in n for n in made.prepared.notes)


def test_a_budget_without_time_for_plain_models_has_none(table, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(plan, "measured_pace", lambda prepared: Pace(0.1, 0.1, 2.0))
    made = planned(prepare(table, budget="5s"), Listener(), Timer(3.5, clock=clock))
    assert not made.half.half.tasks
    assert any("no time for plain models" in note for note in made.prepared.notes)


def test_time_that_is_left_is_for_more_networks(table, monkeypatch):
    few = prepare(table, budget="2h")
    prepared, _ = at_pace(monkeypatch, few, 7200, PACE)
    assert (prepared.config.folds, prepared.config.repeats) == (5, 2)
    assert "up to 10 networks are trained" in prepared.notes[-1]
    best, _ = at_pace(monkeypatch, prepare(table, budget="2h", quality="best"), 7200, PACE)
    assert best.config.repeats == 4
    named, _ = at_pace(monkeypatch, prepare(table, budget="2h", repeats=1), 7200, PACE)
    assert named.config.repeats == 1


def test_epochs_that_are_named_stay(table, monkeypatch):
    start = prepare(table, budget="90s", **{"training.epochs": 100})
    prepared, _ = at_pace(monkeypatch, start, 90, PACE)
    assert prepared.config.training.epochs == 100


def test_a_search_takes_what_the_networks_leave(table, monkeypatch):
    tried = losses(monkeypatch, lambda config: -config.training.lr)
    start = prepare(table, search=True, budget="3m")
    prepared, _ = at_pace(monkeypatch, start, 180, PACE)
    assert tried == []
    assert any("no time for a search" in note for note in prepared.notes)
    at_pace(monkeypatch, prepare(table, search=True, budget="2h"), 7200, PACE)
    assert len(tried) >= 7


def test_a_spent_budget_gives_one_epoch(table):
    start = prepare(table, budget="10s")
    prepared = planned(start, Listener(), Timer(-1, clock=Clock())).prepared
    assert "reading took more than a third of 10 s: 1 network of 1 epoch" in prepared.notes[-1]
    assert (prepared.config.folds, prepared.config.training.epochs) == (0, 1)


def test_slow_reading_leaves_the_pace_unmeasured(table, monkeypatch):
    monkeypatch.setattr(plan, "measured_pace", None)
    made = planned(prepare(table, budget="10s"), Listener(), Timer(6, clock=Clock()))
    assert "1 network of at most 5 epochs, and no plain models" in made.prepared.notes[-1]
    assert not made.half.half.tasks


def test_a_pace_is_positive_and_leaves_random_numbers_alone(table):
    import torch

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    pace = measured_pace(prepare(table, dim=8))
    assert min(pace.preparing, pace.epoch, pace.evaluating) >= 0
    assert pace.epoch > 0
    assert torch.rand(1) == expected


def test_a_run_ends_in_time_and_is_whole(table, tmp_path):
    settings = {**TINY, "training.epochs": 1_000_000, "training.patience": 1_000_000}
    prepare(
        table
    ).config.to_yaml()  # the suite checks it against a schema, and the first time takes long
    began = time.perf_counter()
    run = torso.fit(table, ["price"], budget=5, out=tmp_path / "run", settings=settings)
    took = time.perf_counter() - began
    assert run.report.training.end == "budget spent"
    assert 2 < took < 7  # 5.8 on a quiet machine
    assert torso.load(tmp_path / "run").config.budget == 5
    with pytest.raises(TorsoError, match="resume"):
        torso.fit(table, ["price"], out=tmp_path / "run", resume=True)


def test_networks_that_no_longer_fit_are_left_out(table):
    settings = {
        **OPEN,
        "dim": 8,
        "training.epochs": 1_000_000,
        "training.patience": 1_000_000,
        "folds": 5,
    }
    run = torso.fit(table, ["price"], budget=4, settings=settings)
    assert run.report.training.networks < 5
    assert any("of 5 networks were trained" in note for note in run.report.notes)
    assert len(run.predict(table)) == 160
