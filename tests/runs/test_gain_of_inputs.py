"""Whether the inputs say anything about a target, for every head that makes statements."""

import numpy as np
import pytest
import torch

from tests.tasks.laws import DIM, build, heads, kind_of, run
from torso.plain.blend import NO_SIGNAL, chance_of_no_signal
from torso.plain.half import PlainTask
from torso.plain.pooling import constant_statement
from torso.runs.blending.without_inputs import gain_of_inputs

STATING = [spec for spec in heads() if build(spec).statement is not None]
DRAWS = 25


def chance(spec, *, signal):
    """Return the chance of no signal where the models say labels with noise, or the labels of other rows."""
    head = build(spec).float()
    torch.manual_seed(2)
    targets = torch.cat([kind_of(spec).draw() for _ in range(DRAWS)])
    targets = targets.float() if targets.is_floating_point() else targets
    response = head.response(targets)
    rows = len(targets)
    if response.family == "classes":
        said = 2.0 * np.eye(response.classes)[response.values]
    else:
        said = response.values.astype(np.float64)
        said = 4.0 * said - 2.0 if response.family == "binaries" else said
    draw = np.random.default_rng(0)
    said = said + 0.3 * draw.normal(size=said.shape)
    said = said if signal else said[draw.permutation(rows)]
    with torch.no_grad():
        outputs = run(head, torch.randn(rows, DIM))
        outputs = head.raw(torch.from_numpy(said).float(), outputs)
    task = PlainTask(response.family, {}, {}, constant_statement(response), share=0.5)
    before = {name: value.clone() for name, value in head.state_dict().items()}
    gain = gain_of_inputs(task, head, response, (outputs, said, targets))
    assert all(torch.equal(value, before[name]) for name, value in head.state_dict().items())
    return chance_of_no_signal(gain)


@pytest.mark.parametrize("spec", STATING, ids=str)
def test_the_constant_has_no_part_where_there_is_signal(spec):
    assert chance(spec, signal=True) == 0.0


@pytest.mark.parametrize("spec", STATING, ids=str)
def test_the_constant_takes_part_where_there_is_none(spec):
    assert (
        chance(spec, signal=False) > NO_SIGNAL / 2
    )  # calibrated, both may say the same: then it is the prior


def test_the_chance_before_any_row_is_the_prior():
    assert chance_of_no_signal(0.0) == pytest.approx(NO_SIGNAL)
    assert chance_of_no_signal(-50.0) == 1.0
    assert chance_of_no_signal(float("nan")) == 0.0
