"""Byte-pair encoding learned from a column's own texts, for text inputs and for captions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.tables.table import Column

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["chunks", "restored_tokenizer", "stripped", "train_tokenizer"]

_CHUNK = 10_000  # texts handed to the tokenizer at once


def restored_tokenizer(text: str) -> Tokenizer:
    """Return the tokenizer that `to_str` wrote.

    Raises:
        ValueError: the text describes none.
    """
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing more precise
        raise ValueError(f"no tokenizer: {error}") from None


def train_tokenizer(
    column: Column, *, vocabulary: int, lowercase: bool, min_frequency: int
) -> Tokenizer:
    """Return a tokenizer for texts like those of `column`.

    Byte-level BPE (Sennrich et al., ACL 2016) over NFKC-normalised text: no character is unknown.

    Args:
        column: texts to learn from.
        vocabulary: tokens at most.
        lowercase: whether capital letters are folded.
        min_frequency: times a pair must occur to become a token.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    steps = [normalizers.NFKC(), *([normalizers.Lowercase()] if lowercase else [])]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(chunks(pc.drop_null(cells.texts(column))), trainer)
    return tokenizer


def stripped(column: Column) -> pa.Array:
    """Return the cells as texts without spaces around them, empty where missing."""
    return pc.fill_null(pc.utf8_trim_whitespace(cells.texts(column)), "")


def chunks(texts: pa.Array) -> Iterator[list[str]]:
    """Yield all `texts`, 10,000 at a time."""
    for start in range(0, len(texts), _CHUNK):
        yield texts[start : start + _CHUNK].to_pylist()
