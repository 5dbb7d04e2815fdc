"""The values that travel: shapes are checked once, where they are made."""

import dataclasses

import pytest
import torch

from torso.core.types import Batch, Features, Tokens

YES = torch.ones(3, dtype=torch.bool)


def test_presence_of_features():
    assert Features(torch.zeros(3, 2), YES).present is not None
    mask = torch.tensor([[True, False], [False, False]])
    assert Features(torch.zeros(2, 2, 5), mask).present.tolist() == [True, False]
    assert Features(torch.zeros(2, 4), torch.tensor([True, False])).present.tolist() == [
        True,
        False,
    ]
    assert len(Features(torch.zeros(3, 2), YES)) == 3


def test_rows_of_features_are_taken_together():
    features = Features(torch.arange(6).view(3, 2), torch.tensor([True, False, True]))
    some = features[torch.tensor([2, 0])]
    assert some.values.tolist() == [[4, 5], [0, 1]]
    assert some.mask.tolist() == [True, True]
    assert features[features.present].values.tolist() == [[0, 1], [4, 5]]


@pytest.mark.parametrize(
    ("values", "mask", "message"),
    [
        ((3, 2), torch.ones(3), r"`mask` should be bool\. Found dtype torch\.float32"),
        ((3, 2), torch.ones(4, dtype=torch.bool), r"Found mask \(4,\) and values \(3, 2\)"),
        ((3, 2), torch.ones(3, 3, dtype=torch.bool), r"Found mask \(3, 3\) and values \(3, 2\)"),
        ((3,), torch.ones(3, 1, dtype=torch.bool), r"Found mask \(3, 1\) and values \(3,\)"),
        ((3, 2, 4), torch.ones(3, 2, 4, dtype=torch.bool), r"`mask` should be \[batch\] or"),
        ((3,), torch.tensor(True), r"`mask` should be \[batch\] or \[batch, length\]"),
    ],
)
def test_features_of_wrong_shape_are_refused(values, mask, message):
    with pytest.raises(ValueError, match=message):
        Features(torch.zeros(values), mask)


@pytest.mark.parametrize(
    ("values", "mask", "message"),
    [
        (
            (3, 2),
            YES,
            r"`values` should be \[batch, length, dim\]\. Found values\.shape = \(3, 2\)",
        ),
        (
            (3, 2, 4),
            YES,
            r"`mask` should be bool of shape \(3, 2\)\. Found torch\.bool of shape \(3,\)",
        ),
        ((3, 2, 4), torch.ones(3, 2), r"Found torch\.float32 of shape \(3, 2\)"),
    ],
)
def test_tokens_of_wrong_shape_are_refused(values, mask, message):
    with pytest.raises(ValueError, match=message):
        Tokens(torch.zeros(values), mask)


def test_a_vector_is_one_token():
    tokens = Tokens.vector(torch.zeros(3, 8))
    assert (tokens.values.shape, tokens.dim) == ((3, 1, 8), 8)
    assert tokens.mask.tolist() == [[True]] * 3
    gone = Tokens.vector(torch.zeros(2, 8), torch.tensor([True, False]))
    assert gone.present.tolist() == [True, False]


def test_values_are_immutable():
    for one in (Features(torch.zeros(3, 2), YES), Tokens.vector(torch.zeros(3, 2)), Batch({})):
        first = dataclasses.fields(one)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, first, None)


def test_a_batch_is_moved_and_mapped():
    batch = Batch({"a": Features(torch.zeros(3, 2), YES)}, {"t": torch.zeros(3)}, torch.arange(3))
    assert len(batch) == 3
    moved = batch.to("meta")
    assert moved.inputs["a"].values.device.type == moved.targets["t"].device.type == "meta"
    assert moved.rows.device.type == "cpu"
    hidden = batch.map(lambda name, one: Features(one.values, one.mask & (name != "a")))
    assert not hidden.inputs["a"].present.any()
    assert hidden.targets is batch.targets
    assert batch.inputs["a"].present.all()
