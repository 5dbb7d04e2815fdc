"""What a part costs, against counts by hand."""

import torch
from torch import nn

from tests import small
from torso.app.profiling import example_costs, measure, model_costs
from torso.fusion import Fusion
from torso.sharing import Sharing


def test_a_layer_by_hand():
    layer = nn.Linear(8, 5)
    cost = measure(layer, lambda: layer(torch.ones(4, 8)), rows=4)
    assert cost.parameters == 8 * 5 + 5
    assert cost.multiply_adds == 8 * 5
    assert cost.milliseconds > 0
    assert layer.training


def test_attention_is_counted():
    """Two projections of 3 and 1 widths, scores and their sum: 4 T d^2 + 2 T^2 d."""
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(2, 6, 8)
    cost = measure(layer, lambda: layer(x, x, x, need_weights=False), rows=2)
    assert cost.multiply_adds == 4 * 6 * 8 * 8 + 2 * 6 * 6 * 8


def test_every_part_of_a_model_has_a_line():
    for sharing in ("hard", "separate"):
        model, rows = small.model(sharing=sharing), small.batch(rows=6)
        costs = model_costs(model, rows.inputs)
        of = [f" of trunk {task}" for task in small.TASKS] if sharing == "separate" else [""]
        expected = {f"encoder {name}{one}" for name in small.MODALITIES for one in of}
        expected |= {f"fusion{one}" for one in of} | {f"head {task}" for task in small.TASKS}
        assert set(costs) == expected | {"sharing"}
        missing = sum(p.numel() for n, p in model.named_parameters() if ".missing." in n)
        assert sum(one.parameters for one in costs.values()) + missing == sum(
            p.numel() for p in model.parameters()
        )


def test_all_fusions_and_sharings_have_costs():
    assert set(example_costs("fusion")) == set(Fusion.registry)
    assert set(example_costs("sharing")) <= set(Sharing.registry)
    assert example_costs("sharing")["hard"].parameters == 0
    assert example_costs("heads") == {}
    concat = example_costs("fusion")["concat"]
    assert concat.multiply_adds == 3 * 64 * 128 + 128 * 64
