"""Pictures deeper than 8 bits have one black and one white for the column: none comes out black, and they compare."""

import io

import numpy as np
import pytest
from PIL import Image

from torso.columns.inputs import ImageInput
from torso.columns.reading import Reading
from torso.tables import read_table

RNG = np.random.default_rng(0)
SHAPES = RNG.random((8, 24, 24))  # between 0 and 1
BRIGHT = np.linspace(0.3, 1.0, 8)[:, None, None]  # of each picture


def stored(values, form="TIFF"):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, form)
    return stream.getvalue()


def floats(low, high):
    return [stored((low + (high - low) * grey).astype(np.float32)) for grey in SHAPES * BRIGHT]


def deep(white, form="PNG"):
    return [stored((white * grey).astype(np.uint16), form) for grey in SHAPES * BRIGHT]


COLUMNS = {
    "12 bits": deep(4095),
    "10 bits in TIFF": deep(1023, "TIFF"),
    "14 bits": deep(16383),
    "16 bits": deep(65535),
    "32 bits": [stored((1e6 * grey).astype(np.int32)) for grey in SHAPES * BRIGHT],
    "floats from 0 to 1": floats(0, 1),
    "floats from -1 to 1": floats(-1, 1),
    "floats of 0.001": floats(0, 1e-3),
    "floats of 1e-13": floats(0, 1e-13),
    "metres": floats(0, 8000),
    "kelvin": floats(250, 310),
}


def pixels(column, fitted=None):
    """Return the pictures `[rows, side, side]` as the encoder gets them, and the kind."""
    kind = fitted or ImageInput(size=24)
    column = read_table({"scan": column}).column("scan")
    if fitted is None:
        kind.learn(column, Reading())
    values, mask = kind.source(column, Reading()).batch(np.arange(len(column)))
    assert mask.all()
    return values[..., 0].astype(float), kind


@pytest.mark.parametrize("name", COLUMNS)
def test_deep_pictures_keep_their_shape_and_their_brightness(name):
    grey, kind = pixels(COLUMNS[name])
    assert grey.max() > 200
    for got, shape in zip(grey, SHAPES, strict=True):
        assert np.corrcoef(got.ravel(), shape.ravel())[0, 1] > 0.99
    assert np.corrcoef(grey.mean(axis=(1, 2)), BRIGHT.ravel())[0, 1] > 0.99
    restored = ImageInput(size=24)
    restored.restore(kind.state())
    for row in (0, 5):  # a picture alone is the picture in its column
        alone, _ = pixels(COLUMNS[name][row : row + 1], restored)
        np.testing.assert_array_equal(alone[0], grey[row])


def test_a_range_is_told_and_a_hot_pixel_is_none():
    hot = np.array(SHAPES[0] * 4095, np.uint16)
    hot[3, 3] = 65535
    grey, kind = pixels([*COLUMNS["12 bits"], stored(hot, "PNG")])
    assert grey.max() > 200
    assert grey[:8].mean() > 40
    assert "is black" in kind.notes[0]
    spoilt = SHAPES[0].astype(np.float32) * 8000
    spoilt[0, 0], spoilt[0, 1], spoilt[0, 2] = np.nan, np.inf, -1e30
    grey, _ = pixels([*COLUMNS["metres"], stored(spoilt)])
    assert grey[:8].mean() > 40


def test_ordinary_pictures_learn_nothing():
    colours = [stored((shape * 255).astype(np.uint8), "PNG") for shape in SHAPES]
    grey, kind = pixels(colours)
    assert kind.levels is None
    assert kind.notes == ()
    assert kind.decoder().settings == {"form": "image", "version": 1, "size": 24}
    np.testing.assert_array_equal(grey, (SHAPES * 255).astype(np.uint8))
    whole, kind = pixels(COLUMNS["16 bits"])
    np.testing.assert_array_equal(whole, np.rint((65535 * SHAPES * BRIGHT).astype(np.uint16) / 257))


def test_columns_without_a_readable_picture_learn_nothing():
    for cells in (["gone.png"], [None], [b"\x89PNG\r\n\x1a\nbroken"]):
        kind = ImageInput()
        kind.learn(read_table({"scan": cells, "other": ["1"]}).column("scan"), Reading())
        assert kind.levels is None
