"""Any tree of tasks."""

import pytest
import torch

from tests.sharing.by_hand import assert_rows, stirred, tokens, tower
from torso.core.types import Tokens
from torso.sharing import Branches

NAMES = ["a", "b", "c", "d"]


def test_a_task_reads_the_layers_of_every_list_that_holds_it():
    tree = [[["a", ["b"]], "c"], "d"]
    sharing = stirred("branches", NAMES, tree=tree, layers=2)
    assert sharing.trunks() == {"group_0": ("a", "b", "c"), "group_1": ("d",)}
    upper, inner = sharing.levels  # [a, [b]] and above it [b]
    assert [len(sharing.nodes[0]), len(sharing.nodes[1])] == [1, 1]

    def expected(means, task):
        group = means["group_0"]
        pair = tower(upper, 0, group)
        return [pair, tower(inner, 0, pair), group, means["group_1"]][task]

    given = {name: tokens(seed) for seed, name in enumerate(sharing.trunks())}
    assert_rows(sharing, given, expected)


def test_the_extremes_are_hard_and_separate():
    together, apart = Branches(NAMES, 2, tree=[NAMES]), Branches(NAMES, 2, tree=NAMES)
    assert together.trunks() == Branches(NAMES, 2).trunks() == {"group_0": tuple(NAMES)}
    assert apart.trunks() == {f"group_{index}": (name,) for index, name in enumerate(NAMES)}
    assert not [*together.parameters(), *apart.parameters()]


def test_by_hand():
    """[[a], b] on x = 2: a list of one is a layer of a's own, relu(3 * 2 - 1); b reads x."""
    sharing = Branches(["a", "b"], 1, tree=[[["a"], "b"]])
    layer = sharing.levels[0].layers[0]
    with torch.no_grad():
        layer.weights[0].fill_(3.0)
        layer.biases[0].fill_(-1.0)
    vectors = sharing({"group_0": Tokens.vector(torch.full((1, 1), 2.0))})
    assert [vectors[task].item() for task in "ab"] == [5.0, 2.0]
    assert not list(sharing.shared_parameters())


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([["a", "b"], "c"], r"`tree` should hold every task once\. Found \['a', 'b', 'c'\]"),
        ([["a", "b"], ["a", "c", "d"]], r"`tree` should hold every task once"),
        ([["a", "b"], "c", "dd"], r"task in `tree`: 'dd'.*'d'"),
        ([["a", "b"], "c", []], r"`tree` should be made of task names and of lists.*Found \[\]"),
        ("abcd", r"`tree` should be made of task names and of lists.*Found 'abcd'"),
        ([["a", 3], "c"], r"`tree` should be made of task names.*Found 3"),
    ],
)
def test_what_is_no_tree_of_the_tasks_is_refused(tree, message):
    with pytest.raises(ValueError, match=message):
        Branches(NAMES, 2, tree=tree)
