"""The note on random splits of rows that belong together: measured, told where it matters, quiet elsewhere."""

import json
import shlex

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from typer.testing import CliRunner

import torso
from tests.places import DATA
from torso.app.cli import app
from torso.inference.grouped import grouped_note
from torso.inference.recognition import recognised
from torso.inference.report import inspect_table
from torso.runs.settings.paths import apply_settings
from torso.tables import read_table, write_table

EXAM = DATA / "exam"
DRAW = np.random.default_rng(0)
GROUPS, EACH = 60, 6
PERSON = DRAW.permutation(np.repeat(np.arange(GROUPS), EACH))
NOISE = DRAW.normal(size=GROUPS * EACH)


def people(names=lambda person: f"P{person:03}", own=1.0):
    size = np.random.default_rng(2).normal(size=len(PERSON))  # whatever test came before
    value = size + own * np.random.default_rng(1).normal(size=GROUPS)[PERSON] + NOISE
    return {
        "who": [names(person) for person in PERSON.tolist()],
        "size": size.tolist(),
        "value": value.tolist(),
    }


def note_of(table, targets, inputs=None):
    table = read_table(table)
    reports = inspect_table(table, targets)
    used = [report.name for report in reports if report.use] if inputs is None else inputs
    return grouped_note(table, reports, used, targets, np.arange(table.rows))


def test_answers_without_a_group_are_those_of_a_model_that_never_saw_it():
    features = np.random.default_rng(3).normal(size=(40, 3))
    alike = features @ features.T + 1
    groups = np.arange(40) // 4
    answers = (features[:, :1] + groups[:, None] % 3).astype(float)
    score = recognised(alike, groups, answers)
    centred = answers - answers.mean(axis=0)
    shares = []
    for penalty in (0.03, 0.1, 0.3, 1.0, 3.0):
        pair = []
        for parts in (np.arange(40), groups):
            left = 0.0
            for part in np.unique(parts):
                out, kept = parts == part, parts != part
                model = KernelRidge(alpha=penalty, kernel="precomputed")
                model.fit(alike[np.ix_(kept, kept)], centred[kept])
                left += np.square(centred[out] - model.predict(alike[np.ix_(out, kept)])).sum()
            pair.append(1 - left / np.square(centred).sum())
        shares.append(pair)
    assert (score.known, score.new) == pytest.approx(tuple(max(shares)), abs=1e-9)


@pytest.mark.parametrize("names", [lambda who: f"P{who:03}", lambda who: 7000 + 13 * who])
def test_people_with_several_rows_are_told(names):
    told = note_of(people(names), ["value"])
    assert told.startswith(
        "who: the random split puts rows with one value on both sides (60 values"
    )
    assert told.endswith("--set data.split.group=who")


def quiet():
    """Tables whose split by row is right."""
    number = DRAW.integers(18, 80, len(NOISE))
    return {
        "a person says nothing": people(own=0.0),
        "each row a person": people() | {"who": [f"P{row:03}" for row in range(len(NOISE))]},
        "few values": people(lambda who: "abcdefgh"[who % 8]),
        "a smooth quantity": {
            "age": number.tolist(),
            "value": (np.sin(number / 9) + NOISE / 4).tolist(),
        },
        "a few values hold most rows": people(lambda who: f"P{int(who**0.5) if who < 50 else who}"),
    }


@pytest.mark.parametrize("why", quiet())
def test_quiet_where_rows_are_right(why):
    assert note_of(quiet()[why], ["value"]) is None


def test_the_cure_is_taken_and_every_split_by_choice_is_quiet():
    def notes(**settings):
        run = torso.prepare(people(), ["value"], settings={"pretrained": "off", **settings})
        return run, [note for note in run.notes if "random split puts" in note]

    run, (note,) = notes()
    values = {}
    apply_settings(values, shlex.split(note.split(": ")[-1])[1:])
    assert values == {"data": {"split": {"group": "who"}}}
    run, told = notes(**{"data.split.group": "who"})
    who = np.array(people()["who"])
    parts = [set(who[part.rows]) for part in run.parts.values()]
    assert not told
    assert not set.intersection(parts[0], parts[1] | parts[2])
    assert not notes(**{"inputs.who": None})[1]  # not learnt from


def test_inspect_tells_both_notes_about_random_splits(tmp_path):
    table = people() | {"day": [f"2024-{1 + row // 30:02}-{1 + row % 28:02}" for row in range(360)]}
    write_table(read_table(table).data, tmp_path / "t.csv")
    command = ["inspect", str(tmp_path / "t.csv"), "-t", "value"]
    shown = CliRunner().invoke(app, command).stdout
    assert "--set data.split.group=who" in shown
    assert "--set data.split.time=day" in shown
    shown = CliRunner().invoke(app, [*command, "--set", "data.split.group=who"]).stdout
    assert "random" not in shown


@pytest.mark.skipif(not EXAM.is_dir(), reason="needs the exam tables (TORSO_DATA)")
@pytest.mark.parametrize(
    ("name", "column"),
    [("art_price", "artist"), ("imdb1000", "Director"), ("houses", None), ("mustard", None)],
)
def test_on_real_tables(name, column):
    targets = list(json.loads((EXAM / name / "spec.json").read_text())["targets"])
    note = note_of(EXAM / name / "train.csv", targets)
    assert (note and note.split(":")[0]) == column
