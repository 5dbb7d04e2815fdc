"""The laws of the room, for every registered fusion, alone and nested."""

import pytest

from tests.fusion import laws
from torso.core.spec import Spec
from torso.fusion import Fusion


def name(spec):
    known = Spec.parse(spec)
    kind, settings = known.name, known.settings
    return f"{kind}({','.join(map(str, settings.values()))})" if settings else kind


EVERY = [pytest.param(spec, id=name(spec)) for spec in laws.fusions()]
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
def test_laws(spec):
    for law in LAWS:  # one test, since a test costs more than a law
        law(laws.build(spec))
    laws.assert_saved_and_loaded(laws.build(spec), laws.build(spec, seed=9))
    laws.assert_one_modality_is_enough(spec)
    laws.assert_needs_a_modality(spec)


@pytest.mark.parametrize("spec", laws.order_invariant(), ids=name)
def test_the_order_of_the_modalities_is_no_matter_where_a_class_says_so(spec):
    laws.assert_order_of_modalities_is_no_matter(spec)


@pytest.mark.parametrize("name", list(Fusion.registry))
def test_tracing(name):
    laws.assert_can_be_traced(name)
