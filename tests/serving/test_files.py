"""Videos are refused by their headers, before a frame is decoded."""

import numpy as np
import pytest

from tests.videos import mp4
from torso.columns.inputs import VideoInput
from torso.columns.media import videos
from torso.serving.files import check_file
from torso.serving.refusals import Refusal
from torso.serving.settings import Limits

pytest.importorskip("av", reason="needs torso[video]")
FRAMES = np.zeros((20, 32, 48, 3), np.uint8)  # two seconds


@pytest.mark.parametrize(
    ("limits", "code", "fact"),
    [
        (Limits(pixels=32 * 48 - 1), "too_many_pixels", "a video of 48 × 32 pixels"),
        (Limits(seconds_of_video=1), "recording_too_long", "a video of 2 seconds"),
    ],
)
def test_a_video_above_a_limit_is_not_decoded(monkeypatch, limits, code, fact):
    monkeypatch.delattr(videos, "_taken")
    with pytest.raises(Refusal, match=fact) as told:
        check_file(VideoInput(), mp4(FRAMES), limits)
    assert (told.value.code, told.value.status) == (code, 413)


def test_a_video_within_them_and_a_damaged_one_are_left_to_the_run():
    check_file(VideoInput(), mp4(FRAMES), Limits(pixels=32 * 48, seconds_of_video=2))
    check_file(VideoInput(), mp4(FRAMES)[:200], Limits())
