"""Many trainings on one preparation: alike in one process and in several, kept, read back, ended in time."""

import shutil
import signal
import time

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.processes import Started
from tests.small_tables import TARGETS, TINY
from torso.core.errors import ConfigError
from torso.studies.variants import Means, Rung, Variant, crew, halve, train, train_variants
from torso.studies.variants.kept import Kept
from torso.training import Listener

SETTINGS = {**TINY, "folds": 0, "blend": "off", "pretrained": "off"}  # of other processes, too
VARIANTS = [
    Variant("as it is"),
    Variant("price alone", targets=["price"]),
    Variant("size/shop", inputs=["size", "shop"], settings={"seed": 1}),
    Variant("half the rows", rows=0.5),
]


@pytest.fixture(scope="module")
def prepared():
    return torso.prepare(tables.plain(120), TARGETS, settings=SETTINGS)


@pytest.fixture
def hurried(monkeypatch):
    """Workers are started at once."""
    monkeypatch.setattr(train, "_QUICK", 0.0)


def same(one, other):
    assert list(one.outcomes) == list(other.outcomes) and one.left_out == other.left_out
    for name, own in one.outcomes.items():
        theirs = other.outcomes[name]
        assert str(own.report.tasks) == str(theirs.report.tasks)
        for task, answers in own.held_out.tasks.items():
            np.testing.assert_array_equal(answers.answer, theirs.held_out.tasks[task].answer)


def test_results_do_not_depend_on_the_number_of_workers(prepared, tmp_path, hurried):
    alone = train_variants(prepared, VARIANTS, Means(workers=1))
    assert list(alone.outcomes) == [variant.name for variant in VARIANTS]
    assert list(alone.outcomes["price alone"].held_out.tasks) == ["price"]
    assert alone.outcomes["half the rows"].report.usage.rows["training"] == 42
    many = train_variants(prepared, VARIANTS, Means(tmp_path, workers=2))
    same(alone, many)
    costs = many.costs().set_index("variant")
    assert (costs[["seconds", "cpu_seconds", "parameters"]] > 0).all().all()
    assert costs.parameters["price alone"] < costs.parameters["as it is"]
    run = torso.load(many.outcomes["size/shop"].folder)  # each is a run
    assert list(run.schema.inputs) == ["size", "shop"] and run.config.seed == 1


def test_finished_variants_are_read_back_and_others_trained_anew(prepared, tmp_path, monkeypatch):
    first = train_variants(prepared, VARIANTS[:3], Means(tmp_path, workers=1))
    trained = []
    original = train.trained_here
    monkeypatch.setattr(
        train,
        "trained_here",
        lambda *arguments: (trained.append(arguments[1].name), original(*arguments))[1],
    )
    again = train_variants(prepared, VARIANTS[:3], Means(tmp_path, workers=1))
    assert trained == [] and again.notes == (
        f"3 of 3 trainings lie finished in {tmp_path}, and are read back.",
    )
    same(first, again)

    (first.outcomes["as it is"].folder / "metrics.json").write_text("{", encoding="utf-8")
    other = Variant("price alone", {"dim": 12}, targets=["price"])
    third = train_variants(prepared, [VARIANTS[0], other, VARIANTS[2]], Means(tmp_path, workers=1))
    assert trained == ["as it is", "price alone"]
    told = " ".join(third.notes)
    assert "'as it is' is trained anew: its folder" in told and "is damaged" in told
    assert "'price alone' is trained anew: it was trained on other rows or with other" in told


def test_files_of_others_stay(prepared, tmp_path):
    place = Kept(tmp_path).run(VARIANTS[0]).path
    place.mkdir()
    (place / "thesis.txt").write_text("mine", encoding="utf-8")
    outcomes = train_variants(prepared, VARIANTS[:1], Means(tmp_path, workers=1))
    assert "is no run, and not empty" in outcomes.left_out["as it is"]
    assert [path.name for path in place.iterdir()] == ["thesis.txt"]


