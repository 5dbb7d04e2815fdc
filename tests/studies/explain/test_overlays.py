"""Pictures of explanations: the strongest region has its colour, files have safe names."""

import numpy as np
import pytest
from PIL import Image

from torso.evaluation.estimate import Estimate
from torso.studies.explain import lettering as letters
from torso.studies.explain.answer import Share, TaskExplanation
from torso.studies.explain.lettering import lettering
from torso.studies.explain.overlays import overlay
from torso.studies.explain.report import Explanation


def explained(column, spans, values):
    parts = tuple(
        Share(column, column, "0.00–0.10 s", Estimate(value, value, value), span)
        for span, value in zip(spans, values, strict=True)
    )
    return TaskExplanation("a/b: c", "yes", "probability of yes", True, 0.9, 0.1, (), parts, None)


def explanation(task, **media):
    return Explanation(3, "t.csv", "occlusion", {task.task: task}, media=media)


def test_the_strongest_region_is_blue_and_its_opposite_orange(tmp_path):
    task = explained("photo", [(0, 0, 8, 8), (8, 8, 16, 16)], [0.5, -0.5])
    whole = explanation(task, photo=np.full((16, 16, 3), 120, np.uint8))
    (file,) = whole.pictures(tmp_path / "new")
    assert file.name == "row3-a_b_c-photo.png"
    pixels = np.asarray(Image.open(file)).astype(int)
    top, below = pixels[12 + 90, 396 + 90], pixels[12 + 270, 396 + 270]
    assert top[2] > top[0] + 60 and below[0] > below[2] + 60


@pytest.mark.parametrize("sound", [np.random.default_rng(0).normal(size=(50, 8)), np.arange(900)])
def test_stretches_of_frames_and_of_samples(sound):
    half = len(sound) // 2
    task = explained("voice", [(0, half), (half, len(sound))], [0.4, 0.0])
    pixels = np.asarray(overlay(3, task, "voice", sound)).astype(int)
    left, right = (
        pixels[20:180, 20:360].mean(axis=(0, 1)),
        pixels[20:180, 400:740].mean(axis=(0, 1)),
    )
    assert left[2] > left[0] + 60 and abs(right[2] - right[0]) < 5


def test_no_letter_is_a_box(monkeypatch):
    installed = lettering("数字 шесть ñ")
    assert installed.whole or "?" in installed.text
    assert lettering("ñandú – é").whole  # Pillow's own font
    monkeypatch.setattr(letters, "_INSTALLED", ("no-such-font.ttf",))
    bare = lettering("数字 six")
    assert (bare.text, bare.whole) == ("?? six", False)
    task = explained("图", [(0, 0, 8, 8), (8, 8, 16, 16)], [0.5, -0.5])
    picture = np.full((16, 16, 3), 120, np.uint8)
    told = overlay(3, task, "图", picture).height
    assert told == overlay(3, task, "photo", picture).height + 20  # a line says why
