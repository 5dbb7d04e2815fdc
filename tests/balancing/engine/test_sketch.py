"""When the Gram matrix is looked at again, and what is remembered of it."""

import pytest
import torch

from torso.balancing.engine.sketch import Sketch

ALL = torch.ones(2, dtype=torch.bool)


def looks(sketch: Sketch, steps: int, present: torch.Tensor = ALL) -> list[int]:
    actual = []
    for step in range(steps):
        if sketch.due(present):
            actual.append(step)
            sketch.look(torch.eye(len(present), dtype=torch.float64), present)
    return actual


def test_looks_come_at_powers_of_two_and_then_at_the_interval():
    sketch = Sketch(2, budget=0.08, share=0.64)
    assert sketch.interval == 16
    assert looks(sketch, 70) == [0, 1, 2, 4, 8, 16, 32, 48, 64]


@pytest.mark.parametrize("tasks", [1, 2, 8, 32])
def test_the_average_cost_keeps_to_the_budget(tasks):
    """A look costs `share` per task; over a long run that is at most the budget."""
    sketch = Sketch(tasks, budget=0.08, share=0.65)
    everyone = torch.ones(tasks, dtype=torch.bool)
    steps = 200 * sketch.interval
    assert len(looks(sketch, steps, everyone)) * 0.65 * tasks / steps <= 0.08 * 1.06


@pytest.mark.parametrize("there", [1, 2, 5])
def test_few_labels_per_batch_cost_by_the_labels(there):
    """Batches with labels for few of 32 tasks: the passes keep to the budget, looks come oftener for it."""
    sketch, draw = Sketch(32, budget=0.08, share=0.65), torch.Generator().manual_seed(0)
    passes, steps = 0, 40 * sketch.interval
    for _ in range(steps):
        present = torch.zeros(32, dtype=torch.bool)
        present[torch.randperm(32, generator=draw)[:there]] = True
        if sketch.due(present):
            passes += there
            sketch.look(torch.eye(32, dtype=torch.float64), present)
    extra = (32 + 10) * there  # until each was seen, and the first steps
    assert 0.95 < (passes * 0.65) / (0.08 * steps) < 1.0 + extra * 0.65 / (0.08 * steps)


def test_a_task_that_was_never_seen_is_looked_at_when_it_comes():
    sketch = Sketch(2, budget=0.01)
    first = torch.tensor([True, False])
    assert looks(sketch, 4, first) == [0, 1, 2]
    assert looks(sketch, 1, ALL) == [0]


def test_the_first_looks_are_averaged_plainly_and_later_ones_forget():
    sketch = Sketch(1, decay=0.75)
    means = []
    for value in (1.0, 2.0, 3.0, 4.0, 10.0):
        sketch.look(torch.tensor([[value]]), torch.tensor([True]))
        means.append(sketch.mean.item())
    assert means == pytest.approx([1.0, 1.5, 2.0, 2.5, 0.75 * 2.5 + 0.25 * 10.0])


def test_entries_of_absent_tasks_stay():
    sketch = Sketch(2)
    sketch.look(torch.tensor([[4.0, 1.0], [1.0, 9.0]]), ALL)
    sketch.look(torch.tensor([[6.0, 0.0], [0.0, 0.0]]), torch.tensor([True, False]))
    assert sketch.mean.tolist() == [[5.0, 1.0], [1.0, 9.0]]
    assert sketch.seen.tolist() == [[2, 1], [1, 1]]


def test_saved_and_loaded_it_goes_on_where_it_was():
    one = Sketch(2, budget=0.2)
    looks(one, 11)
    two = Sketch(2, budget=0.2)
    two.load_state_dict(one.state_dict())
    assert looks(one, 40) == looks(two, 40)
    assert torch.equal(one.mean, two.mean)
