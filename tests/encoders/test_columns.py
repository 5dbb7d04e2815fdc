"""Numbers and categories: hand-worked embeddings, missing cells, the bucket for unseen values."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.encoders import CategoriesEmbedding, NumbersPeriodic, NumbersPiecewise
from torso.model import Model, PartSpec

TRUE = torch.ones(1, 1, dtype=torch.bool)


def raw(encoder, features, monkeypatch):
    """Return the column embeddings that `encoder` hands on."""
    caught = []
    forward = encoder.tokens.forward
    monkeypatch.setattr(encoder.tokens, "forward", lambda *a: (caught.append(a[0]), forward(*a))[1])
    encoder(features)
    return caught[0]


@pytest.mark.parametrize(
    ("x", "pieces"),
    [
        (0.5, [0.5, 0.0, 0.0]),  # halfway through the first bin [0, 1]
        (2.0, [1.0, 0.5, 0.0]),  # halfway through the second, [1, 3]
        (3.0, [1.0, 1.0, 0.0]),
        (5.0, [1.0, 1.0, 2.0]),  # beyond the last, [3, 4], which is open above ...
        (9.0, [1.0, 1.0, 4.0]),  # ... up to three bin widths
        (-2.0, [-2.0, 0.0, 0.0]),  # the first is open below
        (-7.0, [-3.0, 0.0, 0.0]),
    ],
)
def test_piecewise_linear_components_by_hand(x, pieces, monkeypatch):
    encoder = NumbersPiecewise(4, [[0.0, 1.0, 3.0, 4.0]], width=8).eval()
    with torch.no_grad():  # embedding = [pieces, x, -pieces, -x] before the ReLU
        eye = torch.eye(4)
        encoder.weight.copy_(torch.cat([eye, -eye], dim=1).unsqueeze(0))
    out = raw(encoder, Features(torch.tensor([[x]]), TRUE), monkeypatch)[0, 0]
    signed = (out[:4] - out[4:]).tolist()
    assert signed == pytest.approx([*pieces, x])


def test_two_equal_edges_make_a_step(monkeypatch):
    encoder = NumbersPiecewise(4, [[0.0, 1.0, 1.0, 2.0]], width=4).eval()
    with torch.no_grad():
        encoder.weight.copy_(torch.eye(4).unsqueeze(0))
    middle = [
        raw(encoder, Features(torch.tensor([[x]]), TRUE), monkeypatch)[0, 0, 1].item()
        for x in (0.99, 1.01)
    ]
    assert middle == [0.0, 1.0]


def test_periodic_components_by_hand(monkeypatch):
    encoder = NumbersPeriodic(4, 1, frequencies=1, width=2).eval()
    with torch.no_grad():
        encoder.frequencies.fill_(0.25)
        encoder.weight.copy_(torch.eye(2).unsqueeze(0))
    at = lambda x: raw(encoder, Features(torch.tensor([[x]]), TRUE), monkeypatch)[0, 0].tolist()  # noqa: E731
    assert at(0.0) == pytest.approx([0.0, 1.0])  # sin 0, cos 0
    assert at(1.0) == pytest.approx([1.0, 0.0], abs=1e-6)  # a quarter turn
    assert at(2.0) == pytest.approx([0.0, 0.0], abs=1e-6)  # sin pi, and ReLU of cos pi


@pytest.mark.parametrize("wild", [1e30, -1e30, 21.0])
def test_a_wild_cell_stays_bounded(wild):
    for encoder in (NumbersPiecewise(4, [[-1.0, 0.0, 1.0]]), NumbersPeriodic(4, 1)):
        edge = 20.0 if wild > 0 else -20.0
        at = [encoder.eval()(Features(torch.tensor([[x]]), TRUE)).values for x in (wild, edge)]
        assert torch.equal(*at)


def test_a_missing_cell_is_a_learned_value_in_a_joint_layout():
    encoder = NumbersPiecewise(4, [[0.0, 1.0], [0.0, 1.0]]).eval()
    values, mask = torch.zeros(2, 2), torch.tensor([[True, False], [True, True]])
    tokens = encoder(Features(values, mask))
    assert tokens.mask.all()
    assert not torch.equal(tokens.values[0], tokens.values[1])  # missing is not zero


def test_a_missing_cell_is_masked_in_a_columns_layout():
    encoder = NumbersPiecewise(4, [[0.0, 1.0], [0.0, 1.0]], layout="columns").eval()
    mask = torch.tensor([[True, False], [True, True]])
    assert torch.equal(encoder(Features(torch.zeros(2, 2), mask)).mask, mask)


def test_columns_of_categories_do_not_share_embeddings():
    encoder = CategoriesEmbedding(4, [3, 3], layout="columns").eval()
    ids = torch.tensor([[1, 1]])
    encoder(Features(ids, torch.ones(1, 2, dtype=torch.bool))).values.sum().backward()
    used = encoder.embedding.weight.grad.abs().sum(dim=1) > 0
    assert used.tolist() == [False, True, False, False, True, False]


def test_the_bucket_for_unseen_values_is_trained():
    torch.manual_seed(0)
    encoder = CategoriesEmbedding(4, [3], unseen=0.5).train()
    ids = torch.full((64, 1), 2)
    encoder(Features(ids, torch.ones(64, 1, dtype=torch.bool))).values.square().sum().backward()
    used = encoder.embedding.weight.grad.abs().sum(dim=1) > 0
    assert used.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("columns", "width"), [(1, 48), (10, 48), (11, 46), (32, 16), (64, 8), (263, 8)]
)
def test_embeddings_of_numbers_are_wide_where_columns_are_few(columns, width):
    quantiles = [[0.0, 1.0]] * columns
    assert NumbersPiecewise(4, quantiles).weight.shape == (columns, 2, width)
    assert NumbersPiecewise(4, quantiles, width=5).weight.shape == (columns, 2, 5)


def test_layout_is_checked():
    from torso.encoders import Encoder

    with pytest.raises(
        ConfigError, match=r"`layout` should be 'joint' or 'columns'\. Found 'rows'"
    ):
        Encoder.registry.build({"type": "numbers/periodic", "layout": "rows"}, dim=4, columns=1)


def test_columns_and_the_transformer_fusion_are_an_ft_transformer():
    """Every known cell is a token of its own, and all of them meet; a missing one is not there."""
    built = Model.build(
        {
            "numbers": PartSpec(
                "numbers", {"type": "periodic", "layout": "columns"}, {"columns": 3}
            ),
            "categories": PartSpec(
                "categories", {"type": "embedding", "layout": "columns"}, {"cardinalities": [4, 2]}
            ),
        },
        {"price": PartSpec("number", "gaussian", {"mean": 0.0, "std": 1.0})},
        dim=8,
        fusion={"type": "transformer", "depth": 1},
        missing="skip",
    ).eval()
    cells = {
        "numbers": Features(torch.zeros(1, 3), torch.tensor([[True, False, True]])),
        "categories": Features(torch.ones(1, 2, dtype=torch.int64), torch.tensor([[True, True]])),
    }
    met = []
    built.trunks["shared"].fusion.blocks[0].register_forward_hook(lambda *a: met.append(a[1][0]))
    built(cells)
    assert met[0].mask.tolist() == [[True, True, False, True, True, True]]  # summary, 3 + 2 columns


def test_a_missing_cell_adds_nothing_to_the_straight_way_and_every_other_its_number():
    encoder = NumbersPiecewise(2, [[0.0, 1.0], [0.0, 1.0]]).eval()
    plain = NumbersPiecewise(2, [[0.0, 1.0], [0.0, 1.0]], linear=False).eval()
    plain.load_state_dict(encoder.state_dict(), strict=False)
    with torch.no_grad():
        encoder.tokens.straight.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    rows = Features(
        torch.tensor([[0.5, -1.0], [0.5, torch.nan]]), torch.tensor([[True, True], [True, False]])
    )
    more = encoder(rows).values - plain(rows).values
    assert more.squeeze(1).tolist() == [
        pytest.approx([1.0, -3.0]),
        pytest.approx([1.0, 0.0], abs=1e-6),
    ]


@pytest.mark.parametrize(
    "build",
    [lambda **k: NumbersPiecewise(4, [[0.0, 1.0]], **k), lambda **k: NumbersPeriodic(4, 1, **k)],
)
def test_the_size_of_a_number_leaves_the_token_past_its_normalisation(build):
    """A LayerNorm alone holds every token at one length, however large the number."""
    rows = Features(torch.tensor([[2.0], [20.0]]), torch.ones(2, 1, dtype=torch.bool))
    straight, bent = (build(linear=one).eval()(rows).values.norm(dim=-1) for one in (True, False))
    assert straight[1] > 1.5 * straight[0]
    assert bent.max() <= 2.001  # sqrt(4)


def test_columns_of_their_own_have_no_straight_way():
    assert NumbersPiecewise(4, [[0.0, 1.0]], layout="columns").tokens.straight is None
    assert CategoriesEmbedding(4, [3]).tokens.straight is None
