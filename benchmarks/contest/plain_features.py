"""The flat views of a table that plain models see: n-grams and one-hot codes, or components of texts and codes.

Everything is learnt from the training rows. The kinds of the columns are those of spec.json, as a person reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from .media import media_features
from .tables import ExamTable

__all__ = ["PlainFeatures", "Rows"]

RARE = 2  # rows that an n-gram or code needs
MOST = 20_000  # n-grams a column


@dataclass(frozen=True, eq=False)
class Rows:
    """The training and the test rows as one kind of matrix."""

    train: np.ndarray | sparse.csr_array
    test: np.ndarray | sparse.csr_array


class PlainFeatures:
    """All views of one table; each is made when it is first asked for.

    Args:
        table: the table.
    """

    def __init__(self, table: ExamTable) -> None:
        self.table = table
        self.edge = len(table.train)
        self.rows = pd.concat([table.train, table.test], ignore_index=True)

    @property
    def has_media(self) -> bool:
        """Whether there are pictures or recordings."""
        return bool(self.table.of_kind("image", "audio"))

    def wide(self, media: bool) -> Rows:
        """Return n-grams, one-hot codes, scaled numbers and media: sparse, for linear models."""
        parts = [*self.ngrams.values(), self.one_hot, sparse.csr_array(self.scaled(self.numbers))]
        if media:
            parts.append(sparse.csr_array(self.scaled(self.media)))
        return self.cut(sparse.csr_array(sparse.hstack(parts, format="csr")))

    def dense(self, components: int, media: bool) -> Rows:
        """Return numbers, codes, components of each text, and media: dense with NaN, for trees."""
        parts = [self.numbers, self.codes]
        parts += [self.components(name)[:, :components] for name in self.ngrams]
        if media:
            parts.append(self.media)
        return self.cut(np.hstack(parts).astype(np.float32))

    def cut(self, matrix: np.ndarray | sparse.csr_array) -> Rows:
        """Return both tables' rows."""
        return Rows(matrix[: self.edge], matrix[self.edge :])

    @cached_property
    def numbers(self) -> np.ndarray:
        """Number and date columns, NaN where there is none; a date is its days and its month."""
        columns = [
            pd.to_numeric(self.rows[name], errors="coerce").to_numpy(np.float64)
            for name in self.table.of_kind("number", "count")
        ]
        for name in self.table.of_kind("datetime"):
            text = self.rows[name].str.replace(r"(\d)(st|nd|rd|th)\b", r"\1", regex=True)
            dates = pd.to_datetime(text, errors="coerce", format="mixed")
            days = (dates - pd.Timestamp("2000-01-01")).dt.days
            columns += [days.to_numpy(np.float64), dates.dt.month.to_numpy(np.float64)]
        return np.stack(columns, axis=1) if columns else np.empty((len(self.rows), 0))

    @property
    def texts(self) -> list[str]:
        """Columns of texts, and of kinds that have no features of their own here."""
        others = ("number", "count", "datetime", "category", "binary", "ordinal")
        media = ("image", "audio", "video")
        return [name for name, kind in self.table.inputs.items() if kind not in others + media]

    @property
    def categories(self) -> pd.DataFrame:
        """Category columns, `missing` where a cell is empty."""
        names = self.table.of_kind("category", "binary", "ordinal")
        return self.rows[names].fillna("missing")

    @cached_property
    def one_hot(self) -> sparse.csr_array:
        """Codes of categories, one column each."""
        categories = self.categories
        if categories.shape[1] == 0:
            return sparse.csr_array((len(self.rows), 0))
        encoder = OneHotEncoder(handle_unknown="ignore")
        encoder.fit(categories[: self.edge])
        return sparse.csr_array(encoder.transform(categories))

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes of categories as one number each; -1 where it was not seen in training."""
        categories = self.categories
        if categories.shape[1] == 0:
            return np.empty((len(self.rows), 0))
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        encoder.fit(categories[: self.edge])
        return encoder.transform(categories)

    @cached_property
    def ngrams(self) -> dict[str, sparse.csr_array]:
        """Text column -> TF-IDF of its words and of their characters."""
        made = {}
        for name in self.texts:
            cells = self.rows[name].fillna("")
            parts = []
            for settings in (
                {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
                {"analyzer": "char_wb", "ngram_range": (2, 4)},
            ):
                maker = TfidfVectorizer(
                    sublinear_tf=True, min_df=RARE, max_features=MOST, dtype=np.float32, **settings
                )
                try:
                    maker.fit(cells[: self.edge])
                except ValueError:  # nothing occurs twice
                    continue
                parts.append(maker.transform(cells))
            if parts:
                made[name] = sparse.csr_array(sparse.hstack(parts, format="csr"))
        return made

    def components(self, name: str) -> np.ndarray:
        """Return up to 64 components of a text column, the strongest first."""
        made = self.__dict__.setdefault("_components", {})
        if name not in made:
            matrix = self.ngrams[name]
            size = min(64, min(self.edge, matrix.shape[1]) - 1)
            if size < 1:
                made[name] = matrix.toarray()
            else:
                svd = TruncatedSVD(size, random_state=0).fit(matrix[: self.edge])
                made[name] = svd.transform(matrix)
        return made[name]

    @cached_property
    def media(self) -> np.ndarray:
        """Pixels and log-mel statistics of all media columns."""
        columns = [
            media_features(self.rows[name], kind, self.table.media)
            for kind in ("image", "audio")
            for name in self.table.of_kind(kind)
        ]
        return np.hstack(columns) if columns else np.empty((len(self.rows), 0), dtype=np.float32)

    def scaled(self, numbers: np.ndarray) -> np.ndarray:
        """Return standardised numbers, the training mean where there is none, and which are missing."""
        if numbers.shape[1] == 0:
            return numbers
        missing = np.isnan(numbers)
        kept = ~missing[: self.edge].all(axis=0)
        numbers, missing = numbers[:, kept], missing[:, kept]
        scaler = StandardScaler().fit(numbers[: self.edge])
        values = np.nan_to_num(scaler.transform(numbers))
        return np.hstack([values, missing[:, missing[: self.edge].any(axis=0)]])
