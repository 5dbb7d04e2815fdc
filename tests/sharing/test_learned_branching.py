"""Nodes that learn which node below they read."""

import pytest
import torch

from tests.sharing.by_hand import affine, assert_rows, relu, stirred, tokens
from torso.sharing import LearnedBranching


@pytest.mark.parametrize(("layers", "nodes"), [(1, 2), (2, 3), (3, None)])
def test_in_evaluation_everybody_reads_the_likeliest_parent(layers, nodes):
    sharing = stirred("learned_branching", layers=layers, nodes=nodes)

    def expected(means, task):
        below = [relu(affine(sharing.layers[0], n, means["shared"])) for n in range(sharing.nodes)]
        for layer, odds in zip(sharing.layers[1:], sharing.odds, strict=True):
            table = odds.view(sharing.nodes, sharing.nodes)
            below = [
                relu(affine(layer, node, below[int(table[node].argmax())]))
                for node in range(sharing.nodes)
            ]
        return below[int(sharing.leaves[task].argmax())]

    assert_rows(sharing, {"shared": tokens()}, expected)


def test_draws_follow_the_odds():
    """A cold draw is one-hot; its frequencies are the softmax of the log odds (the Gumbel trick)."""
    sharing = LearnedBranching(["a"], 2, nodes=3, temperature=0.1).train()
    odds = torch.tensor([[0.7, 0.2, 0.1]]).log()
    x = torch.eye(3).unsqueeze(1)  # node n says the n-th unit vector
    torch.manual_seed(0)
    actual = torch.stack([sharing._choose(odds, x)[0, 0] for _ in range(4000)]).mean(0)
    assert torch.allclose(actual, torch.tensor([0.7, 0.2, 0.1]), atol=0.03)


def test_the_temperature_falls_with_the_steps():
    """The same draws, later: nearer to one-hot."""
    sharing = LearnedBranching(["a"], 2, nodes=3, temperature=5.0, cooling=10).train()
    x, odds = torch.eye(3).unsqueeze(1), torch.zeros(1, 3)

    def sharpness():
        torch.manual_seed(1)
        return sum(sharing._choose(odds, x).max().item() for _ in range(50)) / 50

    hot = sharpness()
    sharing.step.fill_(10**6)
    assert hot < 0.5 < 0.9 < sharpness()


def test_only_training_counts_steps_and_mixing_is_the_softmax_of_the_odds():
    sharing = stirred("learned_branching", nodes=2)
    sharing({"shared": tokens()})
    assert int(sharing.step) == 0
    sharing.train()({"shared": tokens()})
    assert int(sharing.step) == 1
    row = sharing.leaves[1].softmax(0).tolist()
    assert list(sharing.mixing()["two"].values()) == pytest.approx(row)
