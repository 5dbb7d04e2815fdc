"""What a column is, why, and what is suspicious about it; on made tables and on the real ones."""

import io
import subprocess
import sys
import time
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import soundfile
from PIL import Image

from tests import videos
from tests.places import DATA, SOURCE
from torso.core.errors import DataError
from torso.inference.leaks import leak_score
from torso.inference.report import ColumnReport, infer_target, inspect_table
from torso.runs.prepare import prepare
from torso.tables.table import read_table

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder (TORSO_DATA)")
RNG = np.random.default_rng(0)
WORDS = ["red", "green", "blue", "cyan", "pink", "grey", "teal", "gold"]


def sentence() -> str:
    return " ".join(RNG.choice(WORDS, 9))


def report(values, **options) -> ColumnReport:
    return inspect_table(read_table({"x": values}), **options)[0]


def png(colour: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), colour).save(stream, "PNG")
    return stream.getvalue()


def wav(samples: int = 10) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(samples), 8000, format="WAV")
    return stream.getvalue()


# --- kinds of input ---------------------------------------------------------------------------------

INPUTS = {
    "image": [
        [f"in/{i}.{e}" for i in range(10) for e in ("png", "JPG", "webp")],
        [png(), None, png("blue")],
    ],
    "video": [
        [f"in/{i}.{e}" for i in range(5) for e in ("mp4", "MOV", "webm", "mkv", "avi")],
        [videos.mp4(videos.grey([9, 200])), None, videos.mp4(videos.grey([5]), "matroska")],
    ],
    "audio": [[f"{i}.wav" for i in range(9)] + ["readme.txt"], [wav(), wav(20), None]],
    "vector": [
        [[1.0, 2.0], [3.0, 4.0], None],
        ["[1, 2, 3]", "[4, 5, 6]", None, "[7, 8, 9.5]"],
    ],
    "sequence": [
        [[[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]],
        ["[[1, 2]]", "[[1, 2], [3, 4]]"],
    ],
    "datetime": [
        [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)],
        ["2024-01-01", "2024-02-01T10:30", "2023-03-01 10:30:00.5Z", "2022/03/01"],
    ],
    "binary": [
        [True, False, None],
        ["yes", "no", "yes", "yes"],
        [0, 1, 1, 0],
        [1.0, 2.0, None, 1.0],
    ],
    "category": [WORDS * 5, [f"A{i % 40}" for i in range(400)]],
    "number": [
        [1, 2, 3] * 9,
        RNG.normal(size=50).tolist(),
        [*map(str, range(0, 95, 2)), "oops", "1.5"],
    ],
    "name": [
        [f"{a.title()} & Sons" for a in WORDS for _ in range(2)] * 5
        + [f"{a} {b}" for a in WORDS for b in WORDS],
        [f"{a}{b}{c}" for a in WORDS for b in WORDS for c in WORDS],  # single words, no codes
        [chr(0x4E00 + 7 * i) + chr(0x4E00 + 11 * i) for i in range(300)],  # a script without spaces
    ],
    "set": [
        [["a"], ["b"]],
        ["a;b", "b;c", "a;c"] * 9,
        [str(["a", "b"][: i % 3]) for i in range(9)],
    ],
    "text": [
        [sentence() for _ in range(50)],
        [sentence() for _ in range(30)] * 10,  # sentences that repeat
    ],
}


@pytest.mark.parametrize(
    ("kind", "which"), [(k, i) for k, v in INPUTS.items() for i in range(len(v))]
)
def test_each_kind_of_input_is_recognised(kind, which):
    found = report(INPUTS[kind][which])
    assert (found.kind, found.use) == (kind, True), found
    assert found.why and len(found.example) <= 40


def test_few_whole_numbers_stay_numbers_as_input_and_say_why():
    assert "kept as numbers for their order" in report([1, 2, 3] * 9).why


