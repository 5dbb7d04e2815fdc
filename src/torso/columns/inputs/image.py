"""Pictures as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import numpy as np

from torso.columns.inputs._input import Offers, State, Suggestion
from torso.columns.inputs._media import MediaInput, check_side
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.files import MediaFiles
from torso.columns.media.images import decode_image, describe_image, image_facts
from torso.columns.media.opening import is_image
from torso.columns.media.picture_levels import LOOKED_AT, picture_levels
from torso.columns.media.picture_sizes import picture_size
from torso.columns.media.shrinking import WHOLE, Levels
from torso.columns.media_column import references_of
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["ImageInput", "image_decoder"]


def image_decoder(size: int, levels: Levels | None = None) -> FileDecoder:
    """Return the decoder of pictures to uint8 `[size, size, 3]`.

    Args:
        size: side in pixels.
        levels: black and white of pictures deeper than 8 bits.
    """
    settings = {"form": "image", "version": 1, "size": size}
    return FileDecoder(
        settings=settings if levels is None else {**settings, "levels": [*levels]},
        decode=partial(decode_image, size=size, levels=levels),
        describe=partial(describe_image, size=size, levels=levels),
        facts=len(ImageInput.facts),
        dtype=np.dtype(np.uint8),
        tail=(size, 3),
        fixed=size,
    )


class ImageInput(MediaInput, name="image", form="image", encoder="convnet", rank=10):
    """A picture: PNG, JPEG, WebP, GIF, BMP or TIFF, whatever the file is called.

    Grey values of more than 8 bits, or floats, have one black and one white for the whole column, learned from the
    training pictures.

    Args:
        size: side in pixels that every picture is brought to.
    """

    endings = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
    begins = staticmethod(is_image)
    facts = ("width", "height")
    read_facts = staticmethod(image_facts)
    learned = ("levels",)

    @classmethod
    def suggest(cls, profile: Profile, files: MediaFiles) -> Suggestion | None:
        """Return the size that the pictures are best read at; None if none of them can be read."""
        sides = picture_size(profile.values, files)
        if sides is None:
            return None
        median, size = sides
        return Suggestion(
            {"size": size}, f"median side {median:.0f} pixels, so size {size} unless set"
        )

    def __init__(
        self,
        size: Annotated[int, Range(32, 224, log=True)] = 64,
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(root)
        self.size = check_side(size)
        self.levels: list[float] | None = None

    def learn(self, column: Column, reading: Reading) -> None:
        """Learn black and white of pictures deeper than 8 bits."""
        filled = column.values.drop_null()
        rows = np.linspace(0, max(0, len(filled) - 1), min(LOOKED_AT, len(filled))).astype(int)
        cells = references_of(replace(column, values=filled.take(rows), original_rows=None))
        references = [cell for cell in cells if cell is not None]
        levels = picture_levels(references, MediaFiles(reading.options.roots(self.root)))
        self.levels = None if levels is None else [*levels]
        if levels is not None and levels not in WHOLE:
            black, white = levels
            self.notes = (
                f"Pictures of more than 8 bits: {black:g} and below is black, {white:g} and above white, as in the "
                "training pictures.",
            )

    def restore(self, state: State) -> None:
        """Take back the levels; early runs had none."""
        super().restore({"levels": None, **state})

    def decoder(self) -> FileDecoder:
        """Return the decoder to uint8 `[size, size, 3]`."""
        if self.levels is None:
            return image_decoder(self.size)
        black, white = self.levels
        return image_decoder(self.size, (black, white))

    def offered(self) -> Offers:
        """Offer the side and the colours."""
        return {"size": self.size, "channels": 3}
