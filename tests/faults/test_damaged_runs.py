"""Runs whose files were damaged or edited: refused in one sentence, never answering otherwise."""

import json
import re
import shutil

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import RunError, TorsoError
from torso.runs.folder.digests import digests_of
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stage import Stage, mark
from torso.runs.predicting.edited import telling_of_edits

CASES = 120
WORDS = ["null", "-1", "1e400", "{}", "[]", '"x"', "99999999999", "true"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    torso.fit(tables.plain(), ["price", "colour"], out=out, settings=tables.TINY)
    return out


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


def test_a_flipped_bit_in_any_file_that_answers_is_refused(run, copy):
    names = digests_of(run)
    assert {"model.safetensors", "schema.json", "vocabulary.json", "statistics.json"} <= {*names}
    draw = np.random.default_rng(0)
    for name in names:
        whole = (run / name).read_bytes()
        for at in draw.integers(len(whole), size=8):
            content = bytearray(whole)
            content[at] ^= 1 << int(draw.integers(8))
            (copy / name).write_bytes(content)
            with pytest.raises(RunError):
                torso.load(copy)
        (copy / name).write_bytes(whole)
    assert torso.load(copy).predict(tables.plain(3)) is not None


def test_the_message_names_the_file_and_its_cure_works(copy):
    file = copy / "statistics.json"
    content = file.read_text()
    (number,) = re.findall(r"\d\.\d{3,}", content)[:1]
    file.write_text(content.replace(number, "1.5", 1))
    with pytest.raises(RunError, match=r"statistics\.json is not as it was written") as caught:
        torso.load(copy)
    assert "take `digests` out of torso.json" in str(caught.value)
    marker = copy / "torso.json"
    about = json.loads(marker.read_text())
    marker.write_text(json.dumps({name: about[name] for name in about if name != "digests"}))
    torso.load(copy)


def test_a_run_saved_again_has_digests_of_its_own(copy, tmp_path):
    run = torso.load(copy)
    run.save(tmp_path / "again")
    torso.load(tmp_path / "again")
    (tmp_path / "again" / "model.safetensors").write_bytes(
        (copy / "model.safetensors").read_bytes()[:-4]
    )
    with pytest.raises(RunError, match="model"):
        torso.load(tmp_path / "again")


def test_edited_runs_load_or_are_refused(run, copy):
    """Values are changed where no digest is looked at, as in runs of earlier versions."""
    draw = np.random.default_rng(1)
    files = ["schema.json", "statistics.json", "vocabulary.json", "metrics.json", "run.yaml"]
    (copy / "torso.json").write_text('{"torso": "0", "state": "finished"}')
    loaded = 0
    for case in range(CASES):
        name = files[case % len(files)]
        whole = (run / name).read_text()
        values = [*re.finditer(r'-?\d+\.?\d*|"[^"]*"|true|false|null|[\w.]+$', whole)]
        value = values[int(draw.integers(len(values)))]
        word = WORDS[int(draw.integers(len(WORDS)))]
        (copy / name).write_text(whole[: value.start()] + word + whole[value.end() :])
        try:
            torso.load(copy)
            loaded += 1
        except TorsoError as error:
            assert len(str(error)) < 2000
        (copy / name).write_text(whole)
    assert 0 < loaded < CASES


ODD = [None, True, -1, 1e308, 10**400, "x", [], {}, [[1]], {"a": None}]


def odd_values(tree, draw):
    """Yield copies of a tree, each with one of its values replaced or taken out."""
    slots = [*slots_of(tree)]
    for path in draw.permutation(len(slots))[:CASES]:
        *inside, key = slots[path]
        copy = json.loads(json.dumps(tree))
        place = copy
        for step in inside:
            place = place[step]
        if draw.random() < 0.2:
            del place[key]
        else:
            place[key] = ODD[int(draw.integers(len(ODD)))]
        yield copy


def slots_of(tree, path=()):
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from slots_of(value, (*path, key))


def test_a_report_that_was_edited_is_shown_or_refused(copy):
    file = copy / "metrics.json"
    refused = shown = 0
    for edited in odd_values(json.loads(file.read_text()), np.random.default_rng(2)):
        file.write_text(json.dumps(edited))
        try:
            report = RunFolder(copy).certified_report()
        except RunError as error:
            refused += "metrics.json" in str(error)
            continue
        assert repr(report) and len(report.scores())
        assert json.dumps(report.to_dict(), allow_nan=False)
        shown += 1
    assert refused > 20 and shown > 20


def test_answers_of_an_edited_run_fail_in_one_sentence(copy):
    file = copy / "vocabulary.json"
    saved = json.loads(file.read_text())
    saved["shop"]["values"][0] = {"no": "text"}
    file.write_text(json.dumps(saved))
    mark(copy, Stage.FINISHED)  # with digests of what is there
    with pytest.raises(RunError, match="failed: ") as caught:
        torso.load(copy).predict(tables.plain(3))
    assert caught.value.__cause__ is not None
    assert str(copy) in str(caught.value)


def test_faults_of_a_run_in_memory_stay_what_they_are():
    with pytest.raises(KeyError), telling_of_edits(None):
        raise KeyError("size")


def test_a_folder_in_the_place_of_a_file_is_refused(copy):
    (copy / "skipped.jsonl").unlink()
    (copy / "skipped.jsonl").mkdir()
    with pytest.raises(RunError, match="cannot be read"):
        torso.load(copy)
