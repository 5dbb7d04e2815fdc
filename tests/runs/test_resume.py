"""A training goes on only with the rows, the split and the model that it began with."""

import numpy as np
import pandas as pd
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY, options, write
from torso.core.errors import RunError
from torso.training import STOP, Listener

SETTINGS = {
    **TINY,
    **dict.fromkeys(["inputs.note", "inputs.shop", "inputs.unused"]),
    "training.epochs": 3,
}


class Stopper(Listener):
    def epoch_done(self, epoch):
        return STOP


def columns(rows=40):
    return {**tables.plain(rows), "unused": ["x", None] * (rows // 2)}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A training that was stopped after its first epoch, with tables of its own."""
    folder = tmp_path_factory.mktemp("stopped")
    write(folder / "table.csv", columns())
    write(folder / "validation.csv", tables.plain(20, seed=1))
    write(folder / "test.csv", tables.plain(20, seed=2))
    begun(folder, validation=folder / "validation.csv", test=folder / "test.csv", out="own")
    begun(folder, out="drawn")
    return folder


def begun(folder, out, **given):
    torso.fit(
        folder / "table.csv",
        TARGETS,
        out=folder / out,
        settings=SETTINGS,
        listener=Stopper(),
        **given,
    )


@pytest.fixture
def place(stopped, tmp_path):
    """Everything once more, for a test to change."""
    for file in stopped.rglob("*"):
        if file.is_file():
            copy = tmp_path / file.relative_to(stopped)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    return tmp_path


def swapped(cells):
    cells["loud"][:2] = cells["loud"][1::-1]


def shuffled(cells):
    order = np.random.default_rng(0).permutation(40)
    cells.update({name: [values[row] for row in order] for name, values in cells.items()})


def appended(cells):
    for name, values in cells.items():
        cells[name] = [*values, *values[:3]]


def emptied(cells):
    cells["size"][7] = ""


def of_others(cells):
    cells.update(tables.plain(40, seed=9))


def without_a_column(cells):
    del cells["unused"]


CHANGES = {
    "labels swapped": (swapped, "other cells in the columns 'loud'"),
    "rows shuffled": (shuffled, "other cells in the columns .*'loud'"),
    "rows appended": (appended, "43 rows, not 40"),
    "a cell emptied": (emptied, "other cells in the columns 'size'"),
    "other rows": (of_others, "other cells in the columns .*'price'"),
    "a column taken away": (without_a_column, "lost the columns 'unused'"),
}


@pytest.mark.parametrize(("edit", "said"), CHANGES.values(), ids=CHANGES)
def test_a_changed_table_is_refused(place, edit, said):
    tables.change(place / "table.csv", edit)
    with pytest.raises(RunError, match=rf"table\.csv.*{said}") as error:
        torso.fit(place / "table.csv", out=place / "drawn", resume=True)
    assert "--overwrite" in str(error.value)


@pytest.mark.parametrize("name", ["validation", "test"])
def test_changed_tables_of_its_own_are_refused(place, name):
    given = {each: place / f"{each}.csv" for each in ("validation", "test")}
    tables.change(place / f"{name}.csv", swapped)
    with pytest.raises(RunError, match=rf"{name}\.csv.*'loud'"):
        torso.fit(place / "table.csv", out=place / "own", resume=True, **given)


CONFIGS = {
    "no target": ({"targets.price": None}, "the targets are 'colour', 'loud', not 'colour'"),
    "a column more": ({"inputs.unused": "category"}, "the inputs are 'size', 'unused', not 'size'"),
    "seed": ({"seed": 5}, "`seed` is 5, not 0"),
    "seed of the split": ({"data.split.seed": 5}, r"`data\.split\.seed` is 5, not null"),
    "missing": ({"data.missing": ["red"]}, r"`data\.missing`"),
    "encoder": ({"encoders.numbers": "periodic"}, r"`encoders\.numbers\.type`"),
    "dim": ({"dim": 16}, "`dim` is 16, not 8"),
    "balancing": ({"balancing": "uncertainty"}, "`balancing"),
    "average": ({"training.average": 0.9}, r"`training\.average`"),
}


@pytest.mark.parametrize(("settings", "said"), CONFIGS.values(), ids=CONFIGS)
def test_another_config_is_refused(stopped, settings, said):
    with pytest.raises(RunError, match=said):
        torso.fit(stopped / "table.csv", out=stopped / "drawn", resume=True, settings=settings)


def test_the_same_command_goes_on_when_resume_is_added(place):
    command = ["fit", place / "table.csv", "-o", place / "drawn", *options(SETTINGS)]
    command += [part for name in TARGETS for part in ("-t", name)]
    assert tables.torso(*command, "--resume") == 0


def test_another_target_is_refused(stopped):
    with pytest.raises(RunError, match="the targets are 'loud', not"):
        torso.fit(stopped / "table.csv", ["loud"], out=stopped / "drawn", resume=True)


def test_a_table_of_another_role_is_refused(stopped):
    with pytest.raises(RunError, match="validation"):
        torso.fit(
            stopped / "table.csv",
            out=stopped / "drawn",
            resume=True,
            validation=stopped / "validation.csv",
        )


def test_the_same_tables_elsewhere_and_a_longer_training_are_fine(place, tmp_path_factory):
    new = tmp_path_factory.mktemp("elsewhere")
    for name in ("table", "validation", "test"):
        (place / f"{name}.csv").rename(new / f"{name}-moved.csv")
    given = {each: new / f"{each}-moved.csv" for each in ("validation", "test")}
    run = torso.fit(
        new / "table-moved.csv",
        out=place / "own",
        resume=True,
        settings={"training.epochs": 4, "training.lr": 1e-4},
        **given,
    )
    assert run.report.training.epochs == 4


def test_every_printed_cure_works(place, capsys):
    out = place / "drawn"
    tables.change(place / "table.csv", appended)
    fit = ["fit", place / "table.csv", "-o", out]
    assert tables.torso(*fit, "--resume") == 1
    assert "--overwrite" in capsys.readouterr().err
    targets = [part for name in TARGETS for part in ("-t", name)]
    assert tables.torso(*fit, *targets, "--overwrite", *options(SETTINGS)) == 0


def test_frames_in_memory_are_compared_as_well(tmp_path):
    frame = pd.DataFrame(columns())
    frame["list"] = [[float(row), 1.0] for row in range(40)]
    torso.fit(frame, TARGETS, out=tmp_path / "run", settings=SETTINGS, listener=Stopper())
    with pytest.raises(RunError, match="other cells in the columns 'list'"):
        torso.fit(
            frame.assign(list=[[1.0, float(row)] for row in range(40)]),
            out=tmp_path / "run",
            resume=True,
        )
    assert torso.fit(frame.copy(), out=tmp_path / "run", resume=True).report.training.epochs == 3
