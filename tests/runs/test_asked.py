"""A run is asked in the forms that people have: rows alone, pictures, folders, tables that lack columns."""

import json
import re
import warnings
from zipfile import ZipFile

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

import torso
from tests import small_tables as tables
from tests.small_tables import MEDIA, TARGETS, TINY
from torso.core.errors import DataError

PICTURE = {"inputs.photo.kind": "image", "inputs.photo.size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    table = tables.make(folder)
    cache = {"data.cache": str(folder / "cache")}
    fits = {
        "run": ({**TINY, **MEDIA}, None),
        "pictures": ({**TINY, **PICTURE, "inputs.size": None}, ["photo"]),
        "words": ({**TINY, "inputs.size": None}, ["note"]),
    }
    for name, (settings, inputs) in fits.items():
        given = {name: value for name, value in settings.items() if value is not None}
        if inputs:
            given = {k: v for k, v in given.items() if not k.startswith("inputs.size")}
        torso.fit(table, TARGETS, inputs=inputs, out=folder / name, settings={**given, **cache})
    return folder


def load(folder, name="run", **options):
    return torso.load(folder / name, device="cpu", **options)


def values(answers):
    return list(answers["price"])


def test_absent_columns_count_as_missing_and_one_line_says_so(folder):
    run, frame = load(folder), pd.read_csv(folder / "table.csv")
    given = frame[["note", "size"]].rename(columns={"size": "Size"})
    with pytest.warns(UserWarning) as told:
        answers = run.predict(given)
    assert len(told) == 1 and told[0].filename == __file__
    assert "lacks 4 of the 5 columns" in str(told[0].message)
    assert "'size' (did you mean 'Size'?)" in str(told[0].message)
    empty = frame.assign(photo=None, sound=None, size=None, shop=None)
    assert values(answers) == values(run.predict(empty))
    details = run.evaluate(frame.drop(columns="shop"), root=folder, details=True, resamples=0)
    assert len(details.notes) == 1 and "'shop'" in details.notes[0]
    with pytest.raises(DataError, match="Unknown column 'photo'"):
        load(folder, strict=True).predict(given)
    with pytest.raises(DataError, match="row 1, column 'size'"):
        load(folder, strict=True).predict(frame.assign(size="tall"), root=folder)
    with pytest.raises(DataError, match="needs the columns"):
        run.predict({"other": 1})


def test_the_command_says_it_and_refuses_on_request(folder, tmp_path, capsys):
    frame = pd.read_csv(folder / "table.csv")
    frame[["note"]].to_csv(tmp_path / "t.csv", index=False)
    given = (folder / "run", tmp_path / "t.csv", "-o", tmp_path / "a.csv")
    assert tables.torso("predict", *given) == 0
    assert "lacks 4 of the 5 columns" in " ".join(capsys.readouterr().err.split())
    assert tables.torso("predict", *given, "--strict") == 1


def test_a_row_in_every_form_is_the_row_of_its_table(folder):
    run, frame = load(folder), pd.read_csv(folder / "table.csv")
    expected = values(run.predict(frame.iloc[[5]], root=folder))
    row = frame.iloc[5]
    forms = (row, row.to_dict(), [row], list(frame.itertuples())[5], [*frame.itertuples()][5:6])
    for form in (*forms, pl.DataFrame(frame[5:6]).row(0, named=True)):
        assert values(run.predict(form, root=folder)) == pytest.approx(expected, rel=1e-4)
    assert list(run.predict(row, root=folder).index) == [5]


def test_pictures_in_every_form(folder):
    run, file = load(folder, "pictures"), folder / "files/7.png"
    picture = Image.open(file)
    pixels = np.asarray(picture)
    expected = run.predict({"photo": [file.read_bytes()]})["price"][0]
    forms = (picture, [picture], pixels, pixels[None], {"photo": picture}, {"photo": pixels})
    columns = (
        {"photo": [picture, pixels]},
        [{"photo": picture}],
        file,
        str(file),
        file.read_bytes(),
    )
    for form in (*forms, *columns[:-1], {"photo": columns[-1]}):
        assert run.predict(form)["price"][0] == pytest.approx(expected, rel=1e-4), form
    mixed = {"photo": picture, "size": 4.0, "sound": None, "note": "a red thing", "shop": "Ann"}
    assert len(load(folder).predict(mixed)) == 1
    with pytest.raises(DataError, match=r"uint8 \[height, width, 1, 3 or 4\]"):
        run.predict({"photo": [pixels / 255]})


def test_cells_of_the_only_input(folder):
    run = load(folder, "words")
    words = ["a red thing", "a blue thing"]
    expected = values(run.predict({"note": words}))
    for form in (
        words,
        tuple(words),
        np.array(words),
        pd.Series(words),
        pl.Series(words),
        iter(words),
    ):
        assert values(run.predict(form)) == expected
    with warnings.catch_warnings(), pytest.raises(DataError, match="Cannot read a table from list"):
        load(folder).predict(words)


def test_a_folder_is_a_table_of_its_files(folder, tmp_path, capsys):
    run = load(folder, "pictures")
    (tmp_path / "in").mkdir()
    for name, row in (("b.png", 3), ("in/a.PNG", 4), (".hidden.png", 5)):
        (tmp_path / name).write_bytes((folder / f"files/{row}.png").read_bytes())
    (tmp_path / "readme.txt").write_text("hello")
    assert (
        tables.torso("predict", folder / "pictures", tmp_path, "-o", tmp_path.parent / "a.csv") == 0
    )
    told = " ".join(capsys.readouterr().err.split())
    assert (
        "each of its 2 files is a row" in told and "1 other file is left out: 'readme.txt'" in told
    )
    answers = pd.read_csv(tmp_path.parent / "a.csv")
    assert answers["photo"].tolist() == ["b.png", "in/a.PNG"]
    whole = run.predict(pd.DataFrame({"photo": ["files/3.png", "files/4.png"]}), root=folder)
    np.testing.assert_allclose(answers["price"], whole["price"], rtol=1e-4)
    for name, reads in (("run", "'photo' and 'sound'"), ("words", "reads no files")):
        with pytest.raises(DataError, match=re.escape(reads)):
            load(folder, name).predict(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file for 'photo'"):
        run.predict(tmp_path / "empty")
    with pytest.raises(DataError, match="no target column"):
        run.evaluate(tmp_path)


def test_files_by_name_and_in_a_zip_are_rows(folder, tmp_path, capsys):
    run, out = load(folder, "pictures"), tmp_path / "out" / "a.csv"
    out.parent.mkdir()
    names = [f"files/{row}.png" for row in (3, 4)]
    expected = values(run.predict(pd.DataFrame({"photo": names}), root=folder))
    paths = [folder / name for name in names]
    with ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in names:
            archive.write(folder / name, f"top/{name}")
        archive.writestr("__MACOSX/top/._3.png", "x")
    for given in (paths, [tmp_path / "pictures.zip"]):
        assert tables.torso("predict", folder / "pictures", *given, "-o", out) == 0
        answers = pd.read_csv(out)
        assert [name[-5:] for name in answers["photo"]] == ["3.png", "4.png"]
        np.testing.assert_allclose(answers["price"], expected, rtol=1e-4)
    assert tables.torso("predict", folder / "pictures", paths[0], "-o", out) == 0
    np.testing.assert_allclose(run.predict(paths)["price"], expected, rtol=1e-4)
    np.testing.assert_allclose(run.predict([*map(str, paths)])["price"], expected, rtol=1e-4)
    capsys.readouterr()
    for others, said in (
        ((folder / "table.csv",), "Each of several files should be a row, for 'photo'"),
        ((folder / "files/nO.png",), "nO.png: file not found"),
    ):
        assert tables.torso("predict", folder / "pictures", paths[0], *others, "-o", out) == 1
        assert said in " ".join(capsys.readouterr().err.split())
    texts = (folder / "table.csv", folder / "table.csv", "-o", out)
    assert tables.torso("predict", folder / "words", *texts) == 1
    assert "the run reads no files" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("top", ["", "set/"])
def test_a_zip_with_its_table_is_that_table(folder, tmp_path, capsys, top):
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(folder / "table.csv", f"{top}table.csv")
        for file in sorted((folder / "files").iterdir()):
            archive.write(file, f"{top}files/{file.name}")
    for name in ("run", "pictures"):
        run = load(folder, name)
        answered = run.predict(tmp_path / "all.zip", details=True)
        assert f"all.zip: read '{top}table.csv' in it." in answered.notes
        whole = run.predict(folder / "table.csv")
        np.testing.assert_allclose(values(answered.columns), values(whole), rtol=1e-4)
    fit = ["-t", "price", "-o", tmp_path / "out", "--set", "training.epochs=1", "--set", "dim=8"]
    quick = ["-q", "fast", "--set", "inputs.sound=null", "--set", "inputs.photo.size=16"]
    assert tables.torso("fit", tmp_path / "all.zip", *fit, *quick) == 0
    assert "cannot be read" not in capsys.readouterr().err
    assert tables.torso("evaluate", tmp_path / "out", tmp_path / "all.zip") == 0
    root = ["--root", folder]  # beside the zip, not in it
    with ZipFile(tmp_path / "alone.zip", "w") as archive:
        archive.write(folder / "table.csv", "table.csv")
    assert tables.torso("evaluate", tmp_path / "out", tmp_path / "alone.zip", *root) == 0


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["a.csv", "b.csv"], "two.zip holds 2 tables, such as 'a.csv' and 'b.csv'"),
        (["a.png"], "two.zip holds no table among its 1 files"),
    ],
)
def test_zips_without_one_table_are_refused(tmp_path, capsys, files, said):
    with ZipFile(tmp_path / "two.zip", "w") as archive:
        for file in files:
            archive.writestr(file, "x,y\n1,2\n")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "two.zip").read_bytes()[:20])
    assert tables.torso("inspect", tmp_path / "two.zip") == 1
    assert said in " ".join(capsys.readouterr().err.split())
    assert tables.torso("fit", tmp_path / "cut.zip", "-t", "y") == 1
    assert "cut.zip is damaged or not a zip" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("indent", [None, 1])
