"""Parts of rows against the rest: exact scores, evidence only where there is some, and odd columns."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError, DataError
from torso.evaluation.report import Estimate
from torso.evaluation.weighted import ratio
from torso.runs.folder.folder import RunFolder
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices import Slices
from torso.studies.slices.contrast import contrast
from torso.studies.slices.opportunity import opportunities_of
from torso.studies.slices.parting import FEW, MISSING, Parting, by_column
from torso.studies.slices.result import Part, PartScore
from torso.studies.slices.study import _with_verdicts
from torso.tables.table import read_table

QUICK = {"dim": 8, "training.epochs": 6, "folds": 0, "blend": "off", "training.lr": 0.02}
ROWS = 400


def table(seed=0):
    """Return a table that tells `good` of men surely, of women by chance in half of the rows."""
    rng = np.random.default_rng(seed)
    word, sex = rng.choice(["red", "blue"], ROWS), rng.choice(["f", "m"], ROWS)
    lost = (sex == "f") & (rng.random(ROWS) < 0.5)
    good = np.where(lost, rng.random(ROWS) < 0.5, word == "red")
    return {
        "word": [f"a {cell} thing" for cell in word],
        "size": rng.normal(size=ROWS).round(3).tolist(),
        "good": ["yes" if cell else "no" for cell in good],
        "sum": (rng.normal(size=ROWS) + (word == "red")).round(3).tolist(),
        "sex": sex.tolist(),
        "age": [None if row % 9 == 0 else int(row % 70) for row in range(ROWS)],
        "id": [f"p{row}" for row in range(ROWS)],
        "rare": ["x"] * (ROWS - 15) + ["y"] * 15,
    }


INPUTS = {"word": "text", "size": "number"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tables.write(tmp_path_factory.mktemp("slices") / "table.csv", table())
    targets = {"good": "binary", "sum": "number"}
    return torso.fit(path, targets, inputs=INPUTS, out=path.parent / "run", settings=QUICK)


@pytest.fixture(scope="module")
def found(run):
    return torso.slices(run, by=["sex", "age", "id", "rare"])


def of(slices, by):
    return {part.name: part for part in slices.parts if part.by == by}


def test_the_parts_of_a_column_hold_every_row_once_and_score_the_very_rows(run, found):
    rows = run.held_out.rows
    sex = np.array(table()["sex"])[rows]
    parts = of(found, "sex")
    assert {name: part.rows for name, part in parts.items()} == {
        name: int((sex == name).sum()) for name in "fm"
    }
    own = run.held_out.tasks["good"]
    for name, part in parts.items():
        mine = sex == name
        pairs = [
            (s, o)
            for s in own.answer[mine & (own.truth == 1)]
            for o in own.answer[mine & (own.truth == 0)]
        ]
        auroc = np.mean([(s > o) + 0.5 * (s == o) for s, o in pairs])
        assert part.tasks["good"].value.value == pytest.approx(auroc)
    first, second = (parts[name].tasks["good"] for name in "fm")
    assert first.difference.value == pytest.approx(-second.difference.value)
    assert first.rest == pytest.approx(second.value.value)


def test_a_part_that_is_answered_worse_is_found_and_chance_is_not(found):
    parts = of(found, "sex")
    assert (parts["f"].tasks["good"].verdict, parts["m"].tasks["good"].verdict) == (
        "worse",
        "better",
    )
    assert {part.tasks["sum"].verdict for part in parts.values()} == {"no evidence"}
    assert {own.verdict for part in of(found, "age").values() for own in part.tasks.values()} == {
        "no evidence"
    }
    (rates,) = [each for each in found.opportunity if each.by == "sex"]
    assert (rates.task, rates.positive, rates.high, rates.low) == ("good", "yes", "m", "f")
    assert rates.verdict == "unequal" and 0 < rates.gap.low < rates.gap.value < rates.gap.high


def test_numbers_are_parted_by_quantiles_and_missing_cells_are_a_part(found):
    parts = of(found, "age")
    assert len(parts) == 5 and MISSING in parts
    spans = [tuple(map(float, name.split(" to "))) for name in parts if name != MISSING]
    assert all(low <= high for low, high in spans) and spans == sorted(spans)


def test_few_rows_and_unique_values_allow_no_verdict(found):
    parts = of(found, "rare")
    assert parts["y"].rows < FEW
    assert parts["y"].tasks["good"].verdict == parts["x"].tasks["good"].verdict == "too few"
    assert not of(found, "id")
    assert [note for note in found.notes if note.startswith("'id' has 80 values")] == [
        "'id' has 80 values among these rows; none in 10 of them, so there is nothing to compare. Name a column with fewer "
        "values."
    ]


def test_a_column_of_5000_values_shows_the_frequent_ones():
    cells = [f"v{n}" for n in range(5000)] + ["often"] * 30 + ["less"] * 12
    parting = by_column(read_table({"c": cells}).column("c"))
    assert parting.names == ("often", "less", "5,000 other values")
    assert np.bincount(parting.which).tolist() == [30, 12, 5000]
    assert parting.note.startswith("'c' has 5,002 values among these rows; the 2 most frequent")
    numbers = by_column(read_table({"c": list(range(5000))}).column("c"))
    assert np.bincount(numbers.which).tolist() == [1250] * 4
    assert numbers.names[0] == "0 to 1249"
    with pytest.raises(DataError, match="lists or files, which make no slices"):
        by_column(read_table(pa.table({"c": [[1, 2], [3]]})).column("c"))


def test_ten_right_answers_of_ten_prove_nothing():
    rng = np.random.default_rng(0)
    right = (rng.random(400) < 0.9).astype(float)
    inside = np.zeros(400, bool)
    inside[np.flatnonzero(right)[:10]] = True

    def accuracy(weights):
        return ratio(weights @ right, weights.sum(axis=1))

    result = contrast(accuracy, inside, None, 1.0, 0)
    assert result.value == Estimate(1.0, 1.0, 1.0) and result.p > 0.3
    wrong = np.zeros(400, bool)
    wrong[np.flatnonzero(right == 0)[:10]] = True
    assert contrast(accuracy, wrong, None, 1.0, 0).p < 1e-4


def test_p_values_of_random_parts_are_even():
    rng = np.random.default_rng(1)
    values = []
    for seed in range(150):
        right = (rng.random(100) < 0.7).astype(float)
        inside = rng.random(100) < 0.2
        values.append(
            contrast(
                lambda weights, right=right: ratio(weights @ right, weights.sum(axis=1)),
                inside,
                None,
                1.0,
                seed,
            ).p
        )
    assert np.mean(np.array(values) < 0.05) < 0.09
    assert 0.4 < np.mean(values) < 0.65


def test_whole_groups_are_drawn_together():
    groups = np.repeat(np.arange(8), 25)  # eight people, each all right or all wrong
    right = np.repeat([1, 0, 1, 0, 1, 0, 1, 1], 25).astype(float)
    inside = groups >= 6

    def accuracy(weights):
        return ratio(weights @ right, weights.sum(axis=1))

    alone, together = (contrast(accuracy, inside, own, 1.0, 0).p for own in (None, groups))
    assert alone < 0.001 and together > 0.1


def answers(truth, answer):
    truth, answer = np.asarray(truth, float), np.asarray(answer, float)
    return TaskAnswers("binary", truth, answer, names=("no", "yes"), baseline={"frequency": 0.5})


def test_true_positive_rates_by_hand():
    truth = [1] * 24 + [0] * 6 + [np.nan] * 2
    answer = [0.9] * 12 + [0.9] * 3 + [0.1] * 9 + [0.9] * 8
    which = np.array([0] * 12 + [1] * 12 + [0] * 8)
    parting = Parting("s", ("a", "b"), which)
    (rates,), _ = opportunities_of(parting, "t", answers(truth, answer), None, 0)
    assert rates.positives == (12, 12)
    assert [rate.value for rate in rates.rates] == [1.0, 0.25]
    assert (rates.high, rates.low, rates.gap.value, rates.positive) == ("a", "b", 0.75, "yes")
    assert rates.verdict == "unequal"
    some = Parting("s", ("a", "b"), which[:14])
    (few,), _ = opportunities_of(some, "t", answers(truth[:14], answer[:14]), None, 0)
    assert (few.high, few.verdict) == ("", "too few")


def test_each_class_and_each_label_is_the_positive_one_in_turn():
    names = ("red", "blue", "rare", "never")
    truth = np.array(
        [0] * 24 + [1] * 24 + [2] * 3 + [7] + [-1] * 2
    )  # 7: a class of no training row
    answer = np.where((truth == 0) & (np.arange(len(truth)) < 12), 1, truth)  # in part a no red is
    which = np.array([0] * 12 + [1] * 12 + [0] * 12 + [1] * 18)
    own = TaskAnswers("category", truth, np.eye(9)[answer][:, :4], names=names)
    parting = Parting("s", ("a", "b"), which)
    (red, blue), rare = opportunities_of(parting, "t", own, None, 0)
    assert (red.positive, blue.positive, rare) == ("red", "blue", 1)
    assert [rate.value for rate in red.rates] == [0.0, 1.0]
    assert (red.high, red.low, red.verdict) == ("b", "a", "unequal")
    assert (blue.gap.value, blue.verdict) == (0.0, "no evidence")
    labels = np.where((truth >= 0)[:, None], np.eye(9)[truth][:, :2], np.nan)
    several = TaskAnswers("multilabel", labels, np.eye(9)[answer][:, :2], names=names[:2])
    assert opportunities_of(parting, "t", several, None, 0) == ([red, blue], 0)
    yes = answers((truth == 0).astype(float), (answer == 0).astype(float))
    assert opportunities_of(parting, "t", yes, None, 0)[0][0].gap == red.gap


def test_groups_that_lie_in_several_parts_do_not_make_gaps_sure():
    rng = np.random.default_rng(0)
    which, groups = np.tile([0, 1], 40), np.repeat(np.arange(40), 2)
    chances = []
    for _ in range(20):
        said = (rng.random(80) < 0.8).astype(float)
        parting = Parting("s", ("a", "b"), which)
        (rates,), _ = opportunities_of(parting, "t", answers(np.ones(80), said), groups, 0)
        chances.append(rates.p)
    assert sum(p < 0.1 for p in chances) < 7 and max(chances) > 0.5


def test_p_values_hold_for_all_parts_together():
    nothing = Estimate(1.0, 0.5, 1.5)
    scores = [
        PartScore("r2", 50, nothing, 0.0, nothing, p, p, verdict)
        for p, verdict in ((0.01, ""), (0.04, ""), (0.03, ""), (float("nan"), "too few"))
    ]
    parts = _with_verdicts([Part("by", str(n), 50, {"t": own}) for n, own in enumerate(scores)])
    assert [part.tasks["t"].verdict for part in parts] == [
        "better",
        "no evidence",
        "no evidence",
        "too few",
    ]


def test_it_is_kept_in_the_run_and_read_again(run, found):
    saved = RunFolder(run.folder).studies()["slices"]
    assert repr(Slices.from_dict(saved["result"])) == repr(found)
    frame = found.frame()
    assert {"by", "part", "task", "value", "low", "high", "better_by", "p_holm"} <= set(frame)


def test_other_tables_and_runs(run):
    fresh = torso.slices(replace(run, folder=None), table(seed=1), by=["sex"])
    assert fresh.split == "table" and fresh.rows == ROWS
    assert of(fresh, "sex")["f"].tasks["good"].verdict == "worse"
    with pytest.raises(ConfigError, match=r"`by`: Unknown column 'sexx'\. Did you mean 'sex'"):
        torso.slices(run, by=["sexx"])
    with pytest.raises(DataError, match="no target column to compare with"):
        torso.slices(replace(run, folder=None), {"word": ["a"], "size": [1.0], "sex": ["f"]})
    old = replace(run, held_out=None, folder=None)
    with pytest.raises(ConfigError, match="keeps no answers"):
        torso.slices(old)
    path = run.folder.parent / "table.csv"
    again = torso.slices(old, path, by=["sex"])  # answered again, and the held-out rows alone
    assert again.rows == len(run.held_out.rows) and again.split == "test"
    columns = {name: cells for name, cells in table().items() if name != "sum"}
    one = torso.fit(columns, {"good": "binary"}, inputs=INPUTS, settings=QUICK)
    assert {part.by for part in torso.slices(one).parts} == {"gaps"}
    assert [own.verdict for p in torso.slices(one).parts for own in p.tasks.values()] == [
        "the only part"
    ]
    with pytest.raises(DataError, match=r"a table in memory\. Give the table"):
        torso.slices(one, by=["sex"])


def test_the_command_line(run, capsys, monkeypatch, tmp_path):
    for width in ("60", "80", "160"):
        monkeypatch.setenv("COLUMNS", width)
        assert tables.torso("slices", run.folder, "--by", "sex", "-o", tmp_path / "x.json") == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= int(width)
        assert "equal opportunity" in shown and "worse" in shown
    assert tables.torso("slices", run.folder, "--by", "sexx") == 1
    assert "Did you mean 'sex'" in capsys.readouterr().err
