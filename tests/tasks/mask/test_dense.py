"""Masks and maps: what cells may hold, the decoder, hand-worked scores, and whole runs on real files."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import torso
from tests import small_tables as tables
from tests.pictures import SETTINGS, SIDE, png, rectangles, write
from torso.columns.inputs import ImageInput, TextInput
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.core.types import Tokens
from torso.tables.table import read_table
from torso.tasks import evaluate_task, fit_baseline
from torso.tasks.map import MapDecoder, MapTarget
from torso.tasks.mask import MaskDecoder, MaskTarget


def column(cells):
    return read_table({"x": cells}).column("x")


def npy(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def fitted(kind, cells):
    kind.fit(column(cells))
    return kind, kind.encode(column(cells), Reading())


# --- cells ----------------------------------------------------------------------------------------


def test_a_mask_is_the_same_as_picture_palette_array_and_list():
    values = np.array([[0, 7], [7, 200]], np.uint8)
    palette = Image.fromarray(values).convert("P")
    palette.putdata(values.ravel().tolist())
    palette.putpalette([*range(256)] * 3)
    stream = io.BytesIO()
    palette.save(stream, "PNG")
    colour = png(np.repeat(values[..., None], 3, axis=2))
    for cells in ([png(values)], [stream.getvalue()], [colour], [npy(values)], [values.tolist()]):
        kind, targets = fitted(MaskTarget(size=2), cells)
        assert kind.classes == ["0", "7", "200"]
        assert targets.tolist() == [[[0, 1], [1, 2]]]


def test_masks_are_brought_to_size_without_mixing_classes():
    big = np.kron(np.array([[0, 9], [5, 0]], np.uint8), np.ones((8, 8), np.uint8))
    kind, targets = fitted(MaskTarget(size=[4, 2]), [png(big)])
    assert kind.classes == ["0", "5", "9"]
    assert targets[0].tolist() == [[0, 2], [0, 2], [1, 0], [1, 0]]


def test_named_classes_ignored_pixels_and_gaps():
    cells = [[[0, 128], [255, 128]], None, [[0, 0], [128, 0]]]
    kind, targets = fitted(MaskTarget({"road": 128, "sky": 0}, ignore=255, size=2), cells)
    assert kind.names == ["road", "sky"]
    assert targets.tolist() == [[[1, 0], [-1, 0]], [[-1, -1]] * 2, [[1, 1], [0, 1]]]


def test_an_unknown_number_is_reported_and_wrong():
    kind, _ = fitted(MaskTarget(size=2), [[[0, 1], [1, 1]]])
    reading = Reading()
    assert kind.encode(column([[[0, 1], [3, 3]]]), reading).tolist() == [[[0, 1], [2, 2]]]
    assert [(one.row, one.cell, one.reason) for one in reading.log.skipped] == [
        (1, "[3]", "class unseen in training")
    ]


@pytest.mark.parametrize(
    ("kind", "cells", "message"),
    [
        (MaskTarget(size=2), [[[0, 0], [0, 0]]], r"column 'x'.*at least two classes.*Found \[0\]"),
        (MaskTarget(size=2), [[[0, 1], [0.5, 1]]], "row 1, column 'x': .*no whole numbers"),
        (MaskTarget(size=2), [[[0, 1], [1]]], "row 1, column 'x': lists of unequal lengths"),
        (MaskTarget(size=2), [[0, 1]], r"row 1, column 'x': a list of shape \(2,\)"),
        (
            MaskTarget({"a": 4, "b": 5}, size=2),
            [[[0, 1], [1, 1]]],
            r"\{'a': 4, 'b': 5\} were named",
        ),
        (MaskTarget(size=2), [png(np.full((2, 2, 3), (1, 2, 3), np.uint8))], "1 of 1 files"),
        (MapTarget(size=2), [[[1.0, 1.0]]], "at least two values.*Found 1 everywhere in channel 0"),
        (
            MapTarget(size=1),
            [[[[1.0, 2.0, 3.0]]]],
            r"not of 1 channel; a picture needs `colours: true`",
        ),
        (MapTarget(channels=3, size=2), [[[1.0, 2.0]]], r"shape \(1, 2, 1\), not of 3 channels"),
    ],
)
def test_errors_say_where(kind, cells, message):
    with pytest.raises(DataError, match=message):
        kind.fit(column(cells))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaskTarget(size=[4]), r"height, width.*Found \[4\]"),
        (lambda: MaskTarget({"a": 1, "b": 1}), "a number of its own"),
        (lambda: MaskTarget(["a", "b"], ignore=1), "not in `ignore`"),
        (lambda: MapTarget(channels=0), "at least 1. Found 0"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_map_keeps_its_numbers_and_its_gaps():
    values = np.array([[1.5, np.nan], [0.0, 70000.0]])
    for cell in (npy(values), values.tolist()):
        kind, targets = fitted(MapTarget(ignore=0, size=2), [cell, None])
        np.testing.assert_array_equal(targets[0], [[[1.5], [np.nan]], [[np.nan], [70000.0]]])
        assert np.isnan(targets[1]).all()
        assert kind.mean == [35000.75]
    deep = np.array([[0, 40000], [1, 2]], np.uint16)
    _, targets = fitted(MapTarget(size=2), [png(deep)])
    assert targets[0, ..., 0].tolist() == deep.tolist()


def test_answers_are_labels_again():
    kind, targets = fitted(MaskTarget({"b": 300, "a": 0}, size=2), [[[0, 300], [300, 0]]])
    answers = kind.columns("x", targets, {})["x"].to_pylist()
    assert np.array_equal(kind.encode(column(answers), Reading()), targets)
    kind, targets = fitted(MapTarget(channels=2, size=[1, 2]), [[[[0.5, 2.0], [1.5, 3.0]]]])
    answers = kind.columns("x", targets, {})["x"].to_pylist()
    assert np.array_equal(kind.encode(column(answers), Reading()), targets)


# --- which picture --------------------------------------------------------------------------------


def test_the_only_picture_is_meant_and_wishes_for_a_pyramid():
    kind = MaskTarget()
    kind.bind("area", {"note": TextInput(), "photo": ImageInput()})
    assert kind.encoders() == {"photo": "pyramid"}
    with pytest.raises(ConfigError, match=r"\['one', 'two'\].*targets.area.of=COLUMN"):
        MaskTarget().bind("area", {"one": ImageInput(), "two": ImageInput()})
    with pytest.raises(ConfigError, match=r"'tow'.*Did you mean 'two'"):
        MaskTarget(of="tow").bind("area", {"one": ImageInput(), "two": ImageInput()})


@pytest.mark.parametrize("length", [1, 12])
def test_tokens_that_are_no_grid_are_refused(length):
    head = MaskDecoder(4, 4, "photo", [3, 3], 2)
    tokens = Tokens(torch.zeros(2, length, 4), torch.ones(2, length, dtype=torch.bool))
    with pytest.raises(ConfigError, match=f"Found {length} of 'photo'.*type=pyramid"):
        head(torch.zeros(2, 4), {"photo": tokens})


def test_places_of_the_answer_are_places_of_the_grid():
    """A token moves the answer around its own place, and a row without the picture is answered by its vector."""
    torch.manual_seed(0)
    head = MaskDecoder(4, 4, "photo", [32, 16], 2).eval()
    values, mask = torch.randn(2, 64, 4), torch.ones(2, 64, dtype=torch.bool)
    mask[1] = False
    before = head(torch.ones(2, 4), {"photo": Tokens(values, mask)})
    assert before.shape == (2, 2, 32, 16)
    changed = values.clone()
    changed[:, 8] += 1.0  # second row, first column
    after = head(torch.ones(2, 4), {"photo": Tokens(changed, mask)})
    moved = (after - before).abs().amax(dim=1)
    assert torch.equal(before[1], after[1])
    assert moved[0, :16, :8].amax() > 0
    assert moved[0, 24:].amax() == 0
    assert moved[0, :, 12:].amax() == 0


# --- likelihoods and scores -----------------------------------------------------------------------


def test_the_likelihood_of_a_mask_is_that_of_its_labelled_pixels():
    head = MaskDecoder(4, 4, "photo", [1, 3], 2)
    outputs = torch.tensor([[[[0.0, 2.0, 5.0]], [[0.0, 0.0, 0.0]]]])
    targets = torch.tensor([[[0, 1, -1]]], dtype=torch.int16)
    expected = (np.log(2) + np.log(1 + np.exp(2.0))) / 2
    assert head.nll(outputs, targets).item() == pytest.approx(expected, rel=1e-6)
    outputs[..., 2] = 1e30
    assert head.nll(outputs, targets).item() == pytest.approx(expected, rel=1e-6)


def test_the_scale_of_a_map_is_refitted_by_channel():
    head = MapDecoder(4, 4, "photo", [1, 2], [10.0, 0.0], [2.0, 1.0])
    targets = torch.tensor([[[[12.0, 0.5], [8.0, np.nan]]]])
    outputs = torch.zeros(1, 1, 2, 2)
    assert head.nll(outputs, targets).item() == pytest.approx((1 + 1 + 0.5) / 3 + np.log(2), 1e-2)
    head.calibrate(outputs, targets)
    np.testing.assert_allclose(head._scale().detach(), [1.0, 0.5], rtol=1e-5)
    assert head.predict(outputs)[0, 0, 0].tolist() == [10.0, 0.0]


def test_iou_and_accuracy_by_hand():
    truth = np.array([[[0, 0, 1, 1]], [[1, 1, -1, 0]]])
    prediction = np.array([[[0, 1, 1, 1]], [[1, 0, 1, 0]]])
    report = evaluate_task(
        "mask", prediction, truth, fit_baseline("mask", truth), names=["sky", "road", "sea"]
    )
    # sky: 2 shared of 4 in either; road: 3 shared of 5
    assert report.by_name["sky"]["iou"].value == pytest.approx(2 / 4)
    assert report.by_name["road"]["iou"].value == pytest.approx(3 / 5)
    assert np.isnan(report.by_name["sea"]["iou"].value)
    assert report.metrics["mean_iou"].value == pytest.approx((2 / 4 + 3 / 5) / 2)
    assert report.metrics["pixel_accuracy"].value == pytest.approx(5 / 7)
    assert report.baseline["pixel_accuracy"] == pytest.approx(4 / 7)  # 0 0 1 0: ties to the first


def test_map_errors_by_hand():
    truth = np.array([[[[0.0], [2.0]]], [[[4.0], [np.nan]]]])
    prediction = np.array([[[[1.0], [2.0]]], [[[2.0], [9.0]]]])
    report = evaluate_task("map", prediction, truth, fit_baseline("map", truth))
    assert report.metrics["mae"].value == pytest.approx(1.0)
    assert report.metrics["rmse"].value == pytest.approx(np.sqrt(5 / 3))
    assert report.metrics["r2"].value == pytest.approx(1 - 5 / 8)
    assert report.baseline["mae"] == pytest.approx(4 / 3)  # 2 and 2 everywhere


# --- whole runs -----------------------------------------------------------------------------------


def test_masks_and_maps_from_files_to_files(tmp_path):
    drawn = rectangles()
    areas = write(tmp_path, "areas", drawn["mask"] * 100)
    areas[3] = ""
    (tmp_path / "areas/5.png").write_bytes(b"no picture")
    columns = {
        "photo": write(tmp_path, "photos", drawn["photo"]),
        "area": areas,
        "depth": write(tmp_path, "depths", 50 + drawn["mask"] * 20),
    }
    table = tables.write(tmp_path / "table.csv", columns)
    targets = {
        "area": {"kind": "mask", "size": SIDE, "classes": {"none": 0, "red": 100, "green": 200}},
        "depth": {"kind": "map", "size": [SIDE, 8]},
    }
    small = {f"heads.{task}": {"width": 12} for task in targets}
    settings = {**SETTINGS, **small, "data.cache": str(tmp_path / "cache")}
    run = torso.fit(table, targets, settings=settings, out=tmp_path / "run")
    assert run.config.encoders["photo"]["type"] == "pyramid"
    assert [cell.column for cell in run.skipped] == ["area"]
    assert "damaged" in run.skipped[0].reason or "not a PNG" in run.skipped[0].reason
    loaded = torso.load(tmp_path / "run")
    reports = loaded.evaluate(table, resamples=100)
    assert reports["area"].labels == 46
    assert reports["area"].verdict() == "better"
    assert reports["area"].metrics["mean_iou"].value > 0.6
    assert set(reports["area"].by_name) == {"none", "red", "green"}
    assert reports["depth"].verdict() == "better"
    answers = loaded.predict(table)
    mask = np.asarray(Image.open(io.BytesIO(answers.area[0])))
    assert mask.shape == (SIDE, SIDE)
    assert (mask == drawn["mask"][0] * 100).mean() > 0.8
    depth = np.load(io.BytesIO(answers.depth[0]))
    assert depth.shape == (SIDE, 8)
    assert 40 < depth.min() < depth.max() < 100


def test_text_cannot_hold_masks_and_says_what_can(tmp_path, capsys, monkeypatch):
    drawn = rectangles(24)
    frame = pd.DataFrame({"photo": [*map(png, drawn["photo"])], "area": [*map(png, drawn["mask"])]})
    settings = {**SETTINGS, "training.epochs": 1, "data.cache": None}
    torso.fit(frame, {"area": {"kind": "mask", "size": 8}}, settings=settings, out=tmp_path / "run")
    frame[["photo"]].to_parquet(tmp_path / "table.parquet")
    ask = ("predict", tmp_path / "run", tmp_path / "table.parquet", "-o")
    with monkeypatch.context() as patched:  # it is said before the work
        patched.delattr("torso.runs.predicting.answering.Answering.predict")
        assert tables.torso(*ask, tmp_path / "answers.csv") != 0
    assert "Write Parquet instead" in " ".join(capsys.readouterr().err.split())
    assert tables.torso(*ask, tmp_path / "answers.parquet") == 0
    assert len(pd.read_parquet(tmp_path / "answers.parquet").area[0]) > 20