@pytest.mark.parametrize(
    "values",
    [
        [[1.0], [1.0, 2.0], [1.0, 2.0, 3.0]],
        [[[1.0]], [[1.0, 2.0]]],
        [[{"a": 1}], [{"a": 2}]],
        [b"zzz", b"yyy"],
        [{"a": 1}, {"a": 2}],
        [None, None],
    ],
)
def test_what_fits_no_kind_is_left_out_and_says_why(values):
    found = report(values)
    assert found.kind == "" and found.why and not found.use


def test_a_settled_kind_wins():
    found = report([1, 2, 3] * 9, kinds={"x": "category"})
    assert (found.kind, found.use, found.why) == ("category", True, "you said so")
    with pytest.raises(DataError, match="Unknown column 'y'"):
        report([1, 2], kinds={"y": "number"})
    with pytest.raises(DataError, match="Unknown column 'y'"):
        report([1, 2], targets=["y"])


# --- warnings ---------------------------------------------------------------------------------------


def test_the_cure_for_text_in_bytes_is_one_word_of_a_shell():
    table = read_table({"a note": [b"zzz", b"yyy"]})
    assert "--set 'inputs.a note.kind=text'" in inspect_table(table)[0].why


@pytest.mark.parametrize("values", [[5] * 20, ["a", None, "a"], [True] * 9, [date(2024, 1, 1)] * 3])
def test_constants_are_left_out(values):
    found = report(values)
    assert not found.use and "nothing to learn" in found.warnings[0]


@pytest.mark.parametrize("value", ["yes", 1, 2.5, True])
def test_one_value_or_none_says_whether_a_row_has_something(value):
    found = report([value, None, value] * 5)
    assert found.use and found.kind == "category" and "one value or none" in found.why


def test_nearly_all_missing_is_left_out():
    found = report([1.5, 2.5, *[None] * 398])
    assert not found.use and "99.5% of the cells are missing" in " ".join(found.warnings)
    assert report([1.5, 2.5, *[None] * 98]).use


def test_twenty_values_are_read_however_many_cells_are_empty():
    values = ["rare", "rarer"] * 10
    found = report([*values, *[None] * 2480])
    assert found.use and "99.2% of the cells are missing" in " ".join(found.warnings)
    assert not report([*values[:19], *[None] * 2480]).use


@pytest.mark.parametrize(
    "values",
    [
        list(range(50)),
        list(range(1, 51)),
        [f"id_{i}" for i in range(50)],
        [f"{i:08x}" for i in RNG.permutation(200)],
        ["".join(RNG.choice(list("abcdefghij"), 32)) for _ in range(50)],
        [f"{w}{i}@example.org" for i in range(20) for w in WORDS],
        [f"{i:05d}" for i in range(50)],
    ],
)
def test_codes_and_row_counters_are_left_out(values):
    found = report(values)
    assert not found.use and "identifies a row" in found.warnings[0]


def test_a_bad_cell_in_a_number_column_is_named():
    found = report([*map(str, range(0, 60, 2)), "twelve", None, "7", "x"])
    assert found.kind == "number"
    assert found.warnings == ("2 of 34 cells are no number; the first is 'twelve' in row 31.",)


def test_markers_come_with_the_cure():
    found = report(["red", "?", "blue", "NA", "green"] * 10)
    assert found.kind == "category"
    assert """--set 'data.missing=["?", "NA"]'""" in found.warnings[0]
    found = report([*map(str, range(0, 60, 2)), "?", "-"])
    assert found.kind == "number" and """data.missing=["?", "-"]""" in found.warnings[0]


def test_files_that_are_not_there_are_counted(tmp_path):
    (tmp_path / "0.png").write_bytes(png())
    names = [f"{i}.png" for i in range(10)]
    assert report(names).warnings == ()  # a frame has no folder to look in
    said = report(names, roots=[tmp_path]).warnings[0]
    assert "9 of 10 files looked up" in said and "'1.png': file not found" in said
    (tmp_path / "t.csv").write_text("x\n0.png\n../0.png\n" + "0.png\n" * 8)
    assert (
        "'../0.png': a path that leaves"
        in inspect_table(read_table(tmp_path / "t.csv"))[0].warnings[0]
    )


