"""A tower per task whose layers are mixed: cross-stitch, NDDR, sluice."""

import pytest
import torch

from tests.sharing.by_hand import DIM, TASKS, affine, assert_rows, relu, stirred, tokens
from torso.core.types import Tokens
from torso.sharing import NDDR, CrossStitch, Sharing, Sluice


def cross_stitch(unit, towers, task):
    return sum(a * x for a, x in zip(unit.rows[task], towers, strict=True))


def nddr(unit, towers, task):
    return relu(affine(unit.layer, task, torch.cat(towers)))


def sluice(unit, towers, task):
    """Return the subspaces of a task, each a sum over all subspaces of all towers."""
    parts = [part for x in towers for part in x.chunk(unit.subspaces)]
    rows = unit.rows[task].view(unit.subspaces, -1)
    return torch.cat([sum(a * part for a, part in zip(row, parts, strict=True)) for row in rows])


@pytest.mark.parametrize("level", ["layer", "trunk"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("mix", [cross_stitch, nddr, sluice])
def test_towers_are_mixed_after_each_layer(mix, layers, level):
    sharing = stirred(mix.__name__, layers=layers, level=level)

    def expected(means, task):
        vectors = [*means.values()]
        towers = vectors if level == "trunk" else vectors * len(TASKS)
        stages = []
        for layer, unit in zip(sharing.layers, sharing.units, strict=True):
            towers = [relu(affine(layer, index, x)) for index, x in enumerate(towers)]
            towers = [mix(unit, towers, index) for index in range(len(TASKS))]
            stages.append(towers[task])
        if mix is sluice:
            return sum(b * x for b, x in zip(sharing.reads[task], stages, strict=True))
        return stages[-1]

    given = {name: tokens(seed) for seed, name in enumerate(sharing.trunks())}
    assert set(given) == set(TASKS if level == "trunk" else ["shared"])
    assert_rows(sharing, given, expected)


@pytest.mark.parametrize("name", ["cross_stitch", "nddr", "sluice"])
def test_at_first_a_task_takes_most_of_its_own_tower(name):
    sharing = Sharing.registry.build({"type": name, "own": 0.8}, tasks=TASKS, dim=DIM)
    mixing = sharing.mixing()
    assert all(max(row, key=row.get) == task for task, row in mixing.items())
    if name != "sluice":  # whose other subspace of the same tower counts too
        assert mixing["two"] == pytest.approx({"one": 0.1, "two": 0.8, "three": 0.1})
    alone = Sharing.registry.build(name, tasks=["one"], dim=DIM).mixing()
    assert alone == {"one": {"one": pytest.approx(1.0)}}


def test_cross_stitch_by_hand():
    """BatchedMLP 2 and 6 from x = 2: 0.9 * 2 + 0.1 * 6 = 2.4 and 0.1 * 2 + 0.9 * 6 = 5.6."""
    sharing = CrossStitch(["a", "b"], 1, layers=1)
    with torch.no_grad():
        sharing.layers[0].weights[0].copy_(torch.tensor([[[1.0]], [[3.0]]]))
    vectors = sharing({"shared": Tokens.vector(torch.full((1, 1), 2.0))})
    assert [vectors[task].item() for task in "ab"] == pytest.approx([2.4, 5.6])


def test_nddr_of_blocks_that_are_diagonal_is_cross_stitch():
    reference = CrossStitch(["a", "b"], DIM, own=0.7).double()
    other = NDDR(["a", "b"], DIM, own=0.7).double()
    other.layers.load_state_dict(reference.layers.state_dict())
    actual, expected = (sharing({"shared": tokens()}) for sharing in (other, reference))
    assert all(torch.allclose(actual[task], expected[task], atol=1e-12) for task in "ab")


def test_sluice_pays_for_subspaces_that_overlap():
    """Channels (1, 0), (0, 1) | (1, 1), (0, 2): products 1, 0, 1, 2, squares 1 + 0 + 1 + 4 = 6."""
    sharing = Sluice(["a"], 4, layers=1, subspaces=2, orthogonality=0.5)
    rows = torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [1.0, 1.0, 0, 0], [0, 2.0, 0, 0]])
    with torch.no_grad():
        sharing.layers[0].weights[0].copy_(rows.unsqueeze(0))
    assert sharing.penalties({})["a"].item() == pytest.approx(0.5 * 6)
    assert Sluice(["a"], 4).penalties({}) == {}


def test_subspaces_divide_the_width():
    with pytest.raises(ValueError, match=r"`subspaces` should divide the width 4\. Found 3"):
        Sluice(["a"], 4, subspaces=3)
    with pytest.raises(
        ValueError, match=r"`level` should be one of \['layer', 'trunk'\]\. Found 'x'"
    ):
        NDDR(["a"], 4, level="x")
