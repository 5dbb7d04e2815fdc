"""Pictures as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import numpy as np

from torso.columns.inputs._input import Offers, Suggestion
from torso.columns.inputs._media import MediaInput, check_side
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.files import MediaFiles
from torso.columns.media.images import decode_image, is_image
from torso.columns.media.picture_sizes import picture_size
from torso.columns.profile import Profile
from torso.core.ranges import Range

__all__ = ["ImageInput", "image_decoder"]


def image_decoder(size: int) -> FileDecoder:
    """Return the decoder of pictures to uint8 `[size, size, 3]`."""
    return FileDecoder(
        settings={"form": "image", "version": 1, "size": size},
        decode=partial(decode_image, size=size),
        dtype=np.dtype(np.uint8),
        tail=(size, 3),
        fixed=size,
    )


class ImageInput(MediaInput, name="image", form="image", encoder="convnet", rank=10):
    """A picture: PNG, JPEG, WebP, GIF, BMP or TIFF, whatever the file is called.

    Args:
        size: side in pixels that every picture is brought to.
    """

    endings = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
    begins = staticmethod(is_image)

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

    def decoder(self) -> FileDecoder:
        """Return the decoder to uint8 `[size, size, 3]`."""
        return image_decoder(self.size)

    def offered(self) -> Offers:
        """Offer the side and the colours."""
        return {"size": self.size, "channels": 3}
