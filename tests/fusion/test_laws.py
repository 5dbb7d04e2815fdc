"""The laws of the room, for every registered fusion, alone and nested."""

import pytest

from tests.fusion import laws

EVERY = [
    pytest.param(spec, id=spec if isinstance(spec, str) else f"{spec['type']}({spec['inner']})")
    for spec in laws.fusions()
]
LAWS = [
    laws.assert_shape,
    laws.assert_blind_under_mask,
    laws.assert_rows_are_independent,
    laws.assert_any_subset,
    laws.assert_order_of_keys_is_no_matter,
    laws.assert_every_modality_matters,
    laws.assert_gradient_everywhere,
    laws.assert_autocast,
    laws.assert_names_are_checked,
]


@pytest.mark.parametrize("spec", EVERY)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("assert_"))
def test_law(law, spec):
    law(laws.build(spec))


@pytest.mark.parametrize("spec", EVERY)
def test_state_dict(spec):
    laws.assert_saved_and_loaded(laws.build(spec), laws.build(spec, seed=9))


@pytest.mark.parametrize("spec", EVERY)
def test_one_modality_is_enough_and_none_is_not(spec):
    laws.assert_one_modality_is_enough(spec)
    laws.assert_needs_a_modality(spec)
