"""Weights of a trained model in a new one: by name for modalities and tasks, first in each axis for classes."""

import pytest
import torch
from torch import nn

from tests import small
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion
from torso.model.carry_over import Alike, _carry_fusion, _put_leading, carry_over
from torso.model.low_rank import add_adapters, merge_adapters
from torso.sharing import Sharing
from torso.tasks import Head


def carried(model, source, fusion="concat", sharing="hard", modalities=None, tasks=None):
    tasks = set(model.heads.names()) & set(source.heads.names()) if tasks is None else tasks
    modalities = set(small.MODALITIES) if modalities is None else modalities
    return carry_over(model, source, Alike(8, modalities, tasks, fusion, sharing))


@pytest.mark.parametrize("sharing", [*Sharing.registry])
def test_a_model_of_the_same_parts_answers_as_the_trained_one(sharing):
    source, model = small.model(sharing=sharing), small.model(sharing=sharing, seed=3)
    amounts = carried(model, source, sharing=sharing).amounts
    assert set(amounts.values()) == {"whole"}
    batch = small.batch()
    expected, answers = source(batch.inputs), model(batch.inputs)
    assert all(torch.equal(answers[task], expected[task]) for task in small.TASKS)


@pytest.mark.parametrize("sharing", [*Sharing.registry])
def test_what_is_said_to_be_carried_over_is(sharing):
    """Of other tasks nothing may come from a task's own weights."""
    tasks = {"ink": "number", "digit": "category", "more": "number"}
    source, model = small.model(sharing=sharing), small.model(tasks=tasks, sharing=sharing, seed=3)
    result = carried(model, source, sharing=sharing)
    known = {id(value) for value in result.body}
    assert known <= {id(value) for value in model.parameters()}
    before = small.model(tasks=tasks, sharing=sharing, seed=3).sharing.state_dict()
    for name, parameter in model.sharing.named_parameters():
        assert id(parameter) in known or torch.equal(parameter, before[name])
    assert result.amounts["head of 'digit'"] == result.amounts["head of 'ink'"] == "whole"
    assert result.amounts["head of 'more'"] == "fresh"


@pytest.mark.parametrize("fusion", [*Fusion.registry])
def test_blocks_of_modalities_follow_their_names(fusion):
    """A fusion that reads the first modalities of two in the other order answers as before, if no order matters to it."""
    try:
        source = Fusion.registry.build(fusion, modalities=("a", "b"), dim=8).double().eval()
        model = Fusion.registry.build(fusion, modalities=("b", "a"), dim=8).double().eval()
    except ConfigError as error:
        pytest.skip(str(error))
    amount = _carry_fusion(model, source, Alike(8, (), (), fusion, None))
    assert amount == "partly"
    tokens = {
        name: Tokens.vector(torch.randn(4, 8).double(), torch.ones(4, dtype=torch.bool))
        for name in "ab"
    }
    if fusion in ("concat", "gated", "experts", "late", "mean", "sum", "max", "low_rank"):
        assert torch.allclose(model(tokens).values, source(tokens).values)


def test_a_new_modality_leaves_the_block_of_a_known_one():
    source, model = small.model(), small.model(modalities=("image", "text", "more"), seed=3)
    result = carried(model, source, modalities={"image", "text"})
    assert result.amounts["fusion"] == "partly" and result.amounts["encoder of 'more'"] == "fresh"
    ours, theirs = (each.trunks["shared"].fusion.mix[0].weight for each in (model, source))
    assert torch.equal(ours[:, :16], theirs[:, :16])  # image and text, 8 numbers each
    assert not torch.equal(ours[:, 16:], theirs[:, 16:])


def test_rows_of_known_classes_stay_and_new_ones_start_fresh():
    source = Head.registry.build("category/softmax", dim=4, classes=3)
    model = Head.registry.build("category/softmax", dim=4, classes=5)
    source.scale.fill_(2.0)
    before = model.layers[-1].weight[3:].clone()
    with torch.no_grad():
        assert _put_leading(model, source)
        assert not _put_leading(source, model)
    assert torch.equal(model.layers[-1].weight[:3], source.layers[-1].weight)
    assert torch.equal(model.layers[-1].weight[3:], before)
    assert model.scale == 1.0  # as every training begins


def test_adapters_begin_as_nothing_and_are_merged_into_the_weights():
    model = small.model()
    batch, before = small.batch(), {**small.model().state_dict()}
    frozen = [*model.trunks.parameters()]
    for parameter in frozen:
        parameter.requires_grad_(False)
    assert add_adapters(model, frozen, rank=2) > 3
    expected = small.model()(batch.inputs)
    assert all(torch.allclose(model(batch.inputs)[task], expected[task]) for task in small.TASKS)
    sum(output.square().sum() for output in model(batch.inputs).values()).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad and parameter.grad is not None:
                parameter -= 0.01 * parameter.grad
    changed = model(batch.inputs)
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))  # of a model of others
    merge_adapters(nn.ModuleList([model, normed]))
    assert nn.utils.parametrize.is_parametrized(normed)
    assert model.state_dict().keys() == before.keys()
    assert all(torch.allclose(model(batch.inputs)[task], changed[task]) for task in small.TASKS)
    weight = model.trunks["shared"].fusion.mix[0].weight
    change = weight - before["trunks.@shared.fusion.mix.0.weight"]
    assert torch.linalg.matrix_rank(change, atol=1e-9) == 2
