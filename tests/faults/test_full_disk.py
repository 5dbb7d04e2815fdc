"""A disk that fills while a run is written: one sentence, what was whole is kept, and the run goes on to the same weights."""

import hashlib
import os
import subprocess

import pytest

import torso
from tests import small_tables as tables
from tests.processes import Started
from torso.core.errors import DataError
from torso.core.whole_files import whole_file, write_whole

SETTINGS = {
    **tables.TINY,
    "training.epochs": 3,
    "folds": 0,
    "blend": "off",
    "inputs.note": None,
    "inputs.shop": None,
}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, and a function that sets its size in kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a small disk")

    def resize(kilobytes):
        resized = ["mount", "-o", f"remount,size={kilobytes}k", disk]
        subprocess.run(resized, check=True)

    try:
        yield disk, resize
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A table, the digest of the weights that it gives, and the kB of the run."""
    folder = tmp_path_factory.mktemp("run")
    table = tables.write(folder / "table.csv", tables.plain())
    torso.fit(table, ["price"], out=folder / "run", settings=SETTINGS)
    kilobytes = sum(-(-file.stat().st_size // 4096) * 4 for file in (folder / "run").rglob("*"))
    return table, digest(folder / "run"), kilobytes


def digest(run):
    return hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()


def fit(table, out, *how):
    words = ("fit", table, "-t", "price", "-o", out, *tables.options(SETTINGS), *how)
    return Started("-m", "torso", *words).wait()


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9])
def test_a_full_disk_is_one_sentence_and_the_run_goes_on(undisturbed, small_disk, share):
    table, weights, kilobytes = undisturbed
    disk, resize = small_disk
    resize(max(4, int(share * kilobytes) // 4 * 4))
    status, said = fit(table, disk / "run")
    assert status == 1 and "Traceback" not in said, said
    sentence = " ".join(said.split())
    assert "bytes are needed" in sentence and "bytes are free" in sentence, said
    assert str(disk) in sentence.replace(" ", "") or str(disk) in sentence
    resize(16 << 10)
    status, said = fit(table, disk / "run", "--resume")
    if status:  # nothing was kept yet
        status, said = fit(table, disk / "run", "--overwrite")
    assert status == 0, said
    assert digest(disk / "run") == weights


def test_a_table_of_answers_that_does_not_fit(undisturbed, small_disk):
    table, _, _ = undisturbed
    run = table.parent / "run"
    disk, resize = small_disk
    out = disk / "answers.csv"
    resize(4)
    out.write_bytes(bytes(4096))  # the disk is full
    status, said = Started("-m", "torso", "predict", run, table, "-o", out).wait()
    assert status == 1 and "Traceback" not in said, said
    assert "bytes are needed" in " ".join(said.split())
    assert [file.name for file in disk.iterdir()] == ["answers.csv"]
    assert out.read_bytes() == bytes(4096)  # the old table is whole


def test_a_draft_that_does_not_fit_is_removed(small_disk):
    disk, resize = small_disk
    resize(64)
    file = disk / "file.txt"
    write_whole(file, "whole")
    with pytest.raises(
        DataError, match=r"file.txt could not be written: 100,000 bytes are needed, [\d,]+ bytes"
    ):
        write_whole(file, "x" * 100_000)
    with pytest.raises(ZeroDivisionError), whole_file(file):  # no error of the disk
        1 / 0  # noqa: B018
    assert file.read_text() == "whole"
    assert [each.name for each in disk.iterdir()] == ["file.txt"]
