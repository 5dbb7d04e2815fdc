"""A preparation with fewer columns: trained on, it is the fit of a table that has these columns alone."""

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import INPUTS, MEDIA, TARGETS, TINY
from torso.core.errors import ConfigError

KEPT = [
    (["price"], INPUTS),
    (["colour", "loud"], ["size", "shop"]),
    (["price"], ["photo"]),
    (TARGETS, ["sound", "note"]),
]


def settings_of(inputs, settings):
    """Leave out settings of columns that are not read."""
    parts = [(path.split("."), value) for path, value in settings.items()]
    return {
        ".".join(path): value
        for path, value in parts
        if path[0] not in ("inputs", "encoders") or path[1] in inputs
    }


def test_training_fewer_columns_equals_a_fit_of_them_and_reads_no_file_again(tmp_path, monkeypatch):
    table = tables.make(tmp_path)
    settings = {**TINY, **MEDIA, "data.cache": str(tmp_path / "cache")}
    prepared = torso.prepare(table, TARGETS, inputs=INPUTS, settings=settings)
    fits = [
        torso.fit(table, targets, inputs=inputs, settings=settings_of(inputs, settings))
        for targets, inputs in KEPT
    ]
    for kind in ("image", "audio"):
        monkeypatch.delattr(f"torso.columns.inputs.{kind}.decode_{kind}")
    for (targets, inputs), fitted in zip(KEPT, fits, strict=True):
        own = prepared.only(targets=targets[::-1], inputs=inputs)
        run = torso.train(own)
        assert run.config == fitted.config
        assert str(run.reports) == str(fitted.reports)
        assert run.report.usage == fitted.report.usage
        np.testing.assert_array_equal(run.split.seen.digests, fitted.split.seen.digests)
        weights, expected = run.model.state_dict(), fitted.model.state_dict()
        assert weights.keys() == expected.keys()
        assert all(np.array_equal(weights[name], expected[name]) for name in weights)


def test_some_columns_of_a_modality():
    columns = {**tables.plain(), "age": list(range(40))}
    both = torso.prepare(columns, ["price"], inputs=["size", "age", "shop"], settings=TINY)
    alone = torso.prepare(columns, ["price"], inputs=["age"], settings={"dim": 8})
    source = both.only(inputs=["age"]).parts["training"].dataset.sources["numbers"]
    expected = alone.parts["training"].dataset.sources["numbers"]
    np.testing.assert_array_equal(source.present(), expected.present())
    np.testing.assert_array_equal(source.values, expected.values)


def test_settings_of_columns_that_are_gone_leave_the_config():
    settings = {**TINY, "encoders.note": "ngrams", "heads.price": "student", "dim": 8}
    prepared = torso.prepare(tables.plain(), TARGETS, settings=settings)
    own = prepared.only(targets=["loud"], inputs=["shop"])
    assert list(own.config.encoders) == ["categories"] and list(own.config.heads) == ["loud"]
    again = own.under({"seed": 3, "fusion": "gated"})  # the rows stay where they are
    assert again.config.data.split.seed == 0
    assert prepared.only() is prepared and list(prepared.schema.targets) == TARGETS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": ["sice"]}, r"Did you mean 'size'\?"),
        ({"targets": []}, r"`targets` should keep at least one of \['colour', 'loud', 'price'\]"),
        ({"targets": "price"}, r"Write targets=\['price'\]"),
    ],
)
def test_slips_are_told(change, message):
    prepared = torso.prepare(tables.plain(), TARGETS, settings=TINY)
    with pytest.raises(ConfigError, match=message):
        prepared.only(**change)