# --- targets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False, None], "binary"),
        ([0, 1] * 5, "binary"),
        (["spam", "ham", "ham"], "binary"),
        ([1, 2, 3] * 9, "category"),
        ([1.0, 2.0, 3.0, None] * 9, "category"),
        (WORDS * 5, "category"),
        (["2am", "6am", "10am", "2pm"] * 9, "category"),  # times that recur name meals
        (["2024-01-01", "2024-07-01"] * 9, "binary"),
        (list(range(50)), "number"),
        ([0.5, 1.5, 2.5] * 9, "number"),
        ([*map(str, range(0, 80, 2)), "oops"], "number"),
        ([[1.0, 2.0], [3.0, 4.0]], "vector"),
        (["[1, 2]", "[3, 4]"], "vector"),
        ([["a"], ["a", "b"], []], "multilabel"),
        (['["a"]', '["a", "b"]'], "multilabel"),
        (["a|b", "b|c", "a", "a|c", "c|b|a"] * 5, "multilabel"),
        (["a; b", "b; c", "a; c"] * 5, "multilabel"),
    ],
)
def test_each_kind_of_target_is_recognised(values, kind):
    found, why = infer_target(read_table({"y": values}).column("y"))
    assert found == kind, why
    assert why


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["a"] * 9, "every label is 'a'"),
        ([None, None], "no cell holds a label"),
        ([sentence() for _ in range(60)], "no classes"),
        ([date(2024, 1, 1) + timedelta(i) for i in range(9)], "a date"),
        (
            [date(2024, 1, 1 + i) for i in range(3)] * 9,
            "a date",
        ),  # a type of dates says what it means
        ([str(date(2024, 1, 1) + timedelta(i)) for i in range(30)] * 5, "a date"),
        ([b"x", b"y", b"z"], "bytes are no labels"),
        ([[1.0, 2.0]] * 9, "every label is"),
        (["[1, 2]"] * 9, "every label is"),
        ([["a", "b"]] * 9, "every label is"),
        ([2**63 + i for i in range(9)], "every label is"),  # one number, as floats
        ([[[1.0]], [[2.0]]], "a sequence cannot be predicted"),
        ([[1.0], [1.0, 2.0]], "different lengths"),
    ],
)
def test_what_cannot_be_a_target_says_why(values, said):
    kind, why = infer_target(read_table({"y": values}).column("y"))
    assert kind == "" and said in why


def test_a_class_seen_once_is_mentioned():
    found = report([*WORDS * 5, "mauve"], targets=["x"])
    assert found.kind == "category" and not found.use
    assert "1 of its classes has a single row, such as 'mauve'" in found.warnings[0]


# --- leaks ------------------------------------------------------------------------------------------

CLASSES = pa.array(RNG.choice(WORDS, 600))


def score(values, target=CLASSES, *, numeric=False) -> float:
    return leak_score(pa.array(values), target, numeric=numeric)


def test_copies_in_any_dress_leak_completely():
    labels = CLASSES.to_pylist()
    assert score(labels) == 1
    assert score([WORDS.index(label) for label in labels]) == 1
    assert score([f"{label}-{i}" for i, label in enumerate(labels)]) > 0.95
    order = np.argsort(np.argsort(labels, kind="stable"))
    assert score(order) > 0.95


def test_noise_leaks_nothing():
    for values in (RNG.normal(size=600), RNG.integers(0, 5, 600), [sentence() for _ in range(600)]):
        assert score(values) < 0.2


def test_an_unrelated_group_that_repeats_does_not_leak():
    # One row per language for every thing: each thing's name recurs, the language does not follow from it.
    things = [f"thing_{i}" for i in range(120) for _ in range(5)]
    languages = pa.array(["de", "en", "fr", "it", "pl"] * 120)
    assert score(things, languages) < 0.2


