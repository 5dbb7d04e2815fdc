"""A whole model can be traced by `torch.export`: rows with gaps in, the outputs of every head out."""

import torch
from torch.utils import _pytree as pytree

from tests import small
from tests.export_law import assert_exports
from torso.core.types import Features


def test_a_model_is_traced_with_its_gaps():
    assert_exports(small.model().float(), small.batch().inputs)


def test_values_that_a_walker_takes_apart_come_back_unchecked():
    features = Features(torch.zeros(2, 3), torch.ones(2, dtype=torch.bool), encoded=True)
    leaves, spec = pytree.tree_flatten(features)
    assert [leaf.shape for leaf in leaves] == [(2, 3), (2,)]
    names = pytree.tree_unflatten(["values", "mask"], spec)
    assert (names.values, names.mask, names.encoded) == ("values", "mask", True)
