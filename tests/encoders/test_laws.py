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
    """All in one test, since a test and an encoder cost more than a law."""
    whole = laws.example(name)
    answering = laws.build(name, settings)  # no law of this group changes it
    if settings and settings.keys() <= laws.OF_TRAINING:
        default = laws.build(name)
        assert torch.equal(answering(whole).values, default(whole).values)
    else:
        assert_laws_of_answers(name, answering, whole)
    laws.assert_both_ways_agree(answering, whole)
    laws.assert_trains_on_one_row(laws.build(name, settings), whole)
    laws.assert_gradient_everywhere(laws.build(name, settings), whole)
    laws.assert_autocast(laws.build(name, settings), whole)


def assert_laws_of_answers(name, answering, whole):
    laws.assert_shape(answering, whole)
    for features in (whole, laws.without(whole, [0, 3])):
        laws.assert_blind_under_mask(answering, features)
    if Encoder.registry.find(name).form in laws.STEPPED:
        laws.assert_blind_to_padding(answering, whole)
    laws.assert_absent_rows_are_absent(answering, whole)
    laws.assert_works_without_any_row(answering, whole)
    for features in (whole, laws.without(whole, [2])):
        laws.assert_order_free(answering, features)


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
