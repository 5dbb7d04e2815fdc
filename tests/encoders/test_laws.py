"""The laws of the room, for every registered encoder."""

import pytest
import torch

from tests.encoders import laws
from torso.encoders import Encoder

EVERY = [
    pytest.param(name, settings, id=f"{name}{settings or ''}") for name, settings in laws.encoders()
]
TRACED = [
    pytest.param(name, laws.shallow(name), id=name)
    for name, settings in laws.encoders()
    if not settings
]

every = pytest.mark.parametrize(("name", "settings"), EVERY)


@pytest.fixture
def encoder(name, settings):
    return laws.build(name, settings)


@pytest.fixture
def features(name):
    return laws.example(name)


@every
def test_laws(name, settings):
    def law(assert_holds, *without):
        """Check a law on an encoder of its own, in one test, since a test costs more than a law."""
        whole = laws.example(name)
        for features in (whole, *(laws.without(whole, rows) for rows in without)):
            assert_holds(laws.build(name, settings), features)

    law(laws.assert_shape)
    law(laws.assert_blind_under_mask, [0, 3])
    if Encoder.registry.find(name).form in laws.STEPPED:
        law(laws.assert_blind_to_padding)
    law(laws.assert_absent_rows_are_absent)
    law(laws.assert_works_without_any_row)
    law(laws.assert_both_ways_agree)
    law(laws.assert_order_free, [2])
    law(laws.assert_trains_on_one_row)
    law(laws.assert_gradient_everywhere)
    law(laws.assert_autocast)


@pytest.mark.parametrize(("name", "settings"), TRACED)
def test_tracing(encoder, features):
    laws.assert_can_be_traced(encoder, features)


@every
def test_state_dict(name, settings, encoder, features):
    encoder.train()(features)  # running statistics are state too
    laws.assert_saved_and_loaded(encoder.eval(), laws.build(name, settings, seed=9), features)


@every
def test_settings_and_randomness(name, settings, features):
    with pytest.raises(
        ValueError, match=r"Unknown setting of encoder .* 'dims'\. Did you mean 'dim'"
    ):
        laws.build(name, {**settings, "dims": 3})
    outs = []
    for _ in range(2):
        encoder = laws.build(name, settings).train()
        torch.manual_seed(5)
        outs.append(encoder(features).values)
    assert torch.equal(*outs)
