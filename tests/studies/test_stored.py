"""Studies are kept in their run's folder; where that cannot be written, they are returned all the same, and say so."""

import shutil

import pytest

import torso
from torso.runs.folder.folder import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "run"
    table = {"x": [n % 7 / 2 for n in range(90)], "y": [n % 7 > 3 for n in range(90)]}
    table["z"] = [n % 5 / 3 for n in range(90)]
    given = {"dim": 8, "training.epochs": 1}
    torso.fit(table, {"y": "binary"}, settings=given, out=folder)
    return folder, table


STUDIES = {
    "certificate": lambda run, table: torso.certificate(run),
    "importance": lambda run, table: torso.importance(run, table, repeats=1),
    "mistakes": lambda run, table: torso.mistakes(run),
    "robustness": lambda run, table: torso.robustness(run, table, levels=(0.0, 1.0)),
    "slices": lambda run, table: torso.slices(run),
}


@pytest.mark.parametrize("name", STUDIES)
def test_a_folder_that_cannot_be_written_is_told(run, name):
    folder, table = run
    kept = STUDIES[name](folder, table)
    assert RunFolder(folder).studies()[name]["result"].keys() == kept.to_dict().keys()
    places = folder / "studies"
    shutil.rmtree(places)
    places.write_text("no folder")
    told = STUDIES[name](folder, table)
    assert "the study is not kept there" in told.notes[-1]
    assert not set(told.notes[:-1]) ^ set(kept.notes)
    places.unlink()
