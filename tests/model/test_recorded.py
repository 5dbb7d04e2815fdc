"""Recorded operations say what the model says, and are left where they might not."""

import pytest
import torch
from torch import nn

from tests import small
from torso.core.types import Features
from torso.model import recorded
from torso.model.recorded import outputs_of
from torso.sharing import Sharing


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(recorded, "_OFTEN", 3)


def rows_of(batch):
    """Return each row alone, with and without each of its modalities."""
    rows = []
    for row in range(len(batch.rows)):
        whole = {name: features[torch.tensor([row])] for name, features in batch.inputs.items()}
        rows.append(whole)
        for hidden in whole:
            empty = Features(whole[hidden].values, torch.zeros_like(whole[hidden].mask))
            rows.append({**whole, hidden: empty})
    return rows


def assert_equal(model, rows):
    with torch.inference_mode():
        for _ in range(4):
            for inputs in rows:
                expected, own = model(inputs), outputs_of(model, inputs)
                assert list(own) == list(expected)
                for task, output in expected.items():
                    torch.testing.assert_close(own[task], output, rtol=1e-6, atol=1e-6)


def recordings(model):
    return recorded._KEPT[model].recorded


@pytest.mark.parametrize("fusion", ["concat", "transformer", "gated"])
def test_a_recording_says_what_the_model_says(fusion):
    model = small.model(fusion=fusion).eval()
    assert_equal(model, rows_of(small.batch()))
    assert any(recording is not None for recording in recordings(model).values())


@pytest.mark.parametrize("sharing", sorted(Sharing.registry))
def test_every_sharing_is_recorded_or_left(sharing):
    model = small.model(sharing=sharing).eval()
    assert_equal(model, rows_of(small.batch())[:8])


class _Branching(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, fused):
        largest = max(float(tokens.values.max()) for tokens in fused.values())
        vectors = self.inner(fused)
        return {task: -vector if largest > 0.5 else vector for task, vector in vectors.items()}


def test_a_branch_on_values_is_not_recorded():
    model = small.model().eval()
    model.sharing.forward = _Branching(model.sharing.forward).forward
    assert_equal(model, rows_of(small.batch()))
    assert set(recordings(model).values()) == {None}


def test_a_parameter_that_changes_ends_the_recording():
    model = small.model().eval()
    rows = rows_of(small.batch())[:2]
    assert_equal(model, rows)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    assert_equal(model, rows)


def test_many_rows_are_not_recorded():
    model = small.model().eval()
    inputs = small.batch().inputs
    with torch.inference_mode():
        for _ in range(5):
            outputs_of(model, inputs)
    assert model not in recorded._KEPT
