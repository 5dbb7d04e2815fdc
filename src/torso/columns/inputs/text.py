"""Texts as inputs: byte-pair encoding trained on the training rows' own corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np

from torso.columns.codes import codes
from torso.columns.inputs._few_rows import FEW_ROWS
from torso.columns.inputs._input import Input, Offers, State, Suited
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import RaggedSource
from torso.columns.tokenizing import chunks, restored_tokenizer, stripped, train_tokenizer
from torso.core.hub import find_model, split_reference, tokenizer_json
from torso.core.ranges import Range
from torso.tables.table import Column

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["TextInput"]


class TextInput(Input, name="text", form="text", encoder="transformer", rank=70):
    """A text of any length and script.

    Byte-level BPE over NFKC-normalised text (`train_tokenizer`), so that no character is unknown. An empty or blank
    text counts as missing.

    Args:
        vocabulary: tokens at most; a small corpus yields fewer.
        length: tokens of a text that are read; the rest is cut.
        lowercase: fold capital letters.
        min_frequency: times a pair must occur to become a token.
        tokenizer: `name@revision` of a pretrained model; its tokenizer is used instead of one trained here, and
            only `length` has an effect besides. Its special tokens count for `length`.
    """

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise any text; codes that hardly repeat are recognised, but not used."""
        if not profile.is_text:
            return None
        if codes(profile):
            warning = (
                f"Holds {len(profile.counts)} different codes in {len(profile.values)} rows: each identifies a row and "
                "says nothing about a new one."
            )
            return Guess(cls.name, "codes, hardly one twice", (warning,), use=False)
        words = sum(len(text.split()) for text in profile.counts) / len(profile.counts)
        return Guess(cls.name, f"{profile.distinct} texts of {words:.1f} words on average")

    def __init__(
        self,
        vocabulary: Annotated[int, Range(1000, 32_000, log=True)] = 8000,
        length: Annotated[int, Range(16, 512, log=True)] = 64,
        lowercase: bool = True,
        min_frequency: Annotated[int, Range(1, 10)] = 2,
        tokenizer: str | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.length = length
        self.lowercase = lowercase
        self.min_frequency = min_frequency
        self.pretrained = tokenizer
        self.tokenizer: Tokenizer | None = None

    def suited(self, rows: int) -> Suited:
        """Return n-grams of small tokens where few rows would not teach a transformer to read."""
        if rows >= FEW_ROWS or self.pretrained is not None:
            return super().suited(rows)
        return Suited({"type": "ngrams", "buckets": 20_000}, {"vocabulary": 500, "length": 256})

    def fit(self, column: Column) -> None:
        """Train the tokenizer, or take that of the pretrained model."""
        if self.pretrained is not None:
            model = find_model(*split_reference(self.pretrained))
            self.restore({"tokenizer": tokenizer_json(model)})
            return

        self.tokenizer = train_tokenizer(
            column,
            vocabulary=self.vocabulary,
            lowercase=self.lowercase,
            min_frequency=self.min_frequency,
        )

    def state(self) -> State:
        """Return the tokenizer as the `tokenizers` library writes it."""
        assert self.tokenizer is not None
        return {"tokenizer": self.tokenizer.to_str()}

    def restore(self, state: State) -> None:
        """Take back the tokenizer."""
        self.tokenizer = restored_tokenizer(state["tokenizer"])
        if self.pretrained is not None:
            self.tokenizer.no_padding()
            self.tokenizer.enable_truncation(self.length)  # special tokens at the end stay

    def source(self, column: Column, reading: Reading) -> RaggedSource:
        """Return token ids, int64 in batches."""
        del reading
        assert self.tokenizer is not None
        flat, lengths = [], []
        for chunk in chunks(stripped(column)):
            for text, encoded in zip(chunk, self.tokenizer.encode_batch_fast(chunk), strict=True):
                ids = encoded.ids[: self.length] if text else []
                lengths.append(len(ids))
                flat.append(np.array(ids, dtype=np.int32))
        joined = np.concatenate([np.zeros(0, np.int32), *flat])
        return RaggedSource(joined, np.array(lengths, dtype=np.int64), dtype=np.int64)

    def offsets(self, column: Column) -> list[np.ndarray | None]:
        """Return each token's start and end in its text, without the blanks around it.

        Characters are counted from the first that is no blank, since tables are read without blanks around a
        cell. Start and end of a special token are equal.
        """
        assert self.tokenizer is not None
        offsets: list[np.ndarray | None] = []
        for chunk in chunks(stripped(column)):
            for text, encoded in zip(chunk, self.tokenizer.encode_batch(chunk), strict=True):
                ends = [_without_blanks(text, *pair) for pair in encoded.offsets[: self.length]]
                offsets.append(np.array(ends, np.int64).reshape(-1, 2) if text else None)
        return offsets

    def offered(self) -> Offers:
        """Offer the size of the vocabulary."""
        assert self.tokenizer is not None
        return {"vocabulary": self.tokenizer.get_vocab_size()}


def _without_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the ends of `text[start:end]` without the blanks at them; only blanks stay as they are."""
    token = text[start:end]
    if not token.strip():
        return start, end
    return start + len(token) - len(token.lstrip()), end - len(token) + len(token.rstrip())
