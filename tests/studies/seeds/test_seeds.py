"""A run under other seeds: the split stays, scores spread, and what differs wildly is told."""

import json

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import ConfigError
from torso.evaluation.report import Estimate
from torso.runs.folder.folder import RunFolder
from torso.studies.seeds import Seeds

SETTINGS = {**TINY, "folds": 0, "blend": "off", "pretrained": "off", "seed": 7}


def test_other_seeds_learn_from_the_same_rows(tmp_path):
    table = tables.write(tmp_path / "t.csv", tables.plain(90))
    run = torso.fit(table, TARGETS, out=tmp_path / "run", settings=SETTINGS)
    study = torso.seeds(run, count=3, workers=1)
    assert study.seeds == (7, 8, 9) and study.split == "test"
    others = [torso.load(tmp_path / "run/seeds" / name) for name in ("1", "2")]
    for at, other in enumerate(others, 1):
        assert other.config.seed == 7 + at and other.config.data.split.seed == 7
        np.testing.assert_array_equal(other.held_out.rows, run.held_out.rows)
        own = other.reports["price"].metrics["r2"].value
        assert study.scores["price"]["r2"][at] == own
    assert study.scores["price"]["r2"][0] == run.reports["price"].metrics["r2"].value
    over = study.spread("price")
    assert over.mean == pytest.approx(np.mean(study.scores["price"]["r2"]))
    assert over.spread == pytest.approx(np.std(study.scores["price"]["r2"], ddof=1))
    (tmp_path / "run/seeds/mine.txt").write_text("stays", encoding="utf-8")
    saved = RunFolder(run.folder).studies()["seeds"]["result"]
    assert Seeds.from_dict(json.loads(json.dumps(saved))).to_dict() == study.to_dict()
    assert len(study.frame().query("headline")) == 9
    torso.fit(table, TARGETS, out=tmp_path / "run", settings=SETTINGS, overwrite=True)
    left = [path.name for path in (tmp_path / "run/seeds").iterdir()]  # of a run that is no more
    assert left == ["mine.txt"] and RunFolder(run.folder).studies() == {}


@pytest.mark.parametrize("more", [{}, {"folds": 2, "blend": "auto", "plain.models": ["linear"]}])
def test_they_are_the_fits_with_these_seeds_on_one_split(tmp_path, more):
    """To the last digit, whether the split has a seed of its own or takes the run's."""
    table = tables.write(tmp_path / "t.csv", tables.plain(60))
    settings = {**SETTINGS, **more}
    given = [part for task in TARGETS for part in ("-t", task)]
    out = ("-o", tmp_path / "run", "--seeds", "2")
    assert tables.torso("fit", table, *given, *out, *tables.options(settings)) == 0
    apart = torso.fit(table, TARGETS, settings={**settings, "seed": 8, "data.split.seed": 7})
    other = torso.load(tmp_path / "run/seeds/1")
    assert list(other.reports) == TARGETS
    for task, report in other.reports.items():
        theirs = apart.held_out.tasks[task].answer
        np.testing.assert_array_equal(other.held_out.tasks[task].answer, theirs)
        assert report.metrics == apart.reports[task].metrics
        assert report.baseline == apart.reports[task].baseline


def test_seeds_that_differ_wildly_are_told():
    study = Seeds(
        "test",
        (0, 1),
        {"loud": "binary", "price": "number"},
        {"loud": "auroc", "price": "r2"},
        {"loud": {"auroc": (0.9, 0.4)}, "price": {"r2": (0.5, 0.51)}},
        {"loud": Estimate(0.9, 0.8, 0.95), "price": Estimate(0.5, 0.4, 0.6)},
        {"2": "no time was left for it"},
    )
    assert study.sentences() == [
        "loud: seeds differ by more than the interval over rows is wide. Quote the mean of several seeds, not one run.",
        "Not trained, seed 2: no time was left for it.",
    ]
    assert not study.wild("price")


def test_a_budget_too_small_for_any_training_is_told(tmp_path):
    run = torso.fit(tables.plain(60), TARGETS, settings=SETTINGS)
    study = torso.seeds(run, tables.plain(60), count=3, budget=0.001)
    assert repr(study).startswith("1 seed: 7\n")
    assert study.sentences()[0].startswith("No further seed was trained, so nothing is known")
    assert {*study.left_out} == {"8", "9"} and not study.wild("price")


def test_one_seed_is_no_spread():
    prepared = torso.prepare(
        tables.plain(90), ["price"], inputs=["size"], settings={"dim": 8, **SETTINGS}
    )
    with pytest.raises(ConfigError, match=r"`count` of seeds should be 2 or more\. Found 1"):
        torso.seeds(torso.train(prepared), prepared, 1)
