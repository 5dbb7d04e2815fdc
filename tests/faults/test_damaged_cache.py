"""A cache that is damaged, cut, deleted or shared costs decoding again, and never another weight."""

import hashlib
import os
import shutil
import subprocess
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest

import torso
from tests import small_tables as tables
from tests.processes import Started
from torso.cache.segments import SEAL_BYTES
from torso.core.errors import DataError
from torso.core.notes import TorsoWarning
from torso.training.listeners import Listener

SETTINGS = {
    **tables.TINY,
    **tables.MEDIA,
    "training.epochs": 2,
    "folds": 0,
    "blend": "off",  # batches of an epoch are the first to read the cache
    "inputs.note": None,
    "inputs.shop": None,
}
TOLD = "entries that are damaged or gone: they are made anew"


def fit(table: Path, cache: Path, out: Path, listener: Listener | None = None) -> str:
    """Train, and return the digest of the weights."""
    settings = {**SETTINGS, "data.cache": str(cache)}
    torso.fit(table, ["price"], out=out, settings=settings, listener=listener)
    return hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A table, its filled cache, and the digest of the weights that it gives."""
    folder = tmp_path_factory.mktemp("cache")
    table = tables.make(folder)
    return table, folder / "cache", fit(table, folder / "cache", folder / "run")


def contents(cache: Path) -> list[Path]:
    """Return the files with features of pictures and recordings."""
    files = sorted(cache.glob("*/*.bin"))
    assert len(files) >= 2
    return files


def zero(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(SEAL_BYTES)
        stream.write(bytes(file.stat().st_size - SEAL_BYTES))


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[SEAL_BYTES + len(content) // 3] ^= 0x40
    file.write_bytes(content)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


class InUse(Listener):
    """Damages the cache when the first epoch is done: its files are open then."""

    def __init__(self, cache, damage):
        self.cache, self.damage, self.notes = cache, damage, []

    def started(self, epochs, batches):
        self.damage(self.cache)

    def noted(self, message):
        self.notes.append(message)


@pytest.mark.parametrize("damage", [zero, flip])
def test_damaged_contents_are_made_anew_and_told(undisturbed, tmp_path, damage):
    table, whole, weights = undisturbed
    cache = shutil.copytree(whole, tmp_path / "cache")
    for file in contents(cache):
        damage(file)
    with pytest.warns(TorsoWarning) as told:
        assert fit(table, cache, tmp_path / "run") == weights
    lines = [str(note.message) for note in told if TOLD in str(note.message)]
    assert len(lines) == len(contents(whole)), lines  # one for each column's folder
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit(table, cache, tmp_path / "again") == weights


@pytest.mark.parametrize(
    "damage",
    [lambda cache: [cut(file) for file in contents(cache)], shutil.rmtree],
    ids=["cut", "deleted"],
)
def test_a_cache_that_is_cut_or_deleted_in_use_is_made_anew(undisturbed, tmp_path, damage):
    table, whole, weights = undisturbed
    cache = shutil.copytree(whole, tmp_path / "cache")
    assert fit(table, cache, tmp_path / "run", InUse(cache, damage)) == weights
    assert fit(table, cache, tmp_path / "again") == weights


def test_a_file_that_changed_beside_its_entry_names_the_row(tmp_path):
    table = tables.make(tmp_path)
    cache = tmp_path / "cache"

    def damage(cache):
        (tmp_path / "files/4.png").write_bytes(tables.png((1, 2, 3)))
        for file in contents(cache):  # files that are open already are read, even if deleted
            zero(file)

    row = r"table.csv, row 5, column 'photo': the file changed since the run began"
    with pytest.raises(DataError, match=row):
        fit(table, cache, tmp_path / "run", InUse(cache, damage))


def test_two_trainings_share_a_damaged_cache(undisturbed, tmp_path):
    table, whole, weights = undisturbed
    cache = shutil.copytree(whole, tmp_path / "cache")
    for file in contents(cache):
        flip(file)
    given = tables.options({**SETTINGS, "data.cache": str(cache)})
    outs = [tmp_path / "one", tmp_path / "other"]
    running = [
        Started("-m", "torso", "fit", table, "-t", "price", "-o", out, *given) for out in outs
    ]
    told = ""
    for process, out in zip(running, outs, strict=True):
        status, said = process.wait()
        assert status == 0 and "Traceback" not in said, said
        assert hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest() == weights
        told += " ".join(said.split())
    assert TOLD in told


@contextmanager
def read_only(folder: Path):
    """Mount a folder over itself, read-only: root may write anywhere else."""
    if os.geteuid():
        pytest.skip("only root may mount")
    if subprocess.run(["mount", "--bind", folder, folder], check=False).returncode:
        pytest.skip("no folder can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_read_only_cache_is_read_and_what_it_lacks_is_one_sentence(undisturbed, tmp_path):
    table, whole, weights = undisturbed
    cache = shutil.copytree(whole, tmp_path / "cache")
    with read_only(cache):
        assert fit(table, cache, tmp_path / "run") == weights
    flip(contents(cache)[0])
    with read_only(cache), pytest.raises(DataError, match=r"takes no more data.*TORSO_CACHE"):
        fit(table, cache, tmp_path / "damaged")
