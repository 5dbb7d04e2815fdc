"""Certificate by missing pattern: scores of the very rows, honest words on few of them, and one line at prediction."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError
from torso.evaluation.report import Estimate, TaskReport
from torso.runs.predicting.pattern_check import PatternCheck
from torso.runs.report.patterns import Pattern, absent_sets, patterns_of
from torso.studies.patterns import Certificate

ROWS = 420
QUICK = {"dim": 8, "training.epochs": 8, "folds": 0, "blend": "off", "training.lr": 0.02}


def table(seed=0, rows=ROWS):
    """Return a table whose `kind` only the word tells, and which lacks a third of the words."""
    rng = np.random.default_rng(seed)
    kinds = [["red", "blue"][row % 2] for row in range(rows)]
    return {
        "size": rng.normal(size=rows).round(3).tolist(),
        "word": [None if row % 3 == 0 else f"a {kind} thing" for row, kind in enumerate(kinds)],
        "kind": kinds,
    }


INPUTS = {"size": "number", "word": "text"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tables.write(tmp_path_factory.mktemp("certificate") / "table.csv", table())
    return torso.fit(path, ["kind"], inputs=INPUTS, out=path.parent / "run", settings=QUICK)


def test_patterns_part_the_held_out_rows_and_score_each(run):
    own = run.held_out.tasks["kind"]
    patterns = run.report.patterns
    assert [pattern.absent for pattern in patterns] == [(), ("word",)]
    assert sum(pattern.rows for pattern in patterns) == len(run.held_out.rows)
    for pattern, (absent, rows) in zip(patterns, absent_sets(run.held_out.present), strict=True):
        assert pattern.absent == absent and pattern.tasks["kind"].labels == len(rows)
        score, truth = own.answer[rows], own.truth[rows]
        pairs = [(s, o) for s in score[truth == 1] for o in score[truth == 0]]
        auroc = np.mean([(s > o) + 0.5 * (s == o) for s, o in pairs])
        assert pattern.tasks["kind"].metrics["auroc"].value == pytest.approx(auroc)
    assert torso.load(run.folder).report.patterns == patterns


def test_whole_rows_have_the_scores_of_the_report():
    columns = table() | {"word": [f"a {kind} thing" for kind in table()["kind"]]}
    run = torso.fit(columns, ["kind"], inputs=INPUTS, settings=QUICK)
    (pattern,) = run.report.patterns
    report = run.reports["kind"]
    assert pattern.tasks["kind"].metrics["auroc"] == report.metrics["auroc"]
    assert pattern.tasks["kind"].verdict() == report.verdict()


def notes(run, asked):
    return run.predict(asked, details=True).notes


def test_prediction_tells_one_line_where_held_out_rows_do_not_vouch(run):
    whole, gap = {"size": 0.5, "word": "a red thing"}, {"size": 0.5, "word": None}
    assert notes(run, [whole]) == notes(run, [whole] * 30) == ()
    (note,) = notes(run, [whole, gap, gap])
    assert note.startswith("<frame>: 2 of 3 rows are without 'word': on 30 held-out rows like that")
    assert "'kind' was no better than without inputs (AUROC " in note
    (note,) = notes(run, [{"size": None, "word": "a red thing"}])
    assert note == (
        "<frame>: the row is without 'numbers': no held-out row lacked the same, so such answers were never judged."
    )
    (note,) = notes(run, {"word": ["a red thing"] * 4})  # beside the absent column, not below it
    assert "'size'" in note and "4 of 4 rows are without 'numbers'" in note
    with pytest.warns(torso.TorsoWarning, match="never judged") as told:
        run.predict([{"size": None, "word": "a red thing"}])
    assert len(told) == 1


def test_a_run_of_an_earlier_version_promises_nothing(run):
    old = replace(run, report=replace(run.report, patterns=()), held_out=None)
    assert notes(old, [{"size": None, "word": "a red thing"}]) == ()
    with pytest.raises(ConfigError, match=r"keeps no answers .* Give a table with labels"):
        torso.certificate(replace(old, folder=None))
    again = torso.certificate(replace(old, folder=None), table(seed=1))
    assert again.split == "table" and sum(p.rows for p in again.patterns) == ROWS


def report(value, low, high, *, labels=100, baseline=0.5, coverage=None):
    metrics = {"accuracy": Estimate(value, low, high)}
    promised = {}
    if coverage is not None:
        metrics["coverage"] = Estimate(coverage, coverage - 0.05, coverage + 0.05)
        promised = {"coverage": (0.9, 0.9)}
    against = dict.fromkeys(metrics, baseline)
    return TaskReport(
        "category", labels, labels, None, "accuracy", metrics, against, promised=promised
    )


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (report(0.5, 0.4, 0.6), "'t' was no better than without inputs (accuracy 0.500, baseline"),
        (report(0.55, 0.45, 0.95), ""),  # it may be as good as elsewhere
        (report(0.5, 0.4, 0.6, labels=19), ""),
        (report(0.8, 0.7, 0.85), ""),  # worse than elsewhere, but better than nothing
        (report(0.9, 0.8, 0.95, coverage=0.70), "intervals of 't' held 70% of the labels instead"),
        (report(0.9, 0.8, 0.95, coverage=0.86), ""),  # a chance of 12 %
        (report(0.9, 0.8, 0.95, coverage=0.60, labels=10), ""),
    ],
)
def test_doubts_need_evidence(own, told):
    known = [Pattern((), 200, {"t": report(0.9, 0.87, 0.93)}), Pattern(("a",), 50, {"t": own})]
    check = PatternCheck(known, {"t": report(0.9, 0.87, 0.93)})
    check.counts, check.modalities = {(): 5, ("a",): 1}, ("a", "b")
    (*notes,) = check.beside([], "x.csv", [])
    assert len(notes) == bool(told)
    assert not told or (told in notes[0] and notes[0].startswith("x.csv: 1 of 6 rows is without"))


def test_a_task_that_never_was_better_is_not_told_again():
    weak = report(0.5, 0.4, 0.6)
    check = PatternCheck([Pattern(("a",), 50, {"t": weak})], {"t": weak})
    check.counts = {("a",): 1}
    assert check.beside(["as before"], "x.csv", []) == ("as before",)


def test_intervals_that_are_too_narrow_everywhere_are_not_told_again():
    narrow = report(0.9, 0.87, 0.93, coverage=0.7)
    check = PatternCheck([Pattern((), 200, {"t": narrow})], {"t": narrow})
    check.counts = {(): 1}
    assert check.beside([], "x.csv", []) == ()


def test_modalities_taken_away_are_known_to_later_predictions(run, tmp_path):
    kept = run.save(tmp_path / "run")
    asked = [{"size": None, "word": "a red thing"}]
    assert "never judged" in notes(kept, asked)[0]
    whole = torso.certificate(kept, without=["numbers", ["word", "numbers"]])
    made = {pattern.absent: pattern for pattern in whole.patterns if pattern.made}
    assert set(made) == {("numbers",), ("numbers", "word")}
    assert made[("numbers",)].rows == run.report.patterns[0].rows  # those that lack nothing else
    assert made[("numbers",)].tasks["kind"].verdict() == "better"
    saved = json.loads((kept.folder / "studies" / "certificate.json").read_text())
    assert Certificate.from_dict(saved["result"]) == whole
    assert notes(torso.load(kept.folder), asked) == ()
    with pytest.raises(ConfigError, match=r"Unknown modality 'wrod'. Did you mean 'word'"):
        torso.certificate(kept, without=["wrod"])


def test_rare_patterns_and_other_edges():
    run = torso.fit(table(), ["kind"], inputs=INPUTS, settings=QUICK)
    one = run.held_out.of_rows(np.array([0]))
    (pattern,) = patterns_of(one)
    assert pattern.rows == 1 and np.isnan(pattern.tasks["kind"].metrics["auroc"].value)
    assert patterns_of(run.held_out.of_rows(np.array([], int))) == ()
    text = repr(Certificate("test", ("numbers", "word"), (pattern,)))
    assert "too few labels" in text
    with pytest.raises(torso.core.errors.DataError, match=r"a table in memory\. Give the table"):
        torso.certificate(run, without=["word"])
    frame = torso.certificate(run, table(), without="all").frame()
    assert set(frame["absent"]) == {"", "word", "numbers"}


def test_the_command_line(run, capsys, monkeypatch):
    for width in ("60", "80", "160"):
        monkeypatch.setenv("COLUMNS", width)
        assert tables.torso("certificate", run.folder, "--without", "numbers,word") == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= int(width)
        assert "without any input, taken away" in shown
    assert tables.torso("certificate", run.folder, "--without", "wrod") == 1
    assert "Did you mean 'word'" in capsys.readouterr().err
    assert tables.torso("certificate", run.folder / "run.yaml") == 1
    assert "Give the folder of the run" in capsys.readouterr().err


def test_no_warning_beyond_notes(run):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torso.certificate(run)
