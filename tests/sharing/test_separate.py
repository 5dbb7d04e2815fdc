"""Nothing is shared: the model is as many single-task models."""

import torch

from tests import small
from torso.sharing import Separate


def test_one_trunk_per_task_named_after_it():
    assert Separate(["a", "b"], 4).trunks() == {"a": ("a",), "b": ("b",)}
    assert not list(Separate(["a", "b"], 4).parameters())


def test_no_parameter_serves_two_tasks():
    model, rows = small.model(sharing="separate"), small.batch(rows=12)
    reached = [set(small.gradients(model, rows, task)) for task in small.TASKS]
    assert not reached[0] & reached[1] | reached[0] & reached[2] | reached[1] & reached[2]
    assert not list(model.shared_parameters())


def test_the_outputs_are_those_of_single_task_models():
    model, rows = small.model(sharing="separate"), small.batch()
    outputs = model(rows.inputs)
    for task, kind in small.TASKS.items():
        alone = small.model(tasks={task: kind}, sharing="hard", seed=9)
        alone.trunks["shared"].load_state_dict(model.trunks[task].state_dict())
        alone.heads[task].load_state_dict(model.heads[task].state_dict())
        assert torch.equal(alone(rows.inputs)[task], outputs[task])
