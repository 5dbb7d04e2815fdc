"""Columns that a graph makes of tokens beside those that the flat view makes of them."""

import numpy as np
import pytest
import torch

from torso.columns.inputs import Input
from torso.columns.sources import ArraySource, RaggedSource
from torso.core.types import Features
from torso.exporting.plain import FilledColumns
from torso.plain.flat import FlatView, Part


class Tokens(RaggedSource):
    encoded = True
    read = None


def drawn(width, rows=90):
    """Return tokens of rows, every fourth without any, and a column of numbers beside them."""
    draw = np.random.default_rng(0)
    lengths = np.where(np.arange(rows) % 4 == 0, 0, draw.integers(1, 5, rows))
    values = draw.normal(size=(lengths.sum(), width)).astype(np.float32)
    values[:, 1] = values[:, 0]  # one column of the view
    numbers = draw.normal(size=(rows, 1)).astype(np.float32)
    mask = draw.random((rows, 1)) < 0.8
    return {"seen": Tokens(values, lengths), "size": ArraySource(numbers, mask)}


@pytest.mark.parametrize("width", [6, 100])
def test_tokens_fill_the_columns_that_the_view_makes_of_them(width):
    """Means of few numbers stay as they are; more than 64 become components."""
    sources = drawn(width)
    size = Part("size", "numbers", {"size": Input.registry.build("number")})
    view = FlatView([Part("seen", "vector", {}), size])
    rows = np.arange(len(sources["seen"]))
    flat = view.fit({}, sources, rows)
    (made,) = view.encoded
    assert made.modality == "seen"
    assert [name for name in flat.names if "size" not in name.lower()] == [
        *(flat.names[place] for place in made.places),
        "Missing seen",
    ]
    assert len(made.places) == (64 if width > 64 else width - 1)
    values, mask = sources["seen"].batch(rows)
    values[~mask] = np.nan  # padding may hold anything
    tokens = Features(torch.from_numpy(values), torch.from_numpy(mask), encoded=True)
    hollow = flat.dense.copy()
    hollow[:, made.places] = 3.0
    filled = FilledColumns([made], view.columns)(torch.from_numpy(hollow), {"seen": tokens})
    np.testing.assert_allclose(filled.numpy(), flat.dense, atol=1e-5)
    np.testing.assert_array_equal(
        made.columns(*sources["seen"].batch(rows)), flat.dense[:, made.places]
    )
    nothing = Features(tokens.values, torch.zeros_like(tokens.mask), encoded=True)
    empty = FilledColumns([made], view.columns)(torch.from_numpy(hollow), {"seen": nothing})
    assert empty[:, made.places].isnan().all()
