"""Small files that would take gigabytes: each is refused, or takes less than the limit that the documentation names."""

import io
import struct
import zlib
from functools import partial
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from tests.faults.memory import measured
from torso.columns.media import budget
from torso.columns.media.audio import AudioSettings, decode_audio
from torso.columns.media.budget import ALL_LIMIT, Budget, TooMuchHere
from torso.columns.media.files import MediaError
from torso.columns.media.images import decode_image
from torso.columns.media.opening import to_be_loaded
from torso.columns.media.pixels import decode_mask
from torso.columns.media.thumbnails import thumbnail

GREY, RGB, GREY_ALPHA = (0, 1), (2, 3), (4, 2)  # kind of PNG, samples of a pixel


SQUARE = partial(decode_image, size=32)
SIDE = 2500  # of pictures that are decoded
DRAWN = SIDE * SIDE
WEBP_OF_94_MEGAPIXELS = bytes.fromhex(
    "5249464626000000574542505650384c190000002fe3e57819075081540820000a1a02495bbced8f8f88e87f0000"
)


def png(width, height, kind=RGB, depth=8):
    """Return a black PNG; of more than `DRAWN` pixels only its first line."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    lines = height if width * height <= DRAWN else 1
    body = zlib.compress(bytes((1 + width * kind[1] * depth // 8) * lines))
    header = struct.pack(">IIBBBBB", width, height, depth, kind[0], 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def saved(mode, side, form, **options):
    stream = io.BytesIO()
    Image.new(mode, (side, side)).save(stream, form, **options)
    return stream.getvalue()


def shape(decode, data):
    return np.asarray(decode(data)).shape


@pytest.mark.parametrize(
    ("data", "decode"),
    [
        (png(SIDE, SIDE, GREY, 16), SQUARE),
        (png(SIDE, SIDE, GREY, 16), partial(decode_mask, size=(32, 32))),
        (png(SIDE, SIDE, GREY_ALPHA), partial(thumbnail, side=32)),
        (saved("RGBA", SIDE, "WEBP", lossless=True, method=0), SQUARE),
        (saved("RGB", SIDE, "JPEG", progressive=True, subsampling=0), SQUARE),
        (
            saved("RGB", SIDE, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: SIDE}),
            SQUARE,
        ),
    ],
    ids=["16 bits", "mask", "grey with alpha", "WebP", "JPEG in scans", "TIFF in a strip"],
)
def test_decoding_takes_no_more_memory_than_is_counted(data, decode):
    assert len(data) < 300_000
    taken = measured(shape, decode, data)
    assert taken.answer[:2] == (32, 32)
    counted = measured(counted_for, data).answer
    assert taken.peak < counted + 10


def counted_for(data):
    """Return the MB that are counted for a picture at the side of `SQUARE`."""
    with to_be_loaded(data, 32):
        return (ALL_LIMIT - budget.BUDGET._free) / 1e6


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (png(1, 10**8), "a side of 100,000,000 pixels, more than 65,535"),
        (png(24_000, 4_100), "a PNG of 24,000 × 4,100 pixels takes 402 MB .*, more than the limit"),
        (WEBP_OF_94_MEGAPIXELS, "takes 1,514 MB of memory to decode, more than the limit of 400"),
    ],
    ids=["a side", "RGB", "WebP"],
)
def test_small_pictures_that_would_take_more_are_refused(data, why):
    assert len(data) < 300_000
    with pytest.raises(MediaError, match=why):
        decode_image(data, 32)


def test_blocks_of_tiff_and_scans_of_jpeg_are_counted():
    strip = saved("L", 2000, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 2000})
    lines = saved("L", 2000, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 1})
    plain, scans = (saved("RGB", 2000, "JPEG", progressive=more) for more in (False, True))
    small = Budget(total=10**9, limit=12_200_000)
    held = budget.BUDGET.held
    budget.BUDGET.held = small.held
    try:
        for data, fits in ((lines, True), (strip, False), (plain, True), (scans, False)):
            if fits:
                decode_image(data, 32)
            else:
                with pytest.raises(MediaError, match="MB of memory to decode, more than the limit"):
                    decode_image(data, 32)
    finally:
        budget.BUDGET.held = held


def test_threads_wait_until_their_files_have_room():
    shared, together, most = Budget(total=100, limit=60), [], []

    def decode():
        with shared.held(40, "a file"):
            together.append(1)
            most.append(len(together))
            together.pop()

    threads = [Thread(target=decode) for _ in range(20)]
    with shared.held(60, "a file"):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 20
    assert max(most) <= 2


def test_a_worker_leaves_large_files_to_its_parent():
    worker = Budget(total=100, limit=60)
    worker.restrict(10)
    with worker.held(10, "a file"):
        pass
    with pytest.raises(TooMuchHere), worker.held(11, "a file"):
        pass
    with pytest.raises(MediaError), worker.held(61, "a file"):
        pass


def wav(rate, channels, claimed, body):
    head = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    riff = b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEfmt " + head
    return riff + b"data" + struct.pack("<I", claimed) + body


def test_recordings_that_claim_hours_or_many_channels_take_what_they_hold():
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, np.zeros((655_350 * 6, 8), np.int16), 655_350, format="FLAC")
    hours = wav(16_000, 1, 0xFFFFFFF0, bytes(32_000))
    for data, frames in ((hours, 50), (stream.getvalue(), 300)):
        taken = measured(shape, partial(decode_audio, settings=AudioSettings()), data)
        assert taken.answer == (frames, 64)
        assert taken.peak < 150


def test_a_video_of_large_frames_is_refused(monkeypatch):
    pytest.importorskip("av")
    from tests.videos import grey, mp4
    from torso.columns.media.videos import decode_video

    data = mp4(grey([0, 100]))
    monkeypatch.setattr("torso.columns.media.budget.BUDGET.limit", 1000)
    with pytest.raises(MediaError, match=r"a video of .* pixels takes 1 MB of memory to decode"):
        decode_video(data, 16, 2)


def test_a_picture_within_the_limit_holds_its_memory_until_it_is_shrunk():
    free = budget.BUDGET._free
    with to_be_loaded(png(2000, 1000)):
        assert budget.BUDGET._free < free - 2_000_000
    assert budget.BUDGET._free == free
