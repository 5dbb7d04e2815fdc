"""Masks of each task on the features of one tower."""

import pytest
import torch

from tests.sharing.by_hand import TASKS, affine, assert_rows, relu, sigmoid, stirred, tokens
from torso.core.types import Tokens
from torso.sharing import MTAN


@pytest.mark.parametrize("tasks", [TASKS, ["alone"]], ids=len)
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_task_masks_every_block(blocks, tasks):
    sharing = stirred("mtan", tasks, blocks=blocks)

    def expected(means, task):
        p = masked = means["shared"]
        for block in range(blocks):
            u = relu(affine(sharing.first[block], 0, p))
            p = relu(affine(sharing.second[block], 0, u))
            reads = [u]
            if block:
                reads.append(relu(affine(sharing.between[block - 1], 0, masked)))
            mask = sigmoid(
                affine(
                    sharing.h[block], task, relu(affine(sharing.g[block], task, torch.cat(reads)))
                )
            )
            masked = mask * p
        return masked

    assert_rows(sharing, {"shared": tokens()}, expected)


def test_by_hand():
    """x = 2: u = 2, p = 6, and a mask of sigmoid(log 3) = 3/4 leaves 4.5."""
    sharing = MTAN(["a"], 1, blocks=1)
    with torch.no_grad():
        sharing.first[0].weights[0].fill_(1.0)
        sharing.second[0].weights[0].fill_(3.0)
        sharing.h[0].weights[0].zero_()
        sharing.h[0].biases[0].fill_(torch.tensor(3.0).log())
    vector = sharing({"shared": Tokens.vector(torch.full((1, 1), 2.0))})["a"]
    assert vector.item() == pytest.approx(4.5)


def test_blocks_are_checked():
    with pytest.raises(ValueError, match=r"`blocks` should be a whole number from 1 on\. Found 0"):
        MTAN(["a"], 4, blocks=0)
