"""The laws of the room, for every registered sharing."""

import pytest

from tests.sharing import laws
from torso.sharing import Sharing

LAWS = [
    laws.assert_one_vector_per_task,
    laws.assert_every_task_reads_a_trunk,
    laws.assert_shared_parameters_are_those_of_several_tasks,
    laws.assert_penalties_are_of_training_only,
    laws.assert_mixing_says_shares,
    laws.assert_many_tasks,
    laws.assert_settings_are_checked,
    laws.assert_rows_are_independent,
    laws.assert_saved_and_loaded,
    laws.assert_needs_a_task,
    laws.assert_autocast,
]


@pytest.mark.parametrize("spec", laws.sharings(), ids=str)
def test_laws(spec):
    for law in LAWS:  # one test, since a test costs more than a law
        law(spec)


@pytest.mark.parametrize("name", list(Sharing.registry))
def test_tracing(name):
    laws.assert_can_be_traced({"type": name})
