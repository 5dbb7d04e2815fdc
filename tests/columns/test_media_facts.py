"""Facts about whole files, which cut and resized features have lost."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.videos import grey, mp4
from torso.columns.inputs import Input
from torso.columns.media.files import MediaError
from torso.columns.media.opening import ORIENTATION
from torso.columns.reading import Reading, ReadOptions
from torso.tables import read_table


def recording(seconds: float, rate: int) -> bytes:
    stream = io.BytesIO()
    samples = np.sin(np.arange(round(seconds * rate)) / 9).astype(np.float32)
    soundfile.write(stream, np.stack([samples, samples], axis=1), rate, format="WAV")
    return stream.getvalue()


def picture(size: tuple[int, int], orientation: int = 1) -> bytes:
    stream = io.BytesIO()
    image = Image.new("RGB", size, "red")
    image.getexif()[ORIENTATION] = orientation
    image.save(stream, "JPEG", exif=image.getexif())
    return stream.getvalue()


@pytest.mark.parametrize("cached", [False, True])
def test_seconds_beyond_those_that_are_read(tmp_path, cached):
    column = read_table({"sound": [recording(2.5, 8000), None, b"noise" * 9]}).column("sound")
    kind = Input.registry.build({"type": "audio", "seconds": 1.0})
    reading = Reading(ReadOptions(cache=tmp_path if cached else None, most_skipped=1.0))
    source = kind.source(column, reading)
    skipped = len(reading.log.skipped)
    facts = source.facts.values
    np.testing.assert_allclose(facts[0], [2.5, 8000, 2])
    assert np.isnan(facts[1:]).all()
    assert len(reading.log.skipped) == skipped == 1  # told once


def test_width_and_height_as_the_picture_is_shown():
    cells = [picture((40, 30)), picture((40, 30), orientation=6)]
    column = read_table({"photo": cells}).column("photo")
    source = Input.registry.build("image").source(column, Reading())
    assert source.facts.values.tolist() == [[40, 30], [30, 40]]


def test_no_file_is_opened_for_facts_that_nobody_asks_for(tmp_path, monkeypatch):
    from torso.columns.inputs.image import ImageInput

    asked = []
    monkeypatch.setattr(ImageInput, "read_facts", staticmethod(asked.append))
    column = read_table({"photo": [picture((40, 30))]}).column("photo")
    source = Input.registry.build("image").source(column, Reading(ReadOptions(cache=tmp_path)))
    source.batch(np.array([0]))
    assert asked == []


def test_a_file_that_is_decoded_into_memory_is_read_once_for_features_and_facts(tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture((40, 30)))
    column = read_table({"photo": ["a.jpg"]}).column("photo")
    source = Input.registry.build("image").source(column, Reading(ReadOptions(folder=tmp_path)))
    (tmp_path / "a.jpg").unlink()
    assert source.facts.values.tolist() == [[40, 30]]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image", picture((40, 30))),
        ("image", picture((40, 30), orientation=6)),
        ("image", picture((40, 30))[:400]),  # the size is known, the pixels are not
        ("image", b"noise"),
        ("audio", recording(2.5, 8000)),
        ("audio", recording(0.0, 8000)),  # so are the seconds
        ("audio", b"noise"),
        ({"type": "audio", "layout": "samples"}, recording(0.5, 44_100)),
    ],
)
def test_one_opening_tells_what_two_do(kind, data):
    kind = Input.registry.build(kind)
    decoder = kind.decoder()
    described = decoder.describe(data)
    for read, known in ((decoder.decode, described.features), (kind.read_facts, described.facts)):
        try:
            np.testing.assert_array_equal(known, read(data), strict=True)
        except MediaError as error:
            assert known is None or str(known) == str(error)


def test_length_and_size_of_a_video():
    data = mp4(grey(range(0, 250, 10), side=32), rate=10)
    column = read_table({"clip": [data]}).column("clip")
    kind = Input.registry.build({"type": "video", "size": 16, "frames": 4})
    source = kind.source(column, Reading())
    np.testing.assert_allclose(source.facts.values, [[2.5, 25, 32, 32]])
