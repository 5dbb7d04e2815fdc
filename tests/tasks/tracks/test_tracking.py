"""Tracks: what cells may hold, loss, mistakes and names by hand, and a whole run over small videos."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.videos import mp4
from torso.columns.inputs import ImageInput, TextInput, VideoInput
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.core.types import Tokens
from torso.encoders import Encoder
from torso.runs.schema.schema import Schema
from torso.tables.table import read_table
from torso.tasks import evaluate_task, fit_baseline, labelled
from torso.tasks.tracks import TrackSet, TracksTarget

NAN = float("nan")


def column(cells):
    return read_table({"x": cells}).column("x")


def kind(frames=3, **settings):
    built = TracksTarget(**settings)
    built.bind("x", {"note": TextInput(), "clip": VideoInput(frames=frames)})
    return built


# --- cells ----------------------------------------------------------------------------------------


def test_lists_objects_and_json_text_say_the_same():
    plain = [[0, 10, 20, 30, 60, "cat", 4], [2, 20, 20, 40, 60, "cat", 4]]
    names = ["frame", "x0", "y0", "x1", "y1", "class", "track"]
    named = [dict(zip(names, box, strict=True)) for box in plain]
    for cells in ([json.dumps(plain), None], [json.dumps(named), ""], [named, None]):
        tracks = kind(picture=[100, 80], most=2)
        tracks.fit(column(cells))
        targets = tracks.encode(column(cells), Reading())
        assert targets.shape == (2, 2, 3, 5)
        np.testing.assert_allclose(targets[0, 0, 0], [0.1, 0.25, 0.3, 0.75, 0], rtol=1e-6)
        np.testing.assert_allclose(targets[0, 0, 2], [0.2, 0.25, 0.4, 0.75, 0], rtol=1e-6)
        assert targets[0, 0, 1, 4] == targets[0, 1, 0, 4] == -1
        assert np.isnan(targets[0, 0, 1, :4]).all()
        assert labelled(targets).tolist() == [True, False]


def test_boxes_are_linked_by_their_track_in_whatever_order():
    cells = [
        '[[1, 0, 0, 0.5, 1, 3, "b"], [0, 0.5, 0, 1, 1, 3, "a"], [0, 0, 0, 0.5, 1, 3, "b"]]',
        "[]",
    ]
    tracks = kind()
    tracks.fit(column(cells))
    targets = tracks.encode(column(cells), Reading())
    assert tracks.most == 4 + 2
    assert (targets[0, :2, :, 4] >= 0).tolist() == [[True, True, False], [True, False, False]]
    assert targets[0, 1, 0].tolist() == [0.5, 0.0, 1.0, 1.0, 0.0]
    assert labelled(targets).all()


def test_strange_classes_and_too_many_tracks_are_reported():
    tracks, reading = kind(most=1), Reading()
    tracks.fit(column(['[[0, 0, 0, 1, 1, "a", 1]]']))
    two = '[[0, 0, 0, 1, 1, "a", 1], [0, 0, 0, 0.5, 1, "a", 2]]'
    targets = tracks.encode(
        column(['[[0, 0, 0, 1, 1, "b", 1], [1, 0, 0, 1, 1, "b", 1]]', two]), reading
    )
    assert targets[0, 0, :, 4].tolist() == [1, 1, -1]
    assert labelled(targets).tolist() == [True, False]
    assert [(one.row, one.reason) for one in reading.log.skipped] == [
        (1, "class unseen in training"),
        (2, "more than `most`, which is 1"),
    ]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("cat", "row 2, column 'x': expected a list of boxes, found 'cat'"),
        (
            '[[0, 0, 1, 1, "a"]]',
            r"row 2, column 'x': expected boxes \[frame, x0, .*, class, track\]",
        ),
        (
            '[[3, 0, 0, 1, 1, "a", 1]]',
            r"`frame` from 0 to 2, since the model reads 3 of 'clip', found 3",
        ),
        ('[[0.5, 0, 0, 1, 1, "a", 1]]', "`frame` from 0 to 2.*found 0.5"),
        ('[[null, 0, 0, 1, 1, "a", 1]]', "`frame` from 0 to 2.*found None"),
        ('[[0, 0, 0, 1, 1, "a", null]]', "expected a `track`, a number or a word, found None"),
        (
            '[[0, 0, 0, 9, 9, "a", 1], [0, 5, 5, 9, 9, "a", 1]]',
            r"targets.x.picture=\[WIDTH,HEIGHT\]",
        ),
        (
            '[[0, 0, 0, 1, 1, "a", 1], [0, 0, 0, 1, 0.5, "a", 1]]',
            "row 2, column 'x': found two boxes of track '1' in frame 0",
        ),
        (
            '[[0, 0, 0, 1, 1, "a", 1], [1, 0, 0, 1, 0.5, "b", 1]]',
            r"expected one class of track '1', found \['a', 'b'\]",
        ),
    ],
)
def test_errors_say_where(cell, message):
    tracks = kind()
    with pytest.raises(DataError, match=message):
        both = column(['[[0, 0, 0, 0.5, 1, "a", 1]]', cell])
        tracks.fit(both)
        tracks.encode(both, Reading())


def test_a_video_is_needed_and_named_where_there_are_several():
    with pytest.raises(
        ConfigError, match=r"about one video. Found the video inputs \[\]. Take in .*kind=video"
    ):
        TracksTarget().bind("x", {"photo": ImageInput()})
    with pytest.raises(ConfigError, match="Did you mean 'clip'"):
        TracksTarget(of="clop").bind("x", {"clip": VideoInput(), "film": VideoInput()})


def test_sure_tracks_come_first_in_the_unit_of_the_labels_and_can_be_read_again():
    tracks = kind(picture=[10, 20], least=0.4)
    tracks.fit(column(['[[0, 0, 0, 1, 1, "a", 1], [0, 0, 0, 1, 1, "b", 2]]']))
    sure = np.tile([0.1, 0, 0.5, 0.5, 1, 0.5, 0.6, 0.9], (3, 3, 1))
    sure[1, :, 3:7] = 1, 0, 0.8, 0.9
    sure[2, :, 6] = 0.3
    sure[0, 1, 7] = 0.2  # not there in frame 1
    answers = tracks.columns("x", sure[None], {})["x"]
    boxes = answers.to_pylist()[0]
    assert [(one["track"], one["frame"], one["class"]) for one in boxes] == [
        *((0, frame, "a") for frame in range(3)),
        *((1, frame, "b") for frame in (0, 2)),
    ]
    assert boxes[0]["score"] == pytest.approx(0.9)
    assert [boxes[0][side] for side in ("x0", "y0", "x1", "y1")] == [1, 0, 5, 20]
    again = tracks.encode(read_table({"x": answers}).column("x"), Reading())
    np.testing.assert_allclose(again[0, 0], sure[1, :, :5], rtol=1e-6)
    np.testing.assert_allclose(again[0, 1, [0, 2]], sure[0, [0, 2], :5], rtol=1e-6)
    assert again[0, 1, 1, 4] == -1


# --- the head -------------------------------------------------------------------------------------

SIDE = float(torch.sigmoid(torch.tensor(-1.0)))
MIDDLE = [0.5 - SIDE / 2, 0.5 - SIDE / 2, 0.5 + SIDE / 2, 0.5 + SIDE / 2, 0.0]
"""The box that outputs of 0 say."""
HIDDEN = [NAN, NAN, NAN, NAN, -1.0]


def test_the_loss_by_hand():
    """One place in each of two frames, one track, right in frame 1 and shifted by a tenth in frame 0."""
    head = TrackSet(4, 4, "clip", 1, 2, cells=1, nothing=0.1)
    shifted = [MIDDLE[0] + 0.1, MIDDLE[1], MIDDLE[2] + 0.1, MIDDLE[3], 0.0]
    targets = torch.tensor([[[shifted, MIDDLE]], [[HIDDEN, HIDDEN]]])
    found = head.nll(torch.zeros(2, 2, 2 + 2 * 5), targets)
    shared = (SIDE - 0.1) * SIDE
    union = 2 * SIDE**2 - shared
    around = (SIDE + 0.1) * SIDE
    away = 5 * 0.1 + 2 * (1 - (shared / union - (around - union) / around))
    log2 = np.log(2)
    # the class of one proposal, "nothing" of the other at 0.1, being there in both frames
    assert found[0].item() == pytest.approx(1.1 * log2 + away / 2 + log2, rel=1e-5)
    assert found[1].item() == pytest.approx(2 * 0.1 * log2, rel=1e-5)


def test_a_track_is_learnt_by_a_proposal_of_the_frame_in_which_it_begins():
    head = TrackSet(4, 4, "clip", 1, 2, cells=1)
    outputs = torch.zeros(1, 2, 2 + 2 * 5, requires_grad=True)
    head.nll(outputs, torch.tensor([[[HIDDEN, MIDDLE]]])).sum().backward()
    assert outputs.grad is not None
    there = outputs.grad[0, :, [6, 11]]  # whether it is there in frame 0, in frame 1
    assert there.tolist() == [[0.0, 0.0], [0.25, -0.25]]


def test_the_place_where_it_begins_settles_who_answers():
    head = TrackSet(4, 4, "clip", 1, 1, cells=2)
    outputs = torch.zeros(1, 4, 2 + 5)
    outputs[0, 3, 0] = 5.0  # a far proposal is sure already
    outputs.requires_grad_()
    upper_left = [0.1, 0.1, 0.3, 0.3, 0.0]
    head.nll(outputs, torch.tensor([[[upper_left]]])).sum().backward()
    assert (outputs.grad[0, :, 0] < 0).tolist() == [True, False, False, False]
    outputs.grad = None
    beside = [0.1, 0.1, 0.38, 0.3, 0.0]  # begins in the same cell, further to the right
    head.nll(outputs, torch.tensor([[[upper_left], [beside]]])).sum().backward()
    assert (outputs.grad[0, :, 0] < 0).tolist() == [True, True, False, False]


def test_probabilities_are_those_of_a_loss_without_weights():
    head = TrackSet(4, 4, "clip", 2, 2, cells=1, nothing=0.1, keep=1)
    prediction = head.predict(torch.zeros(1, 2, 3 + 2 * 5))
    assert prediction[0, 0, 0, 5:].tolist() == pytest.approx([1 / 12, 2 / 12, 0.5])


def test_order_and_unknown_classes_of_tracks_do_not_matter():
    head = TrackSet(4, 4, "clip", 2, 2)
    torch.manual_seed(0)
    outputs = torch.randn(1, 8, 3 + 2 * 5)
    one, two = [[0.1, 0.1, 0.4, 0.5, 1.0]] * 2, [HIDDEN, [0.2, 0.2, 0.5, 0.9, 0.0]]
    strange = [[0.1, 0.1, 0.4, 0.5, 2.0]] * 2
    expected = head.nll(outputs, torch.tensor([[one, two, [HIDDEN] * 2]]))
    assert torch.equal(head.nll(outputs, torch.tensor([[two, strange, one]])), expected)


def shown(values, frames):
    """Return tokens of 2 x 2 places in each of three frames, of which the first `frames` are there."""
    mask = (torch.arange(12) < 4 * frames).expand(len(values), -1)
    return {"clip": Tokens(values, mask)}


def test_frames_that_a_video_lacks_say_nothing_and_get_no_box():
    torch.manual_seed(0)
    head = TrackSet(4, 8, "clip", 2, 3).eval()
    values, vector = torch.randn(2, 12, 8), torch.randn(2, 4)
    wild = values.clone()
    wild[:, 8:] = NAN
    outputs = head(vector, shown(values, 2))
    assert torch.equal(head(vector, shown(wild, 2)), outputs)
    there = head.predict(outputs)[..., 7]
    assert (there[..., 2] < 1e-6).all()
    assert (there[..., 0] > 1e-6).any()
    assert (head.predict(head(vector, shown(values, 3)))[..., 2, 7] > 1e-6).all()


def test_what_a_short_video_lacks_pushes_out_no_track():
    """Of twelve proposals four begin in the only frame; all of them are among the eight that are kept."""
    torch.manual_seed(0)
    head = TrackSet(4, 8, "clip", 2, 3, keep=8).eval()
    with torch.no_grad():
        head.names.bias.copy_(torch.tensor([3.0, 0.0, -3.0]))  # all that is known of absent frames
    outputs = head(torch.randn(2, 4), shown(torch.randn(2, 12, 8), 1))
    prediction = head.predict(outputs)
    known = prediction[..., 0, 7] > 1e-6
    assert known.sum(dim=1).tolist() == [4, 4]
    assert known[:, :4].all()
    others = prediction[:, 4:]
    assert torch.equal(others, others[:1, :1].expand_as(others))  # whichever of them are taken
    assert (others[..., 6] == 0).all()


def test_a_proposal_is_not_there_before_its_frame_and_begins_near_its_place():
    torch.manual_seed(0)
    head = TrackSet(4, 8, "clip", 2, 3, keep=12).eval()
    with torch.no_grad():
        head.near.fill_(5.0)  # looks at its own place alone
        head.boxes.weight.zero_()
        head.boxes.bias.zero_()
    outputs = head(torch.randn(1, 4), shown(torch.randn(1, 12, 8), 3))
    _, corners, there = head._read(outputs)
    begun = torch.sigmoid(there[0]).reshape(3, 4, 3)[:, 0] > 0.1
    assert begun.tolist() == [[True] * 3, [False, True, True], [False, False, True]]
    middles = (corners[0, ..., :2] + corners[0, ..., 2:]) / 2
    expected = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    torch.testing.assert_close(middles, expected.repeat(3, 1).unsqueeze(1).expand(-1, 3, -1))


def test_tokens_that_are_no_grid_of_each_frame_are_refused():
    head = TrackSet(4, 8, "clip", 2, 3)
    tokens = {"clip": Tokens.vector(torch.randn(2, 8))}
    with pytest.raises(ConfigError, match=r"each of its 3 frames. Found 1 tokens of 'clip'"):
        head(torch.randn(2, 4), tokens)


# --- scores ---------------------------------------------------------------------------------------

LEFT, RIGHT, FAR = [0, 0, 0.4, 1], [0.5, 0, 1, 1], [0, 0.9, 0.1, 1]


def answered(score, frames, named=0, length=4):
    """Return a track `[length, 8]` of frame -> box."""
    track = np.zeros((length, 8))
    track[:, 4:7] = named, score, score
    for frame, box in frames.items():
        track[frame, :4], track[frame, 7] = box, 0.9
    return track


def true(frames, named=0, length=4):
    track = np.full((length, 5), NAN)
    track[:, 4] = -1
    for frame, box in frames.items():
        track[frame] = [*box, named]
    return track


def scored(prediction, truth, **settings):
    prediction, truth = np.array(prediction), np.array(truth)
    return evaluate_task("tracks", prediction, truth, fit_baseline("tracks", truth), **settings)


def test_mistakes_and_names_by_hand():
    """Two answers change places half way, one of them ends early, and a third is about nothing."""
    truth = [[true(dict.fromkeys(range(4), LEFT)), true(dict.fromkeys(range(4), RIGHT))]]
    prediction = [
        [
            answered(0.9, {0: LEFT, 1: LEFT, 2: RIGHT, 3: RIGHT}),
            answered(0.8, {0: RIGHT, 1: RIGHT, 2: LEFT}, named=1),
            answered(0.7, {0: FAR}),
            answered(0.4, {0: FAR, 1: FAR}),  # not sure enough
        ]
    ]
    metrics = scored(prediction, truth).metrics
    assert metrics["identity_switches"].value == 2
    # 8 true boxes: 1 missed, 1 invented, 2 switched
    assert metrics["mota"].value == pytest.approx(1 - 4 / 8)
    # 2 + 2 boxes under one name; 8 answered
    assert metrics["idf1"].value == pytest.approx(2 * 4 / (8 + 8))
    # the surer one shares 2 boxes of 6 with each, the other is of another class
    assert metrics["average_precision"].value == 0


def test_average_precision_by_hand():
    always = dict.fromkeys(range(4), LEFT)
    truth = [[true(always), true({0: RIGHT, 1: RIGHT})], [true(always, 1), true({})]]
    prediction = np.full((2, 3, 4, 8), NAN)
    prediction[0, 0] = answered(0.9, {0: RIGHT, 1: LEFT})  # shares 1 of 3, and 1 of 5: wrong
    prediction[0, 1] = answered(0.8, {0: LEFT, 1: LEFT})  # shares 2 of 4: right
    prediction[0, 2] = answered(0.3, {0: RIGHT, 1: RIGHT, 2: RIGHT})  # 2 of 3: right
    prediction[1, 0] = answered(0.9, always, 1)  # right
    prediction[1, 1] = answered(0.7, always, 1)  # the same once more: wrong
    found = scored(prediction, truth, names=["a", "b"])
    first = (1 / 2 + 2 / 3) / 2
    assert found.by_name["a"]["average_precision"].value == pytest.approx(first)
    assert found.metrics["average_precision"].value == pytest.approx((first + 1) / 2)


def test_a_switch_is_remembered_over_a_gap_and_the_last_name_is_kept():
    wide = [0, 0, 0.6, 1]  # overlaps LEFT by two thirds
    truth = [[true(dict.fromkeys(range(4), LEFT))]]
    gap = [[answered(0.9, {0: LEFT}), answered(0.8, {2: LEFT, 3: LEFT})]]
    assert scored(gap, truth).metrics["identity_switches"].value == 1
    stays = [[answered(0.9, {0: LEFT, 1: wide}), answered(0.8, {1: LEFT})]]
    assert scored(stays, truth).metrics["identity_switches"].value == 0


def test_nothing_there_and_nothing_found():
    truth, prediction = [[true({})], [true({0: LEFT})]], np.full((2, 1, 4, 8), NAN)
    metrics = scored(prediction, truth).metrics
    assert [metrics[name].value for name in ("average_precision", "idf1", "mota")] == [0, 0, 0]
    assert metrics["identity_switches"].value == 0


def test_the_baseline_is_the_mean_track_of_each_class():
    one, two = true({0: [0, 0, 0.5, 0.5], 1: LEFT}, 1, 2), true({0: [0.5, 0.5, 1, 1]}, 1, 2)
    truth = np.array([[one], [two], [true({}, 1, 2)], np.full((1, 2, 5), NAN)])
    learnt = fit_baseline("tracks", truth)
    assert learnt["shares"] == [0.0, pytest.approx(2 / 3)]
    assert learnt["tracks"][0] is None
    np.testing.assert_allclose(learnt["tracks"][1], [[0.25, 0.25, 0.75, 0.75, 1], [*LEFT, 0.5]])
    assert learnt["labels"] == 3


# --- a whole run ----------------------------------------------------------------------------------

FRAMES, PIXELS = 4, 32


def squares(rows, seed=0):
    """Return videos of a red and a green square that pass each other, and where they are."""
    rng = np.random.default_rng(seed)
    videos, cells = [], []
    for _ in range(rows):
        film, boxes = np.zeros((FRAMES, PIXELS, PIXELS, 3), np.uint8), []
        start, tops = rng.integers(0, 4), rng.integers(0, 20, 2)
        for colour, name in enumerate(["red", "green"]):
            for frame in range(FRAMES):
                left = int(start + 6 * (frame if colour else FRAMES - 1 - frame))
                top = int(tops[colour])
                film[frame, top : top + 10, left : left + 10, colour] = 250
                boxes.append([frame, left, top, left + 10, top + 10, name, colour])
        videos.append(mp4(film))
        cells.append(json.dumps(boxes))
    return pd.DataFrame({"clip": videos, "things": cells})


def fitted(table, **more):
    settings = {
        "dim": 16,
        "encoders.clip.frame": {"type": "pyramid", "stride": 8, "width": 8, "stages": 2},
        "training.epochs": 18,
        "training.batch_size": 8,
        "training.lr": 5e-3,
        "data.cache": None,
        "inputs": {"clip": {"kind": "video", "size": PIXELS, "frames": FRAMES}},
    }
    spec = {"kind": "tracks", "picture": [PIXELS, PIXELS]}
    return torso.fit(table, {"things": spec}, settings={**settings, **more})


def test_squares_that_pass_each_other_are_followed():
    table = squares(64)
    run = fitted(table)
    report = run.evaluate(squares(32, seed=1))["things"]
    assert report.metrics["idf1"].low > max(0.5, report.baseline["idf1"])
    assert report.verdict() == "better"
    answers = run.predict(table[:2])
    assert {"frame", "track", "class", "score"} <= answers.things[0][0].keys()


def test_a_row_without_its_video_and_a_short_one_are_answered():
    table = squares(12)
    whole = mp4(np.zeros((2, PIXELS, PIXELS, 3), np.uint8))
    run = fitted(table, **{"training.epochs": 1})
    table["clip"] = [None, whole, *table["clip"][2:]]
    run.schema.targets["things"].least = 0.0
    among = run.predict(table).things
    (alone,) = run.predict(table[:1]).things
    assert len(alone) == len(among[0]) > 0
    assert {box["frame"] for box in among[1]} <= {0, 1}


def test_the_command_line(tmp_path):
    (tmp_path / "clips").mkdir()
    table = squares(16)
    for row, content in enumerate(table["clip"]):
        (tmp_path / "clips" / f"{row}.mp4").write_bytes(content)
    table["clip"] = [f"clips/{row}.mp4" for row in range(16)]
    table.to_csv(tmp_path / "t.csv", index=False)
    quick = {
        "targets.things.kind": "tracks",
        "targets.things.picture": [PIXELS, PIXELS],
        "targets.things.least": 0.0,
        "inputs.clip.size": PIXELS,
        "inputs.clip.frames": FRAMES,
        "encoders.clip.depth": 1,
        "dim": 16,
        "training.epochs": 1,
    }
    run = tmp_path / "run"
    command = ("fit", tmp_path / "t.csv", "-t", "things", "-o", run, *tables.options(quick))
    assert tables.torso(*command) == 0
    written = (run / "run.yaml").read_text()
    assert all(one in written for one in ("depth: 1", "tokens: 0", "type: pyramid"))
    assert tables.torso("predict", run, tmp_path / "t.csv", "-o", tmp_path / "answers.csv") == 0
    answers = tables.read(tmp_path / "answers.csv")["things"]
    assert all(isinstance(json.loads(one), list) for one in answers)


@pytest.mark.parametrize(("size", "stride"), [(16, 2), (32, 4), (64, 8), (128, 8)])
def test_frames_and_a_fitting_encoder_come_from_the_video(size, stride):
    inputs = {"clip": {"kind": "video", "frames": 5, "size": size}}
    schema = Schema(inputs, {"things": {"kind": "tracks"}})
    assert schema.targets["things"].offered() == {"of": "clip", "classes": 0, "frames": 5}
    wished = schema.encoder("clip")
    assert wished.settings["frame"] == {"type": "pyramid", "stride": stride}
    Encoder.build({**wished.settings, "type": "video/frames"}, dim=8, size=size, frames=5)