def test_a_text_that_recurs_with_its_label_is_no_leak_of_its_own():
    texts = [sentence() for _ in range(120)]
    labels = RNG.choice(WORDS, 120)
    rows = np.repeat(np.arange(120), 5)
    assert score([texts[i] for i in rows], pa.array(labels[rows])) < 0.2


def test_numbers_leak_numbers():
    target = pa.array(RNG.normal(size=600))
    copied = 3 - 2 * np.array(target)
    assert score(copied, target, numeric=True) > 0.97
    assert score(copied + RNG.normal(size=600), target, numeric=True) < 0.9
    assert score(RNG.normal(size=600), target, numeric=True) < 0.2


def test_gaps_rare_classes_and_few_rows_are_survived():
    assert score([None] * 600) == 0
    assert score(range(20), CLASSES[:20]) == 0
    assert score(range(600), pa.array(["a"] * 597 + ["b"] * 3)) == 0  # three rows prove nothing
    assert score(range(600), pa.nulls(600, pa.string())) == 0
    assert score([float("inf"), *range(599)]) < 0.2


def test_a_code_that_leaks_gets_both_warnings():
    labels = sorted(CLASSES.to_pylist())
    table = read_table({"code": [f"{v}_{i}" for i, v in enumerate(labels)], "y": labels})
    code = inspect_table(table, ["y"])[0]
    assert not code.use
    assert any("identifies a row" in w for w in code.warnings)
    assert any("leaks the target 'y'" in w for w in code.warnings)


# --- the real tables --------------------------------------------------------------------------------


def leaking(table, targets, **options) -> dict[str, set[str]]:
    """Target -> the columns that are said to leak it."""
    reports = inspect_table(table, targets, **options)
    return {
        t: {r.name for r in reports if any(f"leaks the target {t!r}" in w for w in r.warnings)}
        for t in targets
    }


@needs_data
def test_emoji():
    table = read_table(DATA / "emoji" / "emoji.csv")
    assert leaking(table, ["group"]) == {"group": {"order", "hexcode", "key", "subgroup"}}
    found = {r.name: r for r in inspect_table(table, ["group"])}
    assert (found["group"].kind, found["label"].kind, found["label_zh"].kind) == (
        "category",
        "name",
        "name",
    )
    assert not found["hexcode"].use and not found["key"].use
    assert infer_target(table.column("vendors"))[0] == "multilabel"
    assert infer_target(table.column("version"))[0] == "number"


@needs_data
def test_talking_stamps():
    folder = DATA / "talking_stamps"
    rows = pd.read_csv(folder / "clips.csv", keep_default_na=False).merge(
        pd.read_csv(folder / "stamps.csv"), on="id"
    )
    table = read_table(rows)
    targets = ["category", "lang", "cartoon", "noflip", "seconds"]
    assert leaking(table, targets) == {
        "category": {"id", "subcategory"}, "lang": set(), "cartoon": set(), "noflip": set(), "seconds": set()
    }  # fmt: skip
    found = {
        r.name: r
        for r in inspect_table(table, targets, roots=[folder / "images.zip", folder / "audio.zip"])
    }
    kinds = {
        "image": "image",
        "audio": "audio",
        "sound_effect": "audio",
        "text": "text",
        "sfx_seconds": "number",
    }
    assert {name: found[name].kind for name in kinds} == kinds
    assert not any("cannot be read" in w for r in found.values() for w in r.warnings)
    assert [found[t].kind for t in targets] == [
        "category",
        "category",
        "binary",
        "binary",
        "number",
    ]
    assert 0.8 < found["sound_effect"].missing < 0.9 and found["sound_effect"].distinct == 134


