"""Videos in, some of their frames out: which ones, in what order, upright, and every bad file."""

import io

import av
import numpy as np
import pytest

from tests import small_tables as tables
from tests.videos import grey, mp4, square
from torso.columns.media import videos
from torso.columns.media.audio import is_audio
from torso.columns.media.files import MediaError
from torso.columns.media.opening import is_image
from torso.columns.media.videos import decode_video, is_video, spread

CONTAINERS = [
    ("mp4", "mpeg4"),
    ("mov", "mpeg4"),
    ("avi", "mpeg4"),
    ("matroska", "ffv1"),
    ("webm", "libvpx"),
    ("webm", "libvpx-vp9"),
]


def levels(frames: np.ndarray) -> list[float]:
    """Return the mean grey of each frame."""
    return frames.mean(axis=(1, 2, 3)).tolist()


@pytest.mark.parametrize(("format", "codec"), CONTAINERS)
def test_every_container_gives_the_frames_in_order(format, codec):
    data = mp4(grey(range(40, 240, 20)), format, codec)
    assert is_video(data) and not is_image(data) and not is_audio(data)
    frames = decode_video(data, 24, 5)
    assert frames.shape == (5, 24, 24, 3) and frames.dtype == np.uint8
    assert frames.flags.c_contiguous
    np.testing.assert_allclose(levels(frames), [60, 100, 140, 180, 220], atol=4)


def test_frames_are_the_middles_of_equal_parts():
    assert spread(10, 5) == [1, 3, 5, 7, 9]
    assert spread(9, 3) == [1, 4, 7]
    assert spread(7, 1) == [3]
    assert spread(3, 8) == [0, 1, 2]
    assert spread(0, 8) == []
    for count in range(30):
        for wanted in range(1, 12):
            places = spread(count, wanted)
            assert len(set(places)) == min(count, wanted)
            assert places == sorted(places) and all(0 <= place < count for place in places)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_short_video_gives_all_it_has(frames):
    assert len(decode_video(mp4(grey([50] * frames)), 16, 8)) == frames


def test_a_packet_that_shows_nothing_is_counted_again(monkeypatch):
    data = mp4(grey(range(40, 240, 20)))
    expected = decode_video(data, 16, 5)
    monkeypatch.setattr(videos, "_packets", lambda *_: 17)
    np.testing.assert_array_equal(decode_video(data, 16, 5), expected)


def test_a_frame_is_stretched_to_the_square():
    wide = np.zeros((2, 32, 64, 3), np.uint8)
    wide[:, :, 32:] = [0, 200, 0]
    frames = decode_video(mp4(wide), 16, 2).astype(int)
    assert np.abs(frames[:, :, 1:7]).max() < 25
    assert np.abs(frames[:, :, 9:15] - [0, 200, 0]).max() < 25


def test_a_video_filmed_sideways_is_turned_upright():
    film = square(True, 1)  # a square at the left edge
    turned = sideways(mp4(film))
    with av.open(io.BytesIO(turned)) as file:
        assert next(file.decode(video=0)).rotation == 90
    lit = decode_video(turned, 16, 1)[0].mean(axis=2) > 128
    rows, columns = np.nonzero(lit)
    assert 5 <= columns.mean() < 11 and rows.mean() > 11  # left, counter-clockwise, is below


def sideways(data: bytes) -> bytes:
    """Return the MP4 with a quarter turn in its header, as a telephone writes it."""
    plain = np.array([65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30], ">i4").tobytes()
    turn = np.array([0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30], ">i4").tobytes()
    place = data.rindex(plain)  # the first is that of the file, the last that of its track
    return data[:place] + turn + data[place + len(plain) :]


def sound() -> bytes:
    """Return an MP4 that holds only sound."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as file:
        voice = file.add_stream("aac", rate=16_000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        samples.sample_rate = 16_000
        file.mux(voice.encode(samples))
        file.mux(voice.encode())
    return stream.getvalue()


WHOLE = mp4(np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3)).astype(np.uint8))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no video at all", "not an MP4, MOV, WebM, Matroska or AVI video"),
        (tables.png(), "not an MP4"),
        (tables.wav(), "not an MP4"),
        (WHOLE[:200], "damaged video"),
        (WHOLE[:8] + bytes(500), "damaged video"),
        (sound(), "a file without a video stream"),
        (b"\x1aE\xdf\xa3" + bytes(100), "damaged video"),
    ],
)
def test_what_is_no_video_says_why(data, reason):
    with pytest.raises(MediaError, match=reason):
        decode_video(data, 16, 4)


def test_too_many_frames_and_too_large_ones_are_refused(monkeypatch):
    monkeypatch.setattr(videos, "MAX_FRAMES", 11)
    with pytest.raises(MediaError, match="12 frames, more than the limit of 11"):
        decode_video(WHOLE, 16, 4)
    monkeypatch.setattr("torso.columns.media.picture_memory.MEGAPIXELS", 0.001)
    with pytest.raises(MediaError, match="megapixels, more than the limit"):
        decode_video(WHOLE, 16, 4)


def test_bytes_lost_in_the_middle_lose_frames_not_the_run():
    """Whatever a damaged file makes the decoder do, it is frames or one short reason."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        data = bytearray(WHOLE)
        for place in rng.integers(len(data), size=30):
            data[place] = rng.integers(256)
        try:
            frames = decode_video(bytes(data), 16, 4)
        except MediaError as error:
            assert str(error)
        else:
            assert 1 <= len(frames) <= 4
