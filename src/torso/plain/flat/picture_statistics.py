"""Statistics of pictures that a person would name: how bright, how colourful, how busy, and where."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from torso.plain.flat._moments import mean, mean_and_spread

__all__ = ["COARSE", "NAMES", "PIXELS", "picture_statistics", "thumbnails"]

_BINS = 8
_HUES = 6
_THUMBNAIL = 8  # pixels a side
PIXELS = 3 * _THUMBNAIL**2
"""Numbers of a thumbnail."""
_PARTS = 3  # a side, of brightness and edges by place

NAMES = (
    *(f"{colour} {each}" for each in ("mean", "spread") for colour in ("red", "green", "blue")),
    "saturation mean",
    "saturation spread",
    "colourfulness",
    "red less green",
    "blue less yellow",
    *(f"brightness bin {at + 1}" for at in range(_BINS)),
    *(f"hue bin {at + 1}" for at in range(_HUES)),
    "edges across",
    "edges down",
    "edges spread",
    "flat share",
    "fine detail",
    "mirror likeness",
    *(f"brightness in part {at + 1}" for at in range(_PARTS**2)),
    *(f"edges in part {at + 1}" for at in range(_PARTS**2)),
)


COARSE = [at for at, name in enumerate(NAMES) if " bin " not in name and "in part" not in name]
"""Positions of the statistics that are neither histograms nor by place."""


def picture_statistics(pixels: np.ndarray, *, coarse: bool = False) -> np.ndarray:
    """Return statistics of pictures uint8 `[pictures, height, width, 3]`, float32 `[pictures, len(NAMES)]`.

    Args:
        pixels: of the pictures.
        coarse: statistics beside `COARSE` are left at 0.
    """
    colours = pixels.astype(np.float32) / 255
    grey = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    red, green, blue = (colours[..., at] for at in range(3))
    greatest = np.maximum(np.maximum(red, green), blue)
    chroma = greatest - np.minimum(np.minimum(red, green), blue)
    saturation = chroma / np.maximum(greatest, 1 / 255)
    red_green, blue_yellow = red - green, blue - (red + green) / 2
    across, down = grey[:, :, 1:] - grey[:, :, :-1], grey[:, 1:] - grey[:, :-1]
    edges = np.abs(across[:, 1:]) + np.abs(down[:, :, 1:])
    blurred = (grey[:, ::2, ::2][:, : grey.shape[1] // 2, : grey.shape[2] // 2]).repeat(2, 1)
    blurred = blurred.repeat(2, 2)
    detail = grey[:, : blurred.shape[1], : blurred.shape[2]] - blurred
    none = np.zeros((_PARTS**2, len(pixels)), np.float32)
    colour_means, colour_spreads = mean_and_spread(colours, (1, 2))
    red_green_mean, red_green_spread = mean_and_spread(red_green, (1, 2))
    blue_yellow_mean, blue_yellow_spread = mean_and_spread(blue_yellow, (1, 2))
    columns = [
        *colour_means.T,
        *colour_spreads.T,
        *mean_and_spread(saturation, (1, 2)),
        # From Hasler 2003 (https://doi.org/10.1117/12.477378). Differs: on values from 0 to 1.
        np.hypot(red_green_spread, blue_yellow_spread)
        + 0.3 * np.hypot(red_green_mean, blue_yellow_mean),
        red_green_mean,
        blue_yellow_mean,
        *(none[:_BINS] if coarse else _histogram(grey, np.ones_like(grey), _BINS)),
        *(none[:_HUES] if coarse else _histogram(_hue(colours, chroma, greatest), chroma, _HUES)),
        mean(np.abs(across), (1, 2)),
        mean(np.abs(down), (1, 2)),
        mean_and_spread(edges, (1, 2))[1],
        mean(edges < 2 / 255, (1, 2)),
        mean(np.abs(detail), (1, 2)),
        mean(np.abs(grey - grey[:, :, ::-1]), (1, 2)),
        *(none if coarse else _grid(grey, _PARTS).T),
        *(none if coarse else _grid(edges, _PARTS).T),
    ]
    return np.ascontiguousarray(np.array(columns, np.float32).T)


def thumbnails(pixels: np.ndarray) -> np.ndarray:
    """Return the pictures at 8 x 8 pixels in colour, float32 `[pictures, 192]` from 0 to 1."""
    colours = [_grid(pixels[..., colour] / np.float32(255), _THUMBNAIL) for colour in range(3)]
    return np.concatenate(colours, axis=1)


def _hue(colours: np.ndarray, chroma: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """Return the hue of each pixel, from 0 to 1; 0 for grey."""
    red, green, blue = np.moveaxis(colours, 3, 0)
    safe = np.maximum(chroma, 1e-6)
    hue = np.where(
        greatest == red,
        (green - blue) / safe % 6,
        np.where(greatest == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return np.asarray(hue / 6)


def _histogram(values: np.ndarray, weights: np.ndarray, bins: int) -> np.ndarray:
    """Return the share of the weight in each bin of values from 0 to 1, `[bins, pictures]`."""
    count = len(values)
    at = np.minimum((values * bins).astype(np.int64), bins - 1).reshape(count, -1)
    place = (at + bins * np.arange(count)[:, None]).ravel()
    sums = np.bincount(place, weights.ravel(), bins * count).reshape(count, bins)
    shares: np.ndarray = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-9)
    return shares.T


def _grid(values: np.ndarray, parts: int) -> np.ndarray:
    """Return the mean of each of `parts` x `parts` parts, `[pictures, parts ** 2]`."""
    rows, columns, sizes = _parts_of(values.shape[1], values.shape[2], parts)
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=1), columns, axis=2)
    means: np.ndarray = sums / sizes
    return means.reshape(len(values), -1).astype(np.float32)


@lru_cache(maxsize=64)
def _parts_of(height: int, width: int, parts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where the parts of a picture begin, down and across, and the pixels of each part."""
    edges = [np.linspace(0, size, parts + 1).astype(int) for size in (height, width)]
    rows, columns = (each[:-1] for each in edges)
    return rows, columns, np.outer(*(np.diff(each) for each in edges))
