"""A state that walks: the order matters, and what a row lacks is no step."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, Sequential

NAMES = ["image", "text", "speech"]


def walk(**settings):
    torch.manual_seed(0)
    return Fusion.registry.build(
        {"type": "sequential", **settings}, modalities=NAMES, dim=4
    ).double()


def tokens():
    torch.manual_seed(1)
    return {name: Tokens.vector(torch.randn(3, 4, dtype=torch.float64)) for name in NAMES}


def test_the_walk_step_by_step():
    fusion, given = walk(order=["speech", "image", "text"]).eval(), tokens()
    state = Tokens.vector(fusion.start.expand(3, -1))
    for name in ("speech", "image", "text"):
        moved = fusion.steps[name]({"state": state, "input": given[name]})
        state = Tokens(fusion.norm(state.values + moved.values), state.mask)
    assert torch.equal(fusion(given).values, state.values)


def test_states_are_those_along_the_walk():
    fusion, given = walk().eval(), tokens()
    states = fusion.states(given)
    assert len(states) == 4
    prefix = {name: given[name] for name in NAMES[:2]}
    assert torch.equal(fusion(prefix).values, states[2].values)
    assert len(fusion.states({"text": given["text"]})) == 2


def test_a_row_skips_what_it_lacks():
    fusion, given = walk().eval(), tokens()
    given["text"] = Tokens(given["text"].values, torch.tensor([[True], [False], [True]]))
    _, first, second, _ = fusion.states(given)
    assert torch.equal(first.values[1], second.values[1])
    assert not torch.equal(first.values[0], second.values[0])


class Loud(Fusion, name=""):
    """An inner fusion whose second token is masked and holds garbage."""

    def forward(self, tokens, /):
        values = tokens["input"].values
        both = torch.cat([values, torch.full_like(values, torch.nan)], dim=1)
        return Tokens(both, torch.tensor([[True, False]]).expand(len(both), -1))


def test_masked_tokens_of_an_inner_fusion_are_not_read():
    fusion = Sequential(NAMES, 4).double()
    fusion.steps = type(fusion.steps)({name: Loud(["state", "input"], 4) for name in NAMES})
    assert fusion(tokens()).values.isfinite().all()


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["image", "txt", "speech"], r"Unknown modality in `order`: 'txt'\. Did you mean 'text'"),
        (["image", "text"], r"`order` should name every modality once\. Found \['image', 'text'\]"),
        (["image", "text", "speech", "text"], r"`order` should name every modality once"),
    ],
)
def test_a_wrong_order_is_refused(order, message):
    with pytest.raises(ConfigError, match=message):
        walk(order=order)


def test_an_unknown_inner_fusion_is_refused():
    with pytest.raises(ConfigError, match=r"Unknown fusion 'concatt'\. Did you mean 'concat'"):
        walk(inner="concatt")
    with pytest.raises(ConfigError, match=r"Unknown setting of fusion 'concat': 'hiden'"):
        walk(inner={"type": "concat", "hiden": 3})
