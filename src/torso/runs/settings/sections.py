"""Sections of `run.yaml` that are about the rows and about the models beside the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationInfo, field_validator

from torso.core.strict import Strict

if TYPE_CHECKING:
    from torso.tables.formats.text_settings import TextSettings

__all__ = ["DataConfig", "PlainConfig", "SplitConfig", "StartConfig"]


class SplitConfig(Strict):
    """Division of the rows into training, validation and test."""

    test: float = Field(0.2, ge=0, lt=1, description="share of rows (or groups) kept for the test")
    validation: float = Field(
        0.1, gt=0, lt=1, description="share for early stopping and calibration"
    )
    stratify: str | None = Field(None, description="column spread over the splits alike")
    group: str | None = Field(None, description="column whose equal values stay on one side")
    column: str | None = Field(None, description="column that says train, validation or test")
    time: str | None = Field(
        None, description="column of dates or growing numbers; the newest rows are held out"
    )
    seed: int | None = Field(
        None, ge=0, lt=2**32, description="seed of the draw; null: the run's seed"
    )
    like: str | None = Field(
        None, description="folder of a run on the same rows; its split is used"
    )


class DataConfig(Strict):
    """Where rows and files come from."""

    table: str | None = Field(None, description="the table; null if it was given in memory")
    validation: str | None = Field(None, description="a table of its own for validation")
    test: str | None = Field(None, description="a table of its own for the test")
    root: list[str] = Field([], description="folders or zips that file columns are relative to")
    missing: list[str] = Field([], description="cells that mean missing, besides the empty one")
    delimiter: str | None = Field(
        None, description="between two cells of a CSV, such as ; or tab; null: found by looking"
    )
    encoding: str | None = Field(
        None, description="of a text file, such as gb18030; null: found by looking"
    )
    usual_encoding: str | None = Field(
        None, description="of the training table, filled in; taken where a file leaves a doubt"
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="mark before decimals in a text file; null: found for each column"
    )
    weight: str | None = Field(
        None,
        description="column that says how much each row counts in what is learnt; never an input; metrics count each "
        "row once",
    )
    split: SplitConfig = SplitConfig()  # type: ignore[call-arg]
    weights: str | None = Field(
        None, description="folder of pretrained models that may be used; default $TORSO_WEIGHTS"
    )
    cache: str | None = Field(
        None, description="folder of the feature cache; default ~/.cache/torso"
    )
    on_error: Literal["missing", "fail"] = Field(
        "missing", description="an unreadable cell or file counts as missing, or ends the run"
    )
    most_skipped: float = Field(
        0.2,
        ge=0,
        le=1,
        description="share of a column that may be unreadable before a fit is refused",
    )

    @field_validator("delimiter", "encoding", "usual_encoding")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        from torso.tables.formats.text_settings import known_delimiter, known_encoding

        if value is None:
            return None
        return known_delimiter(value) if info.field_name == "delimiter" else known_encoding(value)

    @property
    def text(self) -> TextSettings:
        """The settings of text files."""
        from torso.tables.formats.text_settings import TextSettings

        return TextSettings(self.delimiter, self.encoding, self.usual_encoding)


class PlainConfig(Strict):
    """Models of a flat view of the row, beside the network."""

    models: list[str] = Field(["linear", "trees", "forest"], description="names of plain models")
    folds: int = Field(5, ge=2, description="parts of the rows, each held out once")
    repeats: int | None = Field(
        None,
        ge=1,
        description="times that the folds are drawn anew and all is learnt again; null: 1, and 2 with quality best",
    )


class StartConfig(Strict):
    """A finished run whose weights a fit begins with."""

    run: str = Field(description="folder of the finished run")
    train: Literal["all", "heads", "adapters"] = Field(
        "all",
        description="all: every weight; heads: trained encoders, fusion and shared layers stay as they are; adapters: "
        "so, but each of their matrices is changed by one of low rank",
    )
    rank: int = Field(4, ge=1, description="of the adapters")
    digest: str | None = Field(
        None, description="of that run's weights, filled in; null: whichever they are"
    )
