"""The base class: how encoders are filed, and that absent rows never reach `encode`."""

import pytest
import torch
from torch import nn

from torso.core.errors import ConfigError
from torso.core.types import Features, Tokens
from torso.encoders import Encoder


class Seen(Encoder, form="vector"):
    """Not filed, having no name; remembers how many rows it was given."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.layer = nn.Linear(2, dim)
        self.rows = []

    def encode(self, values, mask, /):
        self.rows.append(len(values))
        return Tokens.vector(self.layer(values), mask)


@pytest.mark.parametrize(("present", "rows"), [([1, 0, 1], [2]), ([1, 1, 1], [3]), ([0, 0, 0], [])])
def test_encode_is_given_the_present_rows_only(present, rows):
    encoder = Seen(4)
    tokens = encoder(Features(torch.randn(3, 2), torch.tensor(present, dtype=torch.bool)))
    assert encoder.rows == rows
    assert tokens.present.tolist() == [bool(one) for one in present]


def test_absent_rows_leave_normalisation_statistics_alone():
    names = [name for name in Encoder.registry if name.startswith("image/") and "/hub" not in name]
    for name in names:
        torch.manual_seed(0)
        pictures = torch.randint(256, (4, 16, 16, 3), dtype=torch.uint8)
        states = []
        for other in (0, 255):
            torch.manual_seed(0)
            encoder = Encoder.registry.build(name, dim=4, size=16).train()
            values = pictures.clone()
            values[2] = other
            encoder(Features(values, torch.tensor([True, True, False, True])))
            states.append(encoder.state_dict())
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0]), name


def test_parts_are_filed_under_their_form():
    assert "image/convnet" in Encoder.registry
    assert all(part.form == name.split("/")[0] for name, part in Encoder.registry.items())
    with pytest.raises(
        ConfigError, match=r"Unknown encoder 'image/convnett'. Did you mean 'image/conv"
    ):
        Encoder.registry.build("image/convnett", dim=4)
