"""Single rows that are repeated instead of run: the law holds for every fusion and every sharing, with gaps and without."""

import pytest
import torch

from tests import small
from torso.core.types import Features
from torso.fusion import Fusion
from torso.model.ensemble import Ensemble
from torso.model.replayed import Replayed, ReplayedHeads
from torso.sharing import Sharing


def row(features: dict[str, Features], number: int) -> dict[str, Features]:
    return {name: own[torch.tensor([number])] for name, own in features.items()}


def assert_repeats(model):
    """Ask about each of some rows as alone, until all are repeated, and about others after that."""
    replayed = Replayed(model)
    with torch.inference_mode():
        for seed in range(1, 5):
            inputs = small.batch(rows=8, seed=seed).inputs
            for number in range(8):
                alone = row(inputs, number)
                torch.testing.assert_close(
                    dict(replayed(alone)), model(alone), atol=1e-6, rtol=1e-5
                )
    return replayed


@pytest.mark.parametrize("fusion", sorted(Fusion.registry))
def test_every_fusion_is_repeated(fusion):
    replayed = assert_repeats(small.model(fusion=fusion))
    tapes = [tape for tape in replayed._replay._tapes.values() if tape is not None]
    assert tapes, f"{fusion} is never repeated"


@pytest.mark.parametrize("sharing", sorted(Sharing.registry))
def test_every_sharing_answers_as_it_is(sharing):
    assert_repeats(small.model(sharing=sharing))


def test_batches_go_through_the_model():
    model = small.model()
    inputs = small.batch(rows=5).inputs
    with torch.inference_mode():
        torch.testing.assert_close(dict(Replayed(model)(inputs)), model(inputs), atol=0, rtol=0)


def test_a_row_that_lacks_all_it_had_while_recorded_is_answered_as_it_is():
    model = small.model()
    replayed = Replayed(model)
    inputs = small.batch(rows=6).inputs
    with torch.inference_mode():
        for number in [0] * 6 + [1] * 6 + [0]:  # row 0 is complete, row 1 has nothing
            alone = row(inputs, number)
            torch.testing.assert_close(dict(replayed(alone)), model(alone), atol=1e-6, rtol=1e-5)


def test_heads_answer_as_they_are():
    model = small.model().eval()
    heads = ReplayedHeads(model.heads)
    with torch.inference_mode():
        for seed in range(8):
            outputs = model(row(small.batch(seed=seed).inputs, 3))
            own = heads(outputs)
            for task, head in model.heads.pairs():
                value, details = head.answer(outputs[task])
                torch.testing.assert_close(own[task][0], value)
                torch.testing.assert_close(own[task][1], details)
        (tape,) = heads._replay._tapes.values()
        assert tape is not None
        assert heads(model(small.batch(rows=3).inputs))[task][0].shape[0] == 3


@pytest.mark.parametrize("sharing", ["hard", "mmoe"])
def test_networks_of_the_folds_are_repeated_as_one(sharing):
    members = [small.model(sharing=sharing, seed=seed) for seed in range(4)]
    together, alone = (assert_repeats(Ensemble(own).eval()) for own in (members, members[:1]))
    assert_repeats(Ensemble(members[:1] * 3).eval())
    most, least = (
        max(len(tape._steps) for tape in replayed._replay._tapes.values() if tape is not None)
        for replayed in (together, alone)
    )
    assert (
        most < 0.85 * 4 * least
    )  # numpy lacks convolutions and attention, so each network makes its own