def test_a_budget_that_is_too_small_leaves_variants_out(prepared):
    class Heard(Listener):
        def preparing(self, column, done, total):
            told.append((column, done, total))

    told = []
    few = train_variants(prepared, VARIANTS[:2], Means(workers=1, budget=0.001), Heard())
    assert few.outcomes == {} and list(few.left_out) == ["as it is", "price alone"]
    assert all(why.startswith("no time was left") for why in few.left_out.values())
    assert told[-1] == ("variant", 2, 2)


def test_a_variant_that_cannot_be_trained_costs_no_other(prepared, hurried):
    impossible = Variant("impossible", {"fusion": "gatde"})
    outcomes = train_variants(prepared, [VARIANTS[0], impossible, VARIANTS[1]], Means(workers=2))
    assert list(outcomes.outcomes) == ["as it is", "price alone"]
    assert "Did you mean 'gated'?" in outcomes.left_out["impossible"]


def test_what_no_other_process_can_have_is_trained_here(hurried):
    prepared = torso.prepare(tables.plain(60), ["price"], settings=SETTINGS)
    prepared.schema.inputs["size"].odd = lambda: None  # cannot be pickled
    outcomes = train_variants(prepared, [Variant("a"), Variant("b")], Means(workers=2))
    assert list(outcomes.outcomes) == ["a", "b"]
    assert "one after another, since the preparation cannot be handed" in outcomes.notes[-1]


def test_a_kill_loses_at_most_what_is_under_way(tmp_path):
    code = (
        "import sys, torso; from tests.studies.variants.test_variants import killed_study; "
        "killed_study(sys.argv[1])"
    )
    child = Started("-c", code, tmp_path)
    until = time.monotonic() + 60
    while time.monotonic() < until and len(finished(tmp_path)) < 2:
        time.sleep(0.02)
    assert child.kill() == -signal.SIGKILL
    before = finished(tmp_path)
    assert len(before) >= 2
    outcomes = killed_study(tmp_path)
    assert len(outcomes.outcomes) == 4
    assert all(
        (tmp_path / name / "studies/variant.json").read_text() == text
        for name, text in before.items()
    )


def finished(folder):
    return {path.parts[-3]: path.read_text() for path in folder.glob("*/studies/variant.json")}


def killed_study(folder):
    prepared = torso.prepare(tables.plain(120), TARGETS, settings=SETTINGS)
    seeds = [Variant(f"seed-{seed}", {"seed": seed, "training.epochs": 2}) for seed in range(4)]
    return train_variants(prepared, seeds, Means(folder, workers=1))


def test_halving_keeps_the_better_half_for_more(prepared, tmp_path):
    rates = [Variant(f"rate-{rate}", {"training.lr": rate}) for rate in (1e-7, 1e-2, 1e-6, 3e-3)]
    rungs = [Rung(keep=2, epochs=1, rows=0.6), Rung(keep=1, epochs=3)]
    halving = halve(prepared, rates, rungs, Means(tmp_path, workers=1))
    assert halving.whole and [len(each.outcomes) for each in halving.rounds] == [4, 2]
    assert {*halving.rounds[1].outcomes} == {"rate-0.01", "rate-0.003"}
    assert halving.best == (max(halving.scores[1], key=halving.scores[1].get),)
    again = halve(prepared, rates, rungs, Means(tmp_path, workers=1))
    assert again.scores == halving.scores
    late = halve(prepared, rates, rungs, Means(workers=1, budget=0.001))
    assert not late.whole and late.best == ()


def test_slips_are_told(prepared):
    with pytest.raises(ConfigError, match=r"by different names. Found \['as it is'\]"):
        train_variants(prepared, [VARIANTS[0], VARIANTS[0]])
    with pytest.raises(ConfigError, match=r"`rows` of a variant should be a share above 0"):
        Variant("none", rows=0.0)
    with pytest.raises(ConfigError, match=r"`budget` should be a duration such as 90s"):
        Means(budget="soon")


def test_a_worker_that_dies_is_told(prepared, monkeypatch, hurried):
    monkeypatch.setattr(crew.sys, "executable", shutil.which("false"))
    outcomes = train_variants(prepared, VARIANTS, Means(workers=2))
    assert outcomes.outcomes and outcomes.left_out
    why = next(iter(outcomes.left_out.values()))
    assert why == "its process ended with status 1 (it said nothing)."
