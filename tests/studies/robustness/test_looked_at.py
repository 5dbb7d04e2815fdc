"""The note on the parts of a run that a study of robustness leaves out."""

from types import SimpleNamespace

import pytest

from torso.studies.robustness.report import _looked_at


@pytest.mark.parametrize(
    ("networks", "plain", "said"),
    [
        (1, None, None),
        (5, None, "that of the first of 5 networks, so"),
        (1, object(), "that of the network without the plain models"),
        (5, object(), "that of the first of 5 networks without the plain models"),
    ],
)
def test_a_note_says_which_network_is_looked_at(networks, plain, said):
    report = SimpleNamespace(training=SimpleNamespace(networks=networks))
    notes = _looked_at(SimpleNamespace(report=report, plain=plain))
    assert (notes == ()) if said is None else said in notes[0]
