"""Scale and shift: by hand, what a row skips, and who is modulated by whom."""

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Film, Fusion


def build(**settings):
    return laws.build({"type": "film", **settings})


@pytest.mark.parametrize(
    "settings", [{}, {"base": "text"}, {"order": ["a.b", "text", "image"], "base": "text"}]
)
def test_the_walk_row_by_row(settings):
    fusion, tokens = build(**settings), laws.example()
    base = settings.get("base", "image")
    walk = [name for name in settings.get("order", laws.LENGTHS) if name != base]
    expected = []
    for row in by_hand.rows(tokens):
        x = fusion.start[0] + (row[base].mean(0) if base in row else 0)
        for name in walk:
            if name in row:
                normalise, affine = fusion.affine[name]
                both = by_hand.linear(affine, by_hand.norm(normalise, row[name].mean(0)))
                x = (1 + both[: laws.DIM]) * x + both[laws.DIM :]
        expected.append(by_hand.norm(fusion.norm, x))
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_a_number_by_hand():
    """x = (1, 2); c = (-1, 1); gamma = 1 + 0.5 c = (0.5, 1.5); beta = 3 c = (-3, 3)."""
    fusion = Film(["a", "b"], 2).double()
    fusion.norm = torch.nn.Identity()
    with torch.no_grad():
        fusion.start.zero_()
        fusion.affine["b"][1].bias.zero_()
        fusion.affine["b"][1].weight.copy_(torch.cat([0.5 * torch.eye(2), 3 * torch.eye(2)]))
    a, b = torch.tensor([[1.0, 2.0]]), torch.tensor([[300.0, 500.0]])
    fused = fusion({"a": Tokens.vector(a.double()), "b": Tokens.vector(b.double())})
    assert fused.values[0, 0].tolist() == pytest.approx([-2.5, 6.0])


def test_the_order_matters_and_the_base_is_the_first_of_it():
    tokens = laws.complete()
    assert build(order=["a.b", "text", "image"]).base == "a.b"
    first, second = (
        build(order=order) for order in (["image", "text", "a.b"], ["image", "a.b", "text"])
    )
    second.load_state_dict(first.state_dict())
    assert not torch.allclose(first(tokens).values, second(tokens).values)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base": "imag"}, r"Unknown modality in `base`: 'imag'\. Did you mean 'image'"),
        ({"order": ["image", "txt", "a.b"]}, r"Unknown modality in `order`: 'txt'"),
        ({"order": ["image"]}, r"`order` should name every modality once\. Found \['image'\]"),
    ],
)
def test_wrong_names_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Fusion.registry.build({"type": "film", **settings}, modalities=list(laws.LENGTHS), dim=8)
