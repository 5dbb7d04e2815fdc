"""A cell over the modalities: PyTorch's own recurrent layer over the ones that a row has."""

import pytest
import torch
from torch import nn

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, Recurrent


def pytorchs(fusion):
    """Return PyTorch's layer for whole sequences with the weights of our cell."""
    layer = {nn.GRUCell: nn.GRU, nn.LSTMCell: nn.LSTM}[type(fusion.cell)](
        laws.DIM, laws.DIM
    ).double()
    layer.load_state_dict({f"{name}_l0": value for name, value in fusion.cell.state_dict().items()})
    return layer


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("order", [None, ["a.b", "image", "text"]])
def test_a_row_is_the_sequence_of_what_it_has(cell, order):
    fusion, tokens = laws.build({"type": "recurrent", "cell": cell, "order": order}), laws.example()
    layer, walk = pytorchs(fusion), order or list(laws.LENGTHS)
    expected = []
    for row in by_hand.rows(tokens):
        steps = [row[name].mean(0) + fusion.kind[walk.index(name)] for name in walk if name in row]
        last = fusion.start[0]
        if steps:
            first = tuple(state.unsqueeze(0) for state in fusion.start)
            outputs, _ = layer(torch.stack(steps), first if cell == "lstm" else first[0])
            last = outputs[-1]
        expected.append(by_hand.norm(fusion.norm, last))
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_a_number_by_hand():
    """A gate that keeps 2 : 1 and no candidate: 0.9 is 0.6 after one step and 0.4 after two."""
    fusion = Recurrent(["a", "b"], 1).double()
    fusion.norm = nn.Identity()
    with torch.no_grad():
        for parameter in fusion.cell.parameters():
            parameter.zero_()
        fusion.cell.bias_hh[1] = torch.log(torch.tensor(2.0))
        fusion.start.fill_(0.9)
    second_modality = Tokens.vector(torch.ones(2, 1).double(), torch.tensor([True, False]))
    fused = fusion({"a": Tokens.vector(torch.ones(2, 1).double()), "b": second_modality})
    assert fused.values.flatten().tolist() == pytest.approx([0.4, 0.6])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_first_of_eight_is_not_forgotten(cell):
    torch.manual_seed(0)
    names = [str(position) for position in range(8)]
    fusion = Recurrent(names, 32, cell=cell)
    given = [torch.randn(16, 32, requires_grad=True) for _ in names]
    values = fusion({n: Tokens.vector(x) for n, x in zip(names, given, strict=True)}).values
    gradients = torch.autograd.grad((values * torch.randn_like(values)).sum(), given)
    lengths = [gradient.norm() for gradient in gradients]
    assert min(lengths) > max(lengths) / 5


def test_an_unknown_cell_is_refused():
    with pytest.raises(
        ConfigError, match=r"`cell` should be 'gru' or 'lstm'\. Found 'gur'\. Did you mean 'gru'"
    ):
        Fusion.registry.build({"type": "recurrent", "cell": "gur"}, modalities=["a"], dim=8)