def test_columns_of_json_are_rows_on_one_line_too(folder, tmp_path, indent):
    run, table = load(folder), pd.read_csv(folder / "table.csv")
    rows = table.astype(object).where(table.notna(), None)
    expected = values(run.predict(rows, root=folder))
    for some in (len(rows), 1):
        columns = rows[:some].to_dict("list")
        for content in (columns, {"instances": rows[:some].to_dict("records")}):
            (tmp_path / "t.json").write_text(json.dumps(content, indent=indent))
            told = run.predict(tmp_path / "t.json", root=folder, details=True)
            np.testing.assert_allclose(values(told.columns), expected[:some], rtol=1e-4)
            assert told.notes[0].startswith("t.json: its ")
    (tmp_path / "t.json").write_text(json.dumps(rows.to_dict("list"), indent=indent))
    prepared = torso.prepare(
        tmp_path / "t.json", TARGETS, settings={**TINY, "data.root": [str(folder)]}
    )
    assert prepared.split.rows == len(rows)
    assert any("object of columns" in note for note in prepared.notes)
    below = [[*rows.columns], *rows.to_numpy().tolist()]
    assert values(run.predict(below, root=folder)) == expected


def test_rows_that_the_run_has_learnt_from_are_told_and_no_others(folder, tmp_path, capsys):
    run, frame = load(folder), pd.read_csv(folder / "table.csv")
    learnt, held = (
        np.concatenate([run.split.split.train, run.split.split.validation]),
        run.split.split.test,
    )

    def told(table, run=run):
        notes = run.predict(table, root=folder, details=True).notes
        assert notes == run.evaluate(table, root=folder, details=True, resamples=0).notes
        return "".join(notes)

    count = f"{len(learnt)} of its 40 rows equal rows that the run learnt from"
    shuffled = frame.sample(frac=1, random_state=1)
    for table in (folder / "table.csv", frame, shuffled, frame.drop(columns="colour")):
        assert count in told(table)
    assert "5 of its 5 rows" in told(frame.iloc[learnt[:5]])
    others = [frame.iloc[held], frame.iloc[[learnt[0]]], frame.assign(size=frame["size"] + 0.001)]
    assert [told(table) for table in others] == ["", "", ""]
    copy = tables.make(tmp_path)  # the same names of other files
    assert told(pd.read_csv(copy).assign(note="new")) == ""
    assert tables.torso("evaluate", folder / "run", folder / "table.csv") == 0
    assert count in " ".join(capsys.readouterr().err.split())