@needs_data
def test_adult():
    names = [
        "age",
        "workclass",
        "fnlwgt",
        "education",
        "education_num",
        "marital_status",
        "occupation",
        "relationship",
        "race",
        "sex",
        "capital_gain",
        "capital_loss",
        "hours",
        "country",
        "income",
    ]
    raw = read_table(DATA / "adult" / "adult-train.csv.gz")
    table = read_table(raw.data.rename_columns(names))
    start = time.perf_counter()
    found = {r.name: r for r in inspect_table(table, ["income"])}
    assert time.perf_counter() - start < 5
    assert found["income"].kind == "binary" and found["workclass"].kind == "category"
    assert all(
        found[n].kind == "number"
        for n in ("age", "fnlwgt", "education_num", "capital_gain", "hours")
    )
    assert {r.name for r in found.values() if any("data.missing" in w for w in r.warnings)} == {
        "workclass", "occupation", "country"
    }  # fmt: skip
    assert leaking(table, ["income"]) == {"income": set()}
    assert leaking(table, ["education"]) == {"education": {"education_num"}}


@needs_data
def test_one_quantity_that_settles_another_is_no_leak():
    from scipy.io import arff

    table = read_table(pd.DataFrame(arff.loadarff(DATA / "mtr_mulan" / "enb.arff")[0]))
    assert leaking(table, table.names[-2:]) == {name: set() for name in table.names[-2:]}


# --- cost -------------------------------------------------------------------------------------------


def test_large_tables_are_judged_by_a_sample():
    rows = 300_000
    table = read_table(
        {
            "number": RNG.normal(size=rows),
            "word": RNG.choice(WORDS, rows),
            "code": [f"id_{i}" for i in range(rows)],
            "y": RNG.integers(0, 5, rows),
        }
    )
    start = time.perf_counter()
    kinds = [r.kind for r in inspect_table(table, ["y"])]
    assert kinds == ["number", "category", "text", "category"]
    assert time.perf_counter() - start < 5


def test_inspecting_imports_neither_pandas_nor_torch_nor_decoders(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,file\n" + "".join(f"{i % 7}.5,w{i % 3},{i}.png\n" for i in range(100)))
    code = f"""
import sys
from torso.inference.report import inspect_table
from torso.tables.table import read_table
inspect_table(read_table({str(path)!r}), ["b"])
heavy = {{"torch", "pandas", "PIL", "soundfile", "soxr", "scipy"}} & set(sys.modules)
assert not heavy, heavy
"""
    source = str(SOURCE)
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": source, "PATH": ""})


@pytest.mark.parametrize("write", [str, float])
def test_far_cells_are_told_before_a_training(write):
    values = [write(x) for x in np.random.default_rng(0).normal(size=60).round(3)]
    labels = [write(x) for x in np.random.default_rng(1).normal(size=60).round(3)]
    values[3], labels[7] = write(1e12), write(-1e30)
    x, y = inspect_table(read_table({"x": values, "y": labels}), ["y"])
    assert [
        w for w in x.warnings if "1 of 60 cells lies far from all others: 1" in w and "row 4" in w
    ]
    assert [w for w in y.warnings if "row 8. Such labels count as missing." in w]
    many = np.random.default_rng(0).lognormal(0.0, 3.0, 40_000).round(3)
    assert not inspect_table(read_table({"x": [write(x) for x in many]}))[0].warnings
    many[7777] = 1e15
    (x,) = inspect_table(read_table({"x": [write(x) for x in many]}))
    assert [w for w in x.warnings if "1 of 40000 cells" in w and "row 7778" in w]


@pytest.mark.parametrize("unit", [1e-300, 1e-13, 1e200])
def test_any_unit_and_a_wild_label_hide_no_leak_and_make_no_code(unit):
    values = np.random.default_rng(0).normal(size=100)
    labels = values + 1e-3
    labels[7] = 1e200
    table = read_table({"x": (values * unit).tolist(), "y": labels.tolist()})
    x, y = inspect_table(table, ["y"])
    assert (x.kind, x.use, y.kind) == ("number", True, "number")
    assert any("leaks the target" in warning for warning in x.warnings)


def test_a_fit_tells_an_unreadable_cell_once():
    table = read_table(
        {"size": [*map(str, range(60)), "each"], "y": [float(n % 7) for n in range(61)]}
    )
    told = prepare(table, targets=["y"]).notes
    assert [note for note in told if "each" in note] == [
        "1 cell of 'size' counted as missing; the first: row 61, 'each': not a number"
    ]
