"""Free text as an answer: tokens of a vocabulary learned from the training rows' own texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pyarrow as pa

from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.columns.tokenizing import chunks, restored_tokenizer, stripped, train_tokenizer
from torso.core.errors import DataError
from torso.core.ranges import Range
from torso.tables.table import Column
from torso.tasks._base.target import Facts, Target

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["CaptionTarget"]

_BYTES = 256


class CaptionTarget(Target, name="caption", head="decoder"):
    """A text that is to be written.

    Byte-level BPE over NFKC-normalised text (`train_tokenizer`), so that every text can be learnt and written; spaces
    around it are dropped. An empty or blank cell has no label. Evaluations compare with what the tokens say: with the
    normalised text, cut after `length` tokens.

    Args:
        vocabulary: tokens at most, of which 256 are bytes; few texts yield fewer.
        length: tokens of a text at most, in learning and in writing; the sign for the end is one of them.
        lowercase: whether capital letters are folded.
        min_frequency: times a pair must occur to become a token.
    """

    def __init__(
        self,
        vocabulary: Annotated[int, Range(300, 16_000, log=True)] = 2000,
        length: int = 64,
        lowercase: bool = False,
        min_frequency: Annotated[int, Range(1, 10)] = 2,
    ) -> None:
        if vocabulary < _BYTES:
            raise ValueError(f"Parameter `vocabulary` should be at least 256. Found {vocabulary}.")
        if length < 1:
            raise ValueError(f"Parameter `length` should be at least 1. Found {length}.")
        self.vocabulary = vocabulary
        self.length = length
        self.lowercase = lowercase
        self.min_frequency = min_frequency
        self.tokenizer: Tokenizer | None = None
        self.usual = 1.0
        self.modalities: list[str] = []

    def bind(self, task: str, inputs: Mapping[str, Input]) -> None:  # noqa: ARG002
        """Take note of the inputs, all of which a caption may be about."""
        self.modalities = list(inputs)

    def fit(self, column: Column) -> None:
        """Train the tokenizer, and learn how many tokens a text has.

        Raises:
            DataError: fewer than two different texts.
        """
        texts = {text for some in chunks(stripped(column)) for text in some} - {""}
        if len(texts) < 2:
            raise DataError(
                f"{column.table}, column {column.name!r}: a caption target should have at least two different texts "
                f"among the training rows. Found {[text[:60] for text in texts]}. Leave it out of the targets."
            )
        self.tokenizer = train_tokenizer(
            column,
            vocabulary=self.vocabulary,
            lowercase=self.lowercase,
            min_frequency=self.min_frequency,
        )
        lengths = [len(ids) for ids in self._tokens(column) if ids]
        self.usual = sum(lengths) / len(lengths)

    def state(self) -> Facts:
        """Return the tokenizer as the `tokenizers` library writes it, and the mean number of tokens."""
        assert self.tokenizer is not None
        return {"tokenizer": self.tokenizer.to_str(), "usual": self.usual}

    def restore(self, state: Facts) -> None:
        """Take back the tokenizer and the usual length."""
        self.tokenizer = restored_tokenizer(state["tokenizer"])
        self.usual = state["usual"]

    @property
    def end(self) -> int:
        """The token that says that a text is over: the one behind the vocabulary, so no text can hold it."""
        assert self.tokenizer is not None
        return int(self.tokenizer.get_vocab_size())

    def encode(self, column: Column, reading: Reading) -> np.ndarray:  # noqa: ARG002
        """Return int32 `[rows, length]`: tokens, `end` where there is room for it, and -1 behind it."""
        out = self.missing(len(column))
        for row, ids in enumerate(self._tokens(column)):
            out[row, : len(ids)] = ids
        return out

    def _tokens(self, column: Column) -> Iterator[list[int]]:
        """Yield the tokens of each row, none where there is no text."""
        assert self.tokenizer is not None
        for some in chunks(stripped(column)):
            for text, encoded in zip(some, self.tokenizer.encode_batch_fast(some), strict=True):
                yield [*encoded.ids, self.end][: self.length] if text else []

    def missing(self, rows: int) -> np.ndarray:
        """Return -1 for every token."""
        return np.full((rows, self.length), -1, dtype=np.int32)

    def offered(self) -> Facts:
        """Offer the modalities' names, the number of tokens that there are, in a text at most, and in a usual one."""
        return {
            "modalities": self.modalities,
            "symbols": self.end + 1,
            "length": self.length,
            "usual": self.usual,
        }

    def texts(self, tokens: np.ndarray) -> list[str]:
        """Return the texts of tokens `[rows, length]`, up to the first `end`."""
        assert self.tokenizer is not None
        over = (tokens < 0) | (tokens >= self.end)
        lengths = np.where(over.any(axis=1), over.argmax(axis=1), tokens.shape[1])
        ids = [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]
        return [text.strip() for text in self.tokenizer.decode_batch(ids)]

    def compared(self, values: np.ndarray) -> np.ndarray:
        """Return int32 `[rows, characters]`: the code points of the tokens' texts, -1 behind the last."""
        texts = self.texts(values)
        out = np.full((len(texts), max([1, *map(len, texts)])), -1, dtype=np.int32)
        for row, text in enumerate(texts):
            out[row, : len(text)] = [ord(letter) for letter in text]
        return out

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, the text, and `task_log_probability`, the natural logarithm of its probability."""
        out = {task: pa.array(self.texts(prediction), pa.large_string())}
        if "log_probability" in details:
            out[f"{task}_log_probability"] = pa.array(details["log_probability"].sum(axis=1))
        return out