def test_new_rows_of_a_table_with_few_values_are_no_rows_of_the_fit():
    def draw(seed):
        rng = np.random.default_rng(seed)
        return {name: rng.choice(["a", "b", "c"], 300).tolist() for name in ("x", "y", "z", "t")}

    settings = {"dim": 8, "training.epochs": 1}
    run = torso.fit(draw(0), ["t"], settings=settings)
    assert all(run.predict(draw(seed), details=True).notes == () for seed in range(1, 6))


def test_columns_of_answers_are_chosen(folder, tmp_path):
    out = tmp_path / "a.csv"
    whole = list(load(folder).predict(folder / "table.csv"))
    sure = [name for name in whole if "_probability" in name]
    ends = ["price_spread", "price_low", "price_high"]
    for flags, gone in {
        (): [],
        ("--proba",): ends,
        ("--intervals",): sure,
        ("--proba", "--intervals"): [],
        ("--no-proba",): sure,
        ("--no-proba", "--no-intervals"): [*sure, *ends],
    }.items():
        given = (folder / "run", folder / "table.csv", "-o", out, "--keep", "note", *flags)
        assert tables.torso("predict", *given) == 0
        assert list(pd.read_csv(out)) == ["note", *(name for name in whole if name not in gone)]


def test_frames_as_dicts_are_tables(folder):
    run, frame = load(folder), pd.read_csv(folder / "table.csv")[:3]
    expected = values(run.predict(frame, root=folder))
    for orient in ("dict", "list", "split", "index", "records"):
        assert values(run.predict(frame.to_dict(orient), root=folder)) == expected, orient
