"""Kinds of input recognise their own cells, in the order of their ranks."""

import pytest

from torso.columns.inputs import CategoryInput, Input, NumberInput
from torso.columns.profile import Guess, Profile
from torso.inference.input_kinds import guess_input
from torso.tables.table import read_table

PRICES = ["few EUR", "many EUR", "no EUR", "no EUR"] * 3


@pytest.fixture
def registry(monkeypatch):
    """Let a test file kinds that are gone afterwards."""
    monkeypatch.setattr(Input.registry, "_parts", dict(Input.registry._parts))


def guess(values):
    return guess_input(Profile(read_table({"x": values}).column("x")))


def test_ranks_leave_no_doubt():
    ranks = [kind.rank for _, kind in Input.registry.items()]
    assert None not in ranks and len(set(ranks)) == len(ranks)


def test_a_kind_of_ones_own_is_asked_in_its_turn(registry):
    assert guess(PRICES).kind == "category"

    class Price(NumberInput, name="price", rank=45):
        @classmethod
        def recognise(cls, profile):
            prices = profile.is_text and profile.share(lambda text: text.endswith(" EUR")) > 0.9
            return Guess(cls.name, "amounts in euro") if prices else None

    assert guess(PRICES) == Guess("price", "amounts in euro")
    assert guess([1.5, 2.5, 4.0]).kind == "number"


def test_a_derived_kind_without_a_rank_is_not_asked(registry):
    class Shop(CategoryInput, name="a_shop"):
        pass

    assert Shop.rank is None and guess(PRICES).kind == "category"


def test_a_refusal_ends_the_asking():
    refused = guess([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0]])
    assert refused.kind == "" and "3 different lengths" in refused.why
    assert (
        guess([b"?", b"!", b"?"]).why
        == "bytes of no known image, audio or video format; if they are text: --set inputs.x.kind=text"
    )
