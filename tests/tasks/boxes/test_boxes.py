"""Boxes: what cells may hold, overlap and matching by hand, average precision by hand, and a whole run."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import torso
from tests import small_tables as tables
from tests.pictures import SETTINGS, SIDE, png, rectangles, write
from torso.columns.reading import Reading
from torso.core.assignment import matched
from torso.core.errors import DataError
from torso.tables.table import read_table
from torso.tasks import evaluate_task, fit_baseline, labelled
from torso.tasks.boxes import BoxesTarget, BoxSet
from torso.tasks.boxes.box_geometry import centred, generalised_iou, likely

NAN = float("nan")


def column(cells):
    return read_table({"x": cells}).column("x")


# --- cells ----------------------------------------------------------------------------------------


def test_lists_objects_and_json_text_say_the_same():
    plain = [[10, 20, 30, 60, "cat"]]
    named = [{"x0": 10, "y0": 20, "x1": 30, "y1": 60, "class": "cat"}]
    for cells in ([json.dumps(plain), None], [json.dumps(named), ""], [named, None]):
        kind = BoxesTarget(picture=[100, 80], most=2)
        kind.fit(column(cells))
        targets = kind.encode(column(cells), Reading())
        np.testing.assert_allclose(
            targets[0], [[0.1, 0.25, 0.3, 0.75, 0], [NAN, NAN, NAN, NAN, -1]], rtol=1e-6
        )
        assert labelled(targets).tolist() == [True, False]


def test_nothing_is_a_label_and_an_empty_cell_is_none():
    cells = ["[]", "", "[[0, 0, 0.5, 1, 3], [0, 0, 2, 0.5, 12]]"]
    kind = BoxesTarget()
    kind.fit(column(cells))
    assert kind.classes == ["3", "12"]
    targets = kind.encode(column(cells), Reading())
    assert targets.shape == (3, 6, 5)
    assert labelled(targets).tolist() == [True, False, True]
    assert targets[2, 1].tolist() == [0.0, 0.0, 1.0, 0.5, 1.0]  # cut at the edge


def test_strange_classes_and_too_many_boxes_are_reported():
    kind, reading = BoxesTarget(most=1), Reading()
    kind.fit(column(['[[0, 0, 1, 1, "a"]]']))
    cells = ['[[0, 0, 1, 1, "b"]]', '[[0, 0, 1, 1, "a"], [0, 0, 0.5, 1, "a"]]']
    targets = kind.encode(column(cells), reading)
    assert targets[0, 0, 4] == 1
    assert labelled(targets).tolist() == [True, False]
    assert [(one.row, one.reason) for one in reading.log.skipped] == [
        (1, "class unseen in training"),
        (2, "more than `most`, which is 1"),
    ]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("cat", "row 2, column 'x': expected a list of boxes, found 'cat'"),
        ("[[0, 0, 1, 1]]", r"row 2, column 'x': expected boxes \[x0, y0, x1, y1, class\]"),
        ('[{"x0": 0}]', "row 2, column 'x': expected boxes"),
        ('[[0.5, 0, 0.2, 1, "a"]]', "row 2, column 'x': expected a box with x0 < x1"),
        ('[[10, 10, 20, 20, "a"]]', r"targets.x.picture=\[WIDTH,HEIGHT\]"),
        ('[[0, 0, NaN, 1, "a"]]', "row 2, column 'x': expected a box"),
    ],
)
def test_errors_say_where(cell, message):
    with pytest.raises(DataError, match=message):
        BoxesTarget().fit(column(['[[0, 0, 1, 1, "a"]]', cell]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"picture": [10]}, r"width, height\], above 0. Found \[10\]"),
        ({"most": 0}, "at least 1. Found 0"),
        ({"least": 2}, "from 0 to 1. Found 2"),
    ],
)
def test_settings_are_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        BoxesTarget(**wrong)


def test_sure_answers_come_first_in_the_unit_of_the_labels_and_can_be_read_again():
    kind = BoxesTarget(picture=[10, 20], least=0.4)
    kind.fit(column(['[[0, 0, 1, 1, "a"], [0, 0, 1, 1, "b"]]']))
    sure = [[0, 0, 0.5, 0.5, 1, 0.6], [0.1, 0, 0.5, 1, 0, 0.9], [0, 0, 1, 1, 0, 0.3]]
    answers = kind.columns("x", np.array([sure]), {})["x"]
    first, second = answers.to_pylist()[0]
    assert (first["class"], second["class"]) == ("a", "b")
    assert first["score"] == pytest.approx(0.9)
    assert [first[side] for side in ("x0", "y0", "x1", "y1")] == [1, 0, 5, 20]
    again = kind.encode(read_table({"x": answers}).column("x"), Reading())
    np.testing.assert_allclose(again[0, :2], np.array(sure)[[1, 0], :5], rtol=1e-6)


# --- overlap and matching -------------------------------------------------------------------------


def test_generalised_iou_by_hand():
    one = torch.tensor([0.0, 0.0, 2.0, 2.0])
    other = torch.tensor([[1.0, 1.0, 3.0, 3.0], [3.0, 0.0, 4.0, 2.0], [0.0, 0.0, 2.0, 2.0]])
    # 1 of 7 shared, 9 around; nothing shared of 6, 8 around; equal
    expected = [1 / 7 - 2 / 9, -2 / 8, 1.0]
    torch.testing.assert_close(generalised_iou(one.expand(3, 4), other), torch.tensor(expected))
    assert centred(other[1]).tolist() == [3.5, 1.0, 1.0, 2.0]


def test_boxes_without_area_have_finite_gradients():
    flat = torch.tensor([0.5, 0.5, 0.5, 0.5], requires_grad=True)
    generalised_iou(flat, torch.tensor([0.5, 0.5, 0.5, 0.5])).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(3, 5), st.integers(1, 3)), elements=st.floats(-9, 9))
)
def test_matching_is_the_cheapest_of_all(costs):
    rows, columns = matched(costs)
    ways = itertools.permutations(range(len(costs)), costs.shape[1])
    cheapest = min(sum(costs[row, at] for at, row in enumerate(way)) for way in ways)
    assert sorted(columns) == list(range(costs.shape[1]))
    assert costs[rows, columns].sum() == pytest.approx(cheapest)


def test_matching_survives_numbers_that_are_none():
    rows, columns = matched(np.array([[NAN, 1.0], [2.0, NAN], [np.inf, np.inf]]))
    assert dict(zip(rows.tolist(), columns.tolist(), strict=True)) == {0: 1, 1: 0}


def test_proposals_start_at_their_cells():
    head = BoxSet(4, 4, "photo", 2, cells=2)
    corners = head.corners(torch.zeros(1, 4, 7))
    middles = centred(corners)[0, :, :2]
    expected = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    torch.testing.assert_close(middles, expected)


def test_the_loss_by_hand():
    """One cell, one box that is right in class with probability 1/2 and shifted by a tenth."""
    head = BoxSet(4, 4, "photo", 1, cells=1)
    side = float(torch.sigmoid(torch.tensor(-1.0)))
    shifted = [0.6 - side / 2, 0.5 - side / 2, 0.6 + side / 2, 0.5 + side / 2]
    targets = torch.tensor([[[*shifted, 0.0]], [[NAN, NAN, NAN, NAN, -1.0]]])
    found = head.nll(torch.zeros(2, 1, 6), targets)
    shared = (side - 0.1) * side
    union = 2 * side**2 - shared
    around = (side + 0.1) * side
    overlap = shared / union - (around - union) / around
    assert found[0].item() == pytest.approx(np.log(2) + 5 * 0.1 + 2 * (1 - overlap), rel=1e-5)
    assert found[1].item() == pytest.approx(np.log(2), rel=1e-6)  # nothing, of two classes


def test_a_box_of_an_unknown_class_teaches_nothing():
    head = BoxSet(4, 4, "photo", 2, cells=2)
    outputs = torch.randn(1, 4, 7)
    box = [0.1, 0.1, 0.4, 0.5]
    strange = torch.tensor([[[*box, 1.0], [*box, 2.0]]])
    none = torch.tensor([[[*box, 1.0], [NAN, NAN, NAN, NAN, -1.0]]])
    assert torch.equal(head.nll(outputs, strange), head.nll(outputs, none))


# --- scores ---------------------------------------------------------------------------------------


def test_average_precision_by_hand():
    left, right, far = [0, 0, 0.4, 1], [0.5, 0, 1, 1], [0, 0.9, 0.1, 1]
    truth = np.array([[[*left, 0], [*right, 0]], [[*left, 0], [*right, 1]]], float)
    prediction = np.full((2, 4, 6), NAN)
    prediction[0, 0] = [*left, 0, 0.9]  # right
    prediction[0, 1] = [*left, 0, 0.8]  # the same box twice: wrong
    prediction[0, 2] = [*right, 0, 0.4]  # right
    prediction[0, 3] = [*far, 1, 0.7]  # no such thing there: wrong
    prediction[1, 0] = [*right, 1, 0.6]  # right
    prediction[1, 1] = [0, 0, 0.4, 0.49, 0, 0.95]  # overlaps by 0.49: wrong
    report = evaluate_task(
        "boxes", prediction, truth, fit_baseline("boxes", truth), names=["a", "b"]
    )
    # class 0, by score: wrong, right, wrong, right; three to be found
    first = (1 / 2 + 2 / 4) / 3
    second = 1 / 2  # wrong, right; one to be found
    assert report.metrics["average_precision"].value == pytest.approx((first + second) / 2)
    # sure of three in the first row and of two in the second, where there are two and two
    assert report.metrics["count_error"].value == pytest.approx(0.5)


def test_the_baseline_is_the_mean_box_of_each_class():
    truth = np.full((4, 2, 5), NAN)
    truth[:3, :, 4] = -1
    truth[0, 0] = [0, 0, 0.5, 0.5, 1]
    truth[1, 0] = [0.5, 0.5, 1, 1, 1]
    learnt = fit_baseline("boxes", truth)
    assert learnt == {
        "boxes": [None, [0.25, 0.25, 0.75, 0.75]],
        "shares": [0.0, pytest.approx(2 / 3)],
        "labels": 3,
    }


def test_probabilities_are_those_without_the_weight_of_nothing():
    """Of 3 boxes of 10 proposals, "nothing" weighs a tenth: the loss is lowest at 0.3 against 0.07."""
    best = torch.tensor([0.3, 0.07]).log()
    torch.testing.assert_close(likely(best, nothing=0.1), torch.tensor([0.3, 0.7]))
    head = BoxSet(4, 4, "photo", 1, nothing=0.1)
    outputs = torch.cat([best, torch.zeros(4)]).expand(1, 4, 6)
    assert head.predict(outputs)[0, :, 5].tolist() == pytest.approx([0.3] * 4)


# --- a whole run ----------------------------------------------------------------------------------


def test_boxes_are_found_in_pictures(tmp_path):
    drawn = rectangles(96)
    things = [
        json.dumps([[*map(int, box), ["red", "green"][kind]]])
        for box, kind in zip(drawn["box"], drawn["kinds"], strict=True)
    ]
    things[7] = ""
    columns = {"photo": write(tmp_path, "photos", drawn["photo"]), "things": things}
    table = tables.write(tmp_path / "table.csv", columns)
    targets = {"things": {"kind": "boxes", "picture": [SIDE, SIDE], "least": 0.03}}
    settings = {**SETTINGS, "training.epochs": 16, "data.cache": str(tmp_path / "cache")}
    run = torso.fit(table, targets, settings=settings, out=tmp_path / "run")
    loaded = torso.load(tmp_path / "run")
    report = loaded.evaluate(table, resamples=100)["things"]
    assert report.labels == 95
    assert report.verdict() == "better"
    assert report.metrics["average_precision"].value > 0.3
    assert set(report.by_name) == {"red", "green"}
    answers = loaded.predict(table)
    pd.testing.assert_frame_equal(answers, run.predict(table))
    found = [box for row in answers.things for box in row]
    assert len(found) > 40
    assert {*found[0]} == {"x0", "y0", "x1", "y1", "class", "score"}
    command = ("predict", tmp_path / "run", table, "-o", tmp_path / "answers.csv")
    assert tables.torso(*command) == 0
    first = json.loads(tables.read(tmp_path / "answers.csv")["things"][0])
    assert len(first) == len(answers.things[0])


def test_a_row_without_its_picture_is_answered():
    drawn = rectangles(24)
    frame = pd.DataFrame(
        {
            "photo": [*map(png, drawn["photo"])],
            "things": [
                [[*(box / SIDE), kind]]
                for box, kind in zip(drawn["box"], drawn["kinds"], strict=True)
            ],
        }
    )
    settings = {**SETTINGS, "training.epochs": 1, "data.cache": None}
    run = torso.fit(frame, {"things": {"kind": "boxes", "least": 0.0}}, settings=settings)
    seen = run.predict(frame).things
    frame["photo"] = [None, *frame["photo"][1:]]
    among, *others = run.predict(frame).things
    assert all(np.array_equal(one, other) for one, other in zip(others, seen[1:], strict=True))
    (alone,) = run.predict(frame[:1]).things
    assert len(alone) == len(among) == 64
    scores = [[box["score"] for box in boxes] for boxes in (alone, among)]
    np.testing.assert_allclose(*scores, rtol=1e-5)
