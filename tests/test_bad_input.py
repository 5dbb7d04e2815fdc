"""Bad input: each gives one clear error, or a counted and reported skip, and loses no row."""

import json
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import soundfile
from PIL import Image

import torso
from tests import small_tables as tables
from tests.small_tables import INPUTS, MEDIA, TARGETS, TINY, change, options, write
from torso.core.errors import ConfigError, DataError, RunError

TASKS = [part for task in TARGETS for part in ("--target", task)]


@pytest.fixture
def table(tmp_path):
    return tables.make(tmp_path / "data")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on the table with files, and that table."""
    folder = tmp_path_factory.mktemp("trained")
    table = tables.make(folder / "data")
    settings = {**TINY, **MEDIA, "data.cache": str(folder / "cache")}
    torso.fit(table, TARGETS, out=folder / "run", settings=settings)
    return folder / "run", table


def says(capsys, *arguments) -> str:
    """Run a command that must fail, and return the one error it prints."""
    code = tables.torso(*arguments)
    err = capsys.readouterr().err
    assert code == 1, err
    assert "Traceback" not in err
    errors = [
        line
        for line in err.splitlines()
        if line.startswith(("ConfigError", "DataError", "RunError"))
    ]
    assert len(errors) == 1, err
    return errors[0]


def fit_says(capsys, table, *arguments, targets=TASKS, settings=TINY) -> str:
    return says(
        capsys, "fit", table, *targets, "-o", table.parent / "run", *options(settings), *arguments
    )


def holds(text: str, *parts: str) -> None:
    for part in parts:
        assert part in text, f"{part!r} is not in {text!r}"


def skips(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "skipped.jsonl").read_text().splitlines()]


# --- files ---------------------------------------------------------------------------------------

BAD_IMAGES = {
    "absent": (None, "file not found"),
    "empty": (b"", "empty file"),
    "truncated": (tables.png(side=64)[:90], "damaged image"),
    "corrupt": (tables.png()[:40] + b"\0" * 60, "damaged image"),
    "no image": (b"hello, I am no picture", "not a PNG"),
    "a bomb": (tables.png_bomb(), "400 megapixels"),
}
BAD_SOUNDS = {
    "absent": (None, "file not found"),
    "empty": (b"", "empty file"),
    "zero samples": (tables.wav(samples=0), "zero-length audio"),
    "truncated": (tables.wav()[:20], "unreadable audio"),
    "corrupt": (b"RIFF" + b"\7" * 300, "unreadable audio"),
}


def damage(table, column, contents):
    """Put bad files into the first rows, and return path -> what should be said about it."""
    ending = "png" if column == "photo" else "wav"
    files = {}
    for place, (data, reason) in enumerate(contents.values()):
        name = f"files/bad{place}.{ending}"
        if data is not None:
            (table.parent / name).write_bytes(data)
        files[name] = reason
    change(table, lambda cells: cells[column].__setitem__(slice(0, len(files)), list(files)))
    return files


@pytest.mark.parametrize("column,contents", [("photo", BAD_IMAGES), ("sound", BAD_SOUNDS)])
def test_unreadable_files_are_skipped_counted_and_reported(table, column, contents, capsys):
    files = damage(table, column, contents)
    out = table.parent / "run"
    assert tables.torso("fit", table, *TASKS, "-o", out, *options({**TINY, **MEDIA})) == 0
    found = skips(out)
    assert [(one["row"], one["column"], one["cell"]) for one in found] == [
        (row, column, name) for row, name in enumerate(files, start=1)
    ]
    for one, reason in zip(found, files.values(), strict=True):
        holds(one["reason"], reason)
        assert one["table"] == "table.csv"
    usage = json.loads((out / "metrics.json").read_text())["usage"]
    assert usage["skipped_cells"] == {column: len(files)}
    assert sum(usage["rows"].values()) == 40
    holds("".join(capsys.readouterr()), f"{len(files)} cells of '{column}' counted as missing")


@pytest.mark.parametrize("column,contents", [("photo", BAD_IMAGES), ("sound", BAD_SOUNDS)])
def test_prediction_keeps_rows_with_unreadable_files(trained, tmp_path, column, contents, capsys):
    run, _ = trained
    table = tables.make(tmp_path)
    whole = torso.load(run).predict(table)
    files = damage(table, column, contents)
    assert tables.torso("predict", run, table, "-o", tmp_path / "answers.csv") == 0
    holds(capsys.readouterr().err, f"{len(files)} cells of '{column}'", "row 1", "file not found")
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert len(answers) == 40
    kept = slice(len(files), None)
    np.testing.assert_allclose(answers["price"][kept], whole["price"][kept], rtol=1e-4)
    gaps = pd.read_csv(table, dtype=str)
    gaps.loc[: len(files) - 1, column] = None
    expected = torso.load(run).predict(gaps, root=table.parent)  # as if the cells were empty
    np.testing.assert_allclose(answers["price"], expected["price"], rtol=1e-4)


def test_on_error_fail_names_file_row_column_and_cure(table, capsys):
    change(table, lambda cells: cells["photo"].__setitem__(6, "files/nowhere.png"))
    text = fit_says(capsys, table, settings={**TINY, **MEDIA, "data.on_error": "fail"})
    holds(
        text,
        "table.csv",
        "row 7",
        "'photo'",
        "nowhere.png",
        "file not found",
        "data.on_error=missing",
    )


def test_more_than_a_fifth_unreadable_fails_with_a_cure(table, capsys):
    for row in range(9):
        (table.parent / f"files/{row}.png").unlink()
    text = fit_says(capsys, table, settings={**TINY, **MEDIA})
    holds(text, "table.csv", "'photo'", "9 of 40", "20%", "row 1", "data.root", "data.most_skipped")


def test_a_fifth_unreadable_is_let_pass(table):
    for row in range(8):
        (table.parent / f"files/{row}.png").unlink()
    run = torso.fit(table, TARGETS, settings={**TINY, **MEDIA})
    assert len(run.skipped) == 8


def test_most_skipped_is_judged_over_the_whole_table_at_prediction(trained, monkeypatch):
    """The bad files may all stand in one of the pieces in which a long table is read."""
    monkeypatch.setattr("torso.runs.predicting.answering.PIECE", 10)
    run, source = trained
    frame = pd.read_csv(source)
    frame.loc[2:6, "photo"] = "files/gone.png"
    predictor = torso.load(run)
    answers = predictor.predict(frame, root=source.parent, details=True)
    assert [cell.row for cell in answers.skipped] == [3, 4, 5, 6, 7]
    assert answers.notes[0].startswith("5 cells of 'photo' counted as missing; the first: row 3,")
    frame.loc[12:18, "photo"] = "files/gone.png"
    with pytest.raises(DataError, match="12 of 40 files"):
        predictor.predict(frame, root=source.parent)
    assert len(answers.columns) == 40


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "files/../../secret.png"])
def test_a_path_that_leaves_the_root_is_not_read(table, tmp_path, path):
    (tmp_path / "secret.png").write_bytes(tables.png())
    change(table, lambda cells: cells["photo"].__setitem__(0, path))
    run = torso.fit(table, TARGETS, settings={**TINY, **MEDIA})
    assert [(cell.row, cell.cell) for cell in run.skipped] == [(1, path)]
    holds(run.skipped[0].reason, "leaves the root")


def test_a_link_that_leaves_the_root_is_not_read(table, tmp_path):
    (tmp_path / "secret.png").write_bytes(tables.png())
    (table.parent / "files/0.png").unlink()
    (table.parent / "files/0.png").symlink_to(tmp_path / "secret.png")
    run = torso.fit(table, TARGETS, settings={**TINY, **MEDIA})
    holds(run.skipped[0].reason, "leaves the root")


def test_a_wrong_extension_is_read_by_content(table):
    Image.new("RGB", (9, 9)).save(table.parent / "files/0.png", "JPEG")
    samples = np.zeros(800, np.float32)
    soundfile.write(table.parent / "files/0.wav", samples, 4000, format="FLAC", subtype="PCM_16")
    assert torso.fit(table, TARGETS, settings={**TINY, **MEDIA}).skipped == ()


def test_a_root_that_is_not_there(table, capsys):
    text = fit_says(capsys, table, "--root", "nowhere", settings={**TINY, **MEDIA})
    holds(text, "nowhere", "does not exist", "folder or zip")


def test_a_damaged_zip_as_root(table, capsys):
    with zipfile.ZipFile(table.parent / "files.zip", "w") as archive:
        archive.writestr("files/0.png", tables.png())
    packed = (table.parent / "files.zip").read_bytes()
    (table.parent / "files.zip").write_bytes(packed[:60])
    text = fit_says(capsys, table, "--root", "files.zip", settings={**TINY, **MEDIA})
    holds(text, "files.zip", "neither a folder nor a zip")


# --- cells ----------------------------------------------------------------------------------------


def plain(folder, edit=lambda columns: None, rows=40):
    columns = tables.plain(rows)
    edit(columns)
    folder.mkdir(exist_ok=True)
    return write(folder / "table.csv", columns)


@pytest.fixture(scope="module")
def simple(tmp_path_factory):
    """A run on a table without files."""
    out = tmp_path_factory.mktemp("simple") / "run"
    torso.fit(tables.plain(), TARGETS, out=out, settings=TINY)
    return out


def test_text_in_a_number_column_at_fit(tmp_path, capsys):
    table = plain(tmp_path, lambda columns: columns["size"].__setitem__(36, "five"))
    assert tables.torso("fit", table, *TASKS, "-o", tmp_path / "run", *options(TINY)) == 0
    shown = "".join(capsys.readouterr())
    holds(shown, "1 cell of 'size'", "row 37, 'five': not")
    assert shown.count("five") == 1  # told once
    text = fit_says(capsys, table, "--overwrite", "--strict")
    holds(text, "table.csv", "row 37", "'size'", "'five'", "data.missing", "kind")


def test_a_number_column_of_words_is_refused(tmp_path, capsys):
    table = plain(tmp_path, lambda columns: columns["size"].__setitem__(slice(10), ["big"] * 10))
    text = fit_says(capsys, table, settings={**TINY, "inputs.size.kind": "number"})
    holds(text, "'size': 10 of 40 cells are not a number, more than the 20%", "row 1: 'big'")


def test_text_in_a_number_target(tmp_path, capsys):
    table = plain(tmp_path, lambda columns: columns["price"].__setitem__(36, "cheap"))
    strict = {**TINY, "targets.price.kind": "number", "data.on_error": "fail"}
    text = fit_says(capsys, table, settings=strict)
    holds(text, "table.csv", "row 37", "'price'", "'cheap'", "targets.price.kind")


def test_text_in_a_number_column_can_be_named_missing(tmp_path):
    table = plain(tmp_path, lambda columns: columns["size"].__setitem__(36, "about 5"))
    torso.fit(table, TARGETS, settings={**TINY, "data.missing": ["about 5"]})


def test_text_in_a_number_column_at_prediction(simple, tmp_path, capsys):
    table = plain(tmp_path, lambda columns: columns["size"].__setitem__(11, "n.a. today"))
    assert tables.torso("predict", simple, table, "-o", tmp_path / "answers.csv") == 0
    holds("".join(capsys.readouterr()), "1 cell of 'size'", "row 12, 'n.a. today': not a number")
    assert len(pd.read_csv(tmp_path / "answers.csv")) == 40


def test_the_row_is_right_far_down_a_long_table(simple, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("torso.runs.predicting.answering.PIECE", 8)
    table = plain(tmp_path, lambda columns: columns["size"].__setitem__(21, "x"))
    assert tables.torso("predict", simple, table, "-o", tmp_path / "a.csv") == 0
    holds("".join(capsys.readouterr()), "1 cell of 'size'", "row 22")


def test_infinite_and_nan_numbers_are_missing_and_infinity_is_reported(tmp_path):
    def edit(columns):
        columns["size"][:3] = ["inf", "-inf", "nan"]
        columns["price"][:2] = ["inf", "nan"]

    out = tmp_path / "run"
    torso.fit(plain(tmp_path, edit), TARGETS, out=out, settings=TINY)
    assert [(one["row"], one["column"]) for one in skips(out)] == [
        (1, "size"),
        (2, "size"),
        (1, "price"),
    ]
    labels = json.loads((out / "metrics.json").read_text())["usage"]["labels"]
    assert sum(split["price"] for split in labels.values()) == 38


def test_infinite_nan_and_huge_numbers_at_prediction_give_finite_answers(simple):
    columns = tables.plain(8)
    columns["size"][:5] = [np.inf, -np.inf, np.nan, 1e300, -1e300]
    answers = torso.load(simple).predict(columns)
    assert len(answers) == 8
    assert np.isfinite(answers.select_dtypes("number").to_numpy()).all()
    assert answers["price"][0] == answers["price"][1] or columns["note"][0] != columns["note"][1]


def test_unseen_categories_lose_no_row(simple):
    columns = tables.plain(8)
    columns["shop"][:4] = ["Zoë", "Yann", "", None]
    columns["colour"][0] = "mauve"  # a class that training did not have
    predictor = torso.load(simple)
    answers = predictor.predict(columns)
    assert len(answers) == 8
    evaluation = predictor.evaluate(columns, resamples=0, details=True)
    assert [(cell.row, cell.cell) for cell in evaluation.skipped] == [(1, "mauve")]
    assert evaluation.reports["colour"].labels == 8  # and counts as wrong


@pytest.mark.parametrize("as_type", [int, float, str, "Int64", "category", "string", object])
def test_another_dtype_at_prediction_gives_the_same_answers(as_type, tmp_path):
    columns = tables.plain()
    columns["size"] = [round(x) for x in columns["size"]]
    columns["shop"] = [len(x) + 1 for x in columns["shop"]]
    columns["colour"] = [len(x) for x in columns["colour"]]
    settings = {**TINY, "inputs.shop.kind": "category"}
    predictor = torso.fit(write(tmp_path / "t.csv", columns), TARGETS, settings=settings)
    frame = pd.DataFrame(columns)
    expected = predictor.predict(tmp_path / "t.csv")
    for name in ("size", "shop", "colour"):
        frame[name] = frame[name].astype(as_type)
    pd.testing.assert_frame_equal(predictor.predict(frame), expected)
    ours, theirs = (
        {task: report.to_dict() for task, report in predictor.evaluate(source, resamples=0).items()}
        for source in (frame, tmp_path / "t.csv")
    )
    assert str(ours) == str(theirs)


def test_a_boolean_in_training_may_be_text_at_prediction(tmp_path):
    columns = tables.plain()
    columns["wet"] = [row % 2 == 0 for row in range(40)]
    columns["loud"] = [row % 2 == 0 for row in range(40)]
    predictor = torso.fit(columns, TARGETS, settings=TINY)
    answers = predictor.predict(columns)
    assert answers["loud"].dtype == bool
    columns["wet"] = [str(cell) for cell in columns["wet"]]
    columns["loud"] = [str(cell) for cell in columns["loud"]]
    pd.testing.assert_frame_equal(predictor.predict(columns), answers)
    assert predictor.evaluate(columns, resamples=0)["loud"].labels == 40


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content,part", [("", "is empty"), ("a,b\n", "only a header"), ("\n\n", "is empty")]
)
@pytest.mark.parametrize("command", ["inspect", "fit", "predict", "evaluate"])
def test_an_empty_table(content, part, command, simple, tmp_path, capsys):
    table = tmp_path / "empty.csv"
    table.write_text(content)
    arguments = {
        "inspect": [table],
        "fit": [table, "--target", "a", "-o", tmp_path / "run"],
        "predict": [simple, table, "-o", tmp_path / "answers.csv"],
        "evaluate": [simple, table],
    }
    holds(says(capsys, command, *arguments[command]), "empty.csv", part)


def test_a_table_that_is_not_there(tmp_path, capsys):
    plain(tmp_path)
    text = says(capsys, "fit", tmp_path / "tabel.csv", "--target", "loud")
    holds(text, "tabel.csv", "not found", "Did you mean", "table.csv'?")


NAMES = [
    "items",
    "type",
    "a.b",
    "keys",
    "forward",
    "training",
    "ü ß",
    "x[/y]",
    "on",
    "1",
    "a:b",
    "numbers",
]


def test_names_that_python_and_torch_dislike_just_work(tmp_path, capsys):
    columns = tables.plain()
    targets = {"colour": "items", "loud": "type", "price": "a.b"}
    table = {targets.get(name, name): cells for name, cells in columns.items()}
    rest = [name for name in NAMES if name not in table]
    rng = np.random.default_rng(0)
    table |= {name: rng.normal(size=40).round(2).tolist() for name in rest}
    table["numbers"] = columns["note"]  # a text column called like the modality of all numbers
    path, out = write(tmp_path / "t.csv", table), tmp_path / "run"
    tasks = [part for task in targets.values() for part in ("-t", task)]
    settings = {**TINY, "inputs.numbers.kind": "text", "targets.a.b.kind": "number"}
    assert tables.torso("fit", path, *tasks, "-o", out, *options(settings)) == 0, (
        capsys.readouterr()
    )
    assert set(rest) <= set(torso.load(out).schema.inputs)
    assert tables.torso("predict", out, path, "-o", tmp_path / "a.csv", "--keep", "x[/y]") == 0
    answers = tables.read(tmp_path / "a.csv")
    assert next(iter(answers)) == "x[/y]"
    assert {"items", "type", "a.b", "a.b_spread"} <= set(answers)
    assert tables.torso("evaluate", out, path) == 0
    assert tables.torso("inspect", path, *tasks) == 0


def test_the_same_names_as_targets_and_as_separate_trunks(tmp_path):
    columns = tables.plain()
    names = ["items", "type", "a.b", "x[/y]", "parameters"]
    table = {"size": columns["size"]} | dict.fromkeys(names, columns["price"])
    run = torso.fit(
        table,
        names,
        inputs=["size"],
        out=tmp_path / "run",
        settings={**TINY, "sharing": "separate"},
    )
    assert list(torso.load(tmp_path / "run").reports) == list(run.reports) == names


@pytest.mark.parametrize("kind", ["category", "binary", "number"])
def test_a_target_with_one_value(kind, tmp_path, capsys):
    table = plain(tmp_path, lambda columns: columns.update(loud=["7"] * 40))
    text = fit_says(capsys, table, settings={**TINY, "targets.loud.kind": kind})
    holds(text, "table.csv", "'loud'", "two values", "7", "Leave it out")


def test_a_target_without_any_label(tmp_path, capsys):
    table = plain(tmp_path, lambda columns: columns.update(loud=[""] * 40))
    text = fit_says(capsys, table, settings={**TINY, "targets.loud.kind": "category"})
    holds(text, "table.csv", "'loud'", "no label")


def test_a_class_seen_once(tmp_path):
    for row in (0, 1, 2, 3, 4, 5):  # in one split or another
        table = plain(
            tmp_path, lambda columns, row=row: columns["colour"].__setitem__(row, "mauve")
        )
        run = torso.fit(table, TARGETS, settings=TINY)
        known = "mauve" in run.schema.targets["colour"].names
        assert [cell.cell for cell in run.skipped] == ([] if known else ["mauve"])
        assert len(run.predict(table)) == 40


def test_a_class_seen_once_with_a_stratified_split(tmp_path):
    table = plain(tmp_path, lambda columns: columns["colour"].__setitem__(5, "mauve"))
    torso.fit(table, TARGETS, settings={**TINY, "data.split.stratify": "colour"})


def test_a_target_that_is_also_an_input(tmp_path, capsys):
    with pytest.raises(ConfigError, match=r"not both. Found \['price'\]"):
        torso.fit(plain(tmp_path), TARGETS, inputs=["size", "price"], settings=TINY)
    text = fit_says(capsys, plain(tmp_path), settings={**TINY, "inputs.price.kind": "number"})
    holds(text, "['price']", "`inputs`")


def test_an_unknown_target_or_column(tmp_path, capsys):
    table = plain(tmp_path)
    text = says(capsys, "fit", table, "--target", "color")
    holds(text, "table.csv", "'color'", "Did you mean 'colour'?")
    holds(fit_says(capsys, table, "--set", "inputs.sise.kind=number"), "Did you mean 'size'?")
    holds(fit_says(capsys, table, "--set", "data.split.group=shopp"), "Did you mean 'shop'?")
    holds(fit_says(capsys, table, "--set", "data.split.stratify=shopp"), "Did you mean 'shop'?")


@pytest.mark.parametrize(
    "setting,parts",
    [
        ("trainig.epochs=3", ["'trainig'", "Did you mean 'training'?"]),
        ("training.epoch=3", ["`training`", "'epoch'", "Did you mean 'epochs'?"]),
        ("data.rot=x", ["`data`", "'rot'", "Did you mean 'root'?"]),
        ("data.split.grup=shop", ["`data.split`", "'grup'", "Did you mean 'group'?"]),
        ("training.epochs=many", ["`training.epochs`", "integer", '"many"']),
        ("training.epochs=0", ["`training.epochs`", "greater than or equal to 1", "0"]),
        ("training.device=gpu", ["`training.device`", '"gpu"', "cpu"]),
        ("data.split.test=1.5", ["`data.split.test`", "less than 1"]),
        ("data.split.test=0.95", ["data.split.test", "below 1", "0.95"]),
        ("data=5", ["`data`", "5"]),
        ("inputs.size=5", ["`inputs.size`", "kind", "5"]),
        ("inputs.size.kind=numbr", ["'numbr'", "Did you mean 'number'?"]),
        ("inputs.size.knd=number", ["'knd'", "number"]),
        ("targets.loud.kind=bool", ["'bool'", "binary"]),
        ("fusion=concatt", ["'concatt'", "Did you mean 'concat'?"]),
        ("fusion.hiden=3", ["'hiden'", "Did you mean 'hidden'?"]),
        ("sharing=hrad", ["'hrad'", "Did you mean 'hard'?"]),
        ("balancing=equl", ["'equl'", "Did you mean 'equal'?"]),
        ("balancing={type: fixed, weights: {loudd: 2}}", ["loudd", "loud"]),
        ("encoders.nte=transformer", ["'nte'", "Did you mean 'note'?"]),
        ("encoders.note=transfomer", ["transfomer", "transformer"]),
        ("encoders.note.dept=2", ["'dept'", "Did you mean 'depth'?"]),
        ("heads.colr=softmax", ["'colr'", "Did you mean 'colour'?"]),
        ("heads.colour=softmaxx", ["softmaxx", "softmax"]),
        ("fusion={kind: gated}", ["'kind'", "concat"]),
        ("fusion=nowhere.at:All", ["'nowhere.at:All'", "Cannot import"]),
        ("epochs", ["training.epochs=5", "'epochs'"]),
        ("dim=[", ["'dim=['", "YAML"]),
    ],
)
def test_an_unknown_key_part_or_setting(setting, parts, tmp_path, capsys):
    holds(fit_says(capsys, plain(tmp_path), "--set", setting), *parts)


def test_a_setting_is_refused_before_any_file_is_decoded(table, monkeypatch):
    def decoded(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr("torso.columns.inputs.image.decode_image", decoded)
    for bad in (
        {"fusion.hiden": 3},
        {"balancing": "equl"},
        {"training.device": "gpu"},
        {"heads.x": "y"},
    ):
        with pytest.raises(ConfigError):
            torso.fit(table, TARGETS, settings={**TINY, **MEDIA, **bad})


def test_a_config_that_is_none(tmp_path, capsys):
    table = plain(tmp_path)
    holds(fit_says(capsys, table, "--config", tmp_path / "no.yaml"), "no.yaml", "No such file")
    (tmp_path / "bad.yaml").write_text("a: [")
    holds(fit_says(capsys, table, "--config", tmp_path / "bad.yaml"), "bad.yaml", "YAML")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    holds(fit_says(capsys, table, "--config", tmp_path / "list.yaml"), "list.yaml", "mapping")


def test_nothing_to_do(tmp_path, capsys):
    holds(says(capsys, "fit", plain(tmp_path)), "No target", "--target")
    holds(says(capsys, "fit", "--target", "loud"), "No table", "data.table")
    columns = {"loud": ["yes", "no"] * 20, "same": ["x"] * 40}
    holds(says(capsys, "fit", write(tmp_path / "t.csv", columns), "--target", "loud"), "input")


def test_too_few_rows_for_a_split(tmp_path, capsys):
    text = fit_says(capsys, plain(tmp_path, rows=2))
    holds(text, "table.csv", "split", "2 rows", "data.split")


# --- at prediction, and runs on disk ------------------------------------------------------------------


def test_a_table_without_a_trained_column(simple, tmp_path, capsys):
    columns = tables.plain(6)
    columns["sizes"] = columns.pop("size")
    table = write(tmp_path / "new.csv", columns)
    text = says(capsys, "predict", simple, table, "-o", tmp_path / "a.csv", "--strict")
    holds(text, "new.csv", "'size'", "Did you mean 'sizes'?", "empty cells")


def test_a_table_without_any_target_cannot_be_evaluated(simple, tmp_path, capsys):
    columns = {name: cells for name, cells in tables.plain(6).items() if name in INPUTS}
    text = says(capsys, "evaluate", simple, write(tmp_path / "new.csv", columns))
    holds(text, "new.csv", "no target column", "colour")


def test_an_answer_called_like_a_kept_column(simple, tmp_path, capsys):
    table = write(tmp_path / "new.csv", tables.plain(6))
    text = says(capsys, "predict", simple, table, "-o", tmp_path / "a.csv", "--keep", "price")
    holds(text, "`keep`", "'price'", "Rename")


def test_an_unknown_kind_of_answers(simple, tmp_path, capsys):
    table = write(tmp_path / "new.csv", tables.plain(6))
    text = says(capsys, "predict", simple, table, "-o", tmp_path / "answers.xls")
    holds(text, "answers.xls", ".csv", ".parquet")


def test_a_folder_that_is_no_run(tmp_path, capsys):
    table = plain(tmp_path)
    (tmp_path / "empty").mkdir()
    for folder, part in (("empty", "not a finished run"), ("nowhere", "does not exist")):
        text = says(capsys, "predict", tmp_path / folder, table, "-o", tmp_path / "a.csv")
        holds(text, folder, part)
    text = says(capsys, "fit", table, "-t", "loud", "-o", tmp_path / "empty", "--resume")
    holds(text, "empty", "nothing to resume")


@pytest.fixture
def copy(simple, tmp_path):
    """A run that a test may damage."""
    for file in simple.iterdir():
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    return tmp_path / "copy"


def test_a_run_written_by_a_newer_version(copy, tmp_path, capsys):
    schema = json.loads((copy / "schema.json").read_text())
    (copy / "schema.json").write_text(json.dumps({**schema, "format": 99, "torso": "9.1"}))
    (copy / "run.yaml").write_text("what: is this\n")
    text = says(capsys, "predict", copy, plain(tmp_path), "-o", tmp_path / "a.csv")
    holds(text, "copy", "9.1", "format 99", "Update")


def test_damaged_weights(copy, tmp_path, capsys):
    weights = (copy / "model.safetensors").read_bytes()
    for data in (b"", weights[:100], weights[:-50], b"\x80\x04pickle" + weights):
        (copy / "model.safetensors").write_bytes(data)
        text = says(capsys, "predict", copy, plain(tmp_path), "-o", tmp_path / "a.csv")
        holds(text, "model.safetensors", "damaged")


@pytest.mark.parametrize("name", ["schema", "vocabulary", "statistics", "metrics"])
@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"'])
def test_damaged_json(name, content, copy):
    (copy / f"{name}.json").write_text(content)
    with pytest.raises(RunError, match=rf"{name}\.json is damaged"):
        torso.load(copy)


@pytest.mark.parametrize("name", ["schema", "vocabulary", "statistics"])
def test_json_without_its_content(name, copy):
    (copy / f"{name}.json").write_text("{}")
    with pytest.raises(RunError, match="lack"):
        torso.load(copy)


def test_weights_of_another_model(copy):
    text = (copy / "run.yaml").read_text()
    (copy / "run.yaml").write_text(text.replace("dim: 8", "dim: 16"))
    with pytest.raises(RunError, match="do not fit the model"):
        torso.load(copy)


@pytest.mark.parametrize("place", ["fusion", "sharing", "encoders.note", "heads.loud"])
def test_a_run_cannot_make_code_run(copy, place):
    import yaml

    from torso.runs.settings.config import read_config
    from torso.runs.settings.paths import apply_settings

    values = read_config(copy / "run.yaml")
    apply_settings(values, {place: {"type": "os:system"}})
    (copy / "run.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError, match="import code from outside Torso"):
        torso.load(copy)


@pytest.mark.parametrize("room", ["inputs", "targets"])
def test_a_schema_cannot_make_code_run(copy, room):
    schema = json.loads((copy / "schema.json").read_text())
    next(iter(schema[room].values()))["kind"] = "os:system"
    (copy / "schema.json").write_text(json.dumps(schema))
    with pytest.raises(ConfigError, match="import code from outside Torso"):
        torso.load(copy)


def test_a_finished_run_is_not_overwritten_unasked(copy, tmp_path, capsys):
    table = plain(tmp_path)
    before = (copy / "model.safetensors").read_bytes()
    text = says(capsys, "fit", table, "-t", "loud", "-o", copy, *options(TINY))
    holds(text, "copy", "finished run", "--overwrite")
    assert (copy / "model.safetensors").read_bytes() == before
    holds(says(capsys, "fit", "-o", copy, "--resume"), "finished", "nothing to resume")
    assert tables.torso("fit", table, "-t", "loud", "-o", copy, "--overwrite", *options(TINY)) == 0
    assert list(torso.load(copy).schema.targets) == ["loud"]


def test_a_file_where_the_run_should_be(tmp_path, capsys):
    (tmp_path / "run").write_text("")
    holds(fit_says(capsys, plain(tmp_path)), "is a file", "folder")


# --- usage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["fitt"],
        ["fit", "--targett", "a"],
        ["predict"],
        ["predict", "run", "t.csv"],
        ["demo", "--rows", "0"],
    ],
)
def test_a_usage_error_is_explained_and_exits_with_2(arguments, capsys):
    assert tables.torso(*arguments) == 2
    err = capsys.readouterr().err
    holds(err, "Usage:")
    assert "Traceback" not in err


def test_debug_shows_the_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv("TORSO_DEBUG", "1")
    with pytest.raises(DataError):
        tables.torso("inspect", tmp_path / "no.csv")


def test_a_table_of_unusable_types(tmp_path):
    with pytest.raises(DataError, match="a mapping of columns"):
        torso.fit(5, ["a"])
    with pytest.raises(DataError, match="row 2, column 'size'"):
        torso.fit(
            {**tables.plain(3), "size": [1, object(), 2]}, TARGETS, inputs=["size"], settings=TINY
        )
    binary = pa.table({"x": [b"what is this", b"no idea"] * 20, "y": ["a", "b"] * 20})
    with pytest.raises(ConfigError, match="no known image, audio or video"):
        torso.fit(binary, ["y"], inputs=["x"])
