"""Fusing along a tree: which node sees what, and trees that are none."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion
from torso.fusion.hierarchical import _pairs

NAMES = ["image", "text", "speech"]


def grow(tree=None, inner="concat", modalities=NAMES):
    torch.manual_seed(0)
    spec = {"type": "hierarchical", "inner": inner, "tree": tree}
    return Fusion.registry.build(spec, modalities=modalities, dim=4).double().eval()


def tokens(names=NAMES):
    torch.manual_seed(1)
    return {name: Tokens.vector(torch.randn(3, 4, dtype=torch.float64)) for name in names}


def test_the_tree_node_by_node():
    fusion, given = grow([["image", "text"], "speech"]), tokens()
    pair = fusion.nodes["/0"]({"0": given["image"], "1": given["text"]})
    root = fusion.nodes[""]({"0": pair, "1": given["speech"]})
    assert list(fusion.nodes.names()) == ["", "/0"]
    assert torch.equal(fusion(given).values, root.values)


@pytest.mark.parametrize(
    ("count", "tree"),
    [
        (1, ["0"]),
        (2, ["0", "1"]),
        (3, [["0", "1"], "2"]),
        (4, [["0", "1"], ["2", "3"]]),
        (5, [[["0", "1"], ["2", "3"]], "4"]),
    ],
)
def test_the_default_tree_is_balanced(count, tree):
    assert _pairs([str(index) for index in range(count)]) == tree


@pytest.mark.parametrize("tree", ["image", ["image"], [["image"]]])
def test_a_tree_of_one_leaf(tree):
    assert grow(tree, modalities=["image"])(tokens(["image"])).values.shape == (3, 1, 4)


def test_no_name_of_a_modality_is_taken_for_a_branch():
    names = ["branch 1", "0", "/1"]
    fusion, given = grow(["branch 1", ["0", "/1"]], modalities=names), tokens(names)
    expected = fusion(given).values
    for name in names:
        fewer = {other: modality for other, modality in given.items() if other != name}
        assert not torch.allclose(fusion(fewer).values, expected), name


def test_a_branch_that_a_row_lacks_is_absent_whatever_the_inner_fusion_says():
    fusion, given = grow([["image", "text"], "speech"], inner="transformer"), tokens()
    gone = torch.tensor([[True], [False], [True]])
    masked = {**given, **{n: Tokens(given[n].values, gone) for n in ("image", "text")}}
    only_speech = fusion({"speech": given["speech"]}).values[1]
    torch.testing.assert_close(fusion(masked).values[1], only_speech, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([["image", "txt"], "speech"], r"Unknown modality in `tree`: 'txt'\. Did you mean 'text'"),
        (
            [["image", "text"], "text"],
            r"`tree` should hold every modality once\. Found leaves \['im",
        ),
        (["image", "text"], r"`tree` should hold every modality once"),
        ([["image", "text", "speech"], []], r"`modalities` should name at least one"),
        ([["image", "text"], 3], r"Cannot build fusion 'hierarchical'"),
    ],
)
def test_a_wrong_tree_is_refused(tree, message):
    with pytest.raises(ConfigError, match=message):
        grow(tree)
