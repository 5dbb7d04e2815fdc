"""The laws of the room, for every registered encoder."""

import pytest
import torch

from tests.encoders import laws
from torso.encoders import Encoder

EVERY = [
    pytest.param(name, settings, id=f"{name}{settings or ''}") for name, settings in laws.encoders()
]
STEPPED = [one for one in EVERY if Encoder.registry.find(one.values[0]).form in laws.STEPPED]
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
def test_shape_and_precision(encoder, features):
    laws.assert_shape(encoder, features)


@every
def test_garbage_under_the_mask_changes_nothing(encoder, features):
    laws.assert_blind_under_mask(encoder, features)
    laws.assert_blind_under_mask(encoder, laws.without(features, [0, 3]))


@pytest.mark.parametrize(("name", "settings"), STEPPED)
def test_padding_changes_nothing(encoder, features):
    laws.assert_blind_to_padding(encoder, features)


@every
def test_absent_rows(encoder, features):
    laws.assert_absent_rows_are_absent(encoder, features)
    laws.assert_works_without_any_row(encoder, features)


@every
def test_speed_paths_change_nothing(encoder, features):
    laws.assert_both_ways_agree(encoder, features)


@pytest.mark.parametrize(("name", "settings"), TRACED)
def test_tracing(encoder, features):
    laws.assert_can_be_traced(encoder, features)


@every
def test_order_of_the_batch(encoder, features):
    laws.assert_order_free(encoder, features)
    laws.assert_order_free(encoder, laws.without(features, [2]))


@every
def test_one_row_in_training(encoder, features):
    laws.assert_trains_on_one_row(encoder, features)


@every
def test_gradient_reaches_every_parameter(encoder, features):
    laws.assert_gradient_everywhere(encoder, features)


@every
def test_bfloat16(encoder, features):
    laws.assert_autocast(encoder, features)


@every
def test_state_dict(name, settings, encoder, features):
    encoder.train()(features)  # running statistics are state too
    laws.assert_saved_and_loaded(encoder.eval(), laws.build(name, settings, seed=9), features)


@every
def test_a_wrong_setting_is_a_clear_error(name, settings):
    with pytest.raises(
        ValueError, match=r"Unknown setting of encoder .* 'dims'\. Did you mean 'dim'"
    ):
        laws.build(name, {**settings, "dims": 3})


def test_randomness_follows_the_seed():
    for name, settings in laws.encoders():
        features = laws.example(name)
        outs = []
        for _ in range(2):
            encoder = laws.build(name, settings).train()
            torch.manual_seed(5)
            outs.append(encoder(features).values)
        assert torch.equal(*outs), name
