"""Every kind of picture becomes the same square of RGB, or one short reason why not."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from torso.columns.media.files import MediaError
from torso.columns.media.images import decode_image
from torso.columns.media.opening import is_image


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def picture(size=(32, 32), mode="RGB") -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(
        mode
    )


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_exact_formats_come_through_unchanged(format):
    image = picture()
    pixels = decode_image(encoded(image, format), 32)
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous and pixels.flags.writeable
    np.testing.assert_array_equal(pixels, np.asarray(image))


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "GIF", "PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("size", [(640, 480), (7, 300), (1, 1)])
def test_every_format_and_shape_becomes_a_square(format, size):
    data = encoded(Image.new("RGB", size, (200, 100, 50)), format)
    assert is_image(data)
    pixels = decode_image(data, 48).astype(int)
    assert pixels.shape == (48, 48, 3)
    assert np.abs(pixels - [200, 100, 50]).max() <= 6


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_every_mode_of_grey_keeps_its_brightness(mode):
    grey = Image.new("L", (8, 8), 255)
    grey.paste(0, (0, 0, 4, 8))  # left black, right white
    if mode in ("I;16", "I"):
        scaled = np.asarray(grey).astype(np.uint16) * 257
        image = Image.fromarray(scaled if mode == "I;16" else scaled.astype(np.int32))
    elif mode == "F":
        image = Image.fromarray(np.asarray(grey).astype(np.float32) / 255)
    else:
        image = grey.convert("RGB").convert(mode)
    pixels = decode_image(encoded(image, "TIFF"), 8)
    assert pixels[:, :4].max() <= 2 and pixels[:, 4:].min() >= 253


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.full((4, 4), 128 * 257, np.uint16)
    assert np.unique(decode_image(encoded(Image.fromarray(values)), 4)).tolist() == [128]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(mode):
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 2, 4))
    image.paste((0, 0, 0, 128), (3, 0, 4, 4))
    pixels = decode_image(encoded(image.convert(mode)), 4)
    assert pixels[0, :, 0].tolist() == [0, 0, 255, 127]


def test_a_transparent_palette_lies_on_white():
    image = Image.new("P", (2, 2), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 1), 1)
    pixels = decode_image(encoded(image, "PNG", transparency=0), 2)
    assert pixels[0, 0].tolist() == [255, 255, 255] and pixels[1, 1].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = encoded(picture((16, 16)), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(stored)))
    np.testing.assert_array_equal(decode_image(stored, 16), np.asarray(upright))


def test_the_content_decides_not_the_name(tmp_path):
    (tmp_path / "really-a.png").write_bytes(encoded(picture(), "JPEG"))
    assert decode_image((tmp_path / "really-a.png").read_bytes(), 32).shape == (32, 32, 3)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(data, 8)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_image_is_damaged(format):
    data = encoded(picture((64, 64)), format)
    for part in (0.02, 0.5, 0.9):
        with pytest.raises(MediaError):
            decode_image(data[: max(12, int(len(data) * part))], 32)


@pytest.mark.parametrize(
    "data", [b"", b"text, no image", b"\x89PNG\r\n\x1a\n", b"BM", b"%PDF-1.7", b"RIFFxxxxWAVE"]
)
def test_other_bytes_are_no_image(data):
    with pytest.raises(MediaError, match=r"not a PNG|damaged"):
        decode_image(data, 32)


def test_formats_outside_the_list_are_not_tried():
    for format in ("PPM", "ICO", "TGA", "PCX"):
        with pytest.raises(MediaError, match="not a PNG"):
            decode_image(encoded(picture(), format), 32)


def test_a_bomb_is_refused_before_it_is_decoded():
    start = time.perf_counter()
    with pytest.raises(MediaError, match="400 megapixels, more than the limit of 100"):
        decode_image(png_claiming(20_000, 20_000), 32)
    assert time.perf_counter() - start < 1


def test_below_the_limit_pillow_does_not_warn_either():
    # 95 megapixels: Pillow alone would warn, and warnings are errors here.
    with pytest.raises(MediaError, match="damaged"):
        decode_image(png_claiming(9_500, 10_000), 32)
