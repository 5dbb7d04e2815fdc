"""Irregular times: a wave's frequency is read from steps at random times, and gaps and units are seen to."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional

import torso
from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.encoders import Encoder, SequenceTime2Vec


def waves(rows, seed):
    """Return steps `[rows, 24, 2]` of time and height, and whether the wave is the faster of two."""
    draw = torch.Generator().manual_seed(seed)
    fast = torch.rand(rows, 1, generator=draw) < 0.5
    time = torch.rand(rows, 24, generator=draw).sort(dim=1).values
    phase = 2 * math.pi * torch.rand(rows, 1, generator=draw)
    height = torch.sin(2 * math.pi * torch.where(fast, 12.0, 5.0) * time + phase)
    return torch.stack([time, height], dim=2), fast.squeeze(1)


def accuracy(name, columns):
    """Return the share of new waves whose frequency an encoder tells that reads `columns` of the steps."""
    torch.manual_seed(0)
    encoder = Encoder.build(
        {"type": name, "depth": 1, "dropout": 0.0}, dim=32, width=len(columns), timed=True
    )
    head = nn.Linear(32, 1)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=0.01)

    def answer(steps):
        there = torch.ones(steps.shape[:2], dtype=torch.bool)
        return head(encoder(Features(steps[..., columns], there)).values).flatten()

    steps, fast = waves(1024, 1)
    for _ in range(10):
        for batch in torch.randperm(1024).split(64):
            optimizer.zero_grad()
            wrong = functional.binary_cross_entropy_with_logits(
                answer(steps[batch]), fast[batch].float()
            )
            wrong.backward()
            optimizer.step()
    steps, fast = waves(500, 2)
    with torch.no_grad():
        return ((answer(steps) > 0) == fast).float().mean().item()


def test_the_times_tell_the_frequency():
    with_times, without = (
        accuracy("sequence/time2vec", [0, 1]),
        accuracy("sequence/transformer", [1]),
    )
    assert with_times > 0.85
    assert without < 0.65


def test_a_gap_is_not_a_step():
    """The same numbers, the same order, other times: other tokens."""
    torch.manual_seed(0)
    encoder = SequenceTime2Vec(8, 2, timed=True).eval()
    even = torch.tensor([[[0.0, 1.0], [0.5, 2.0], [1.0, 3.0]]])
    late = even.clone()
    late[0, 1, 0] = 0.9
    there = torch.ones(1, 3, dtype=torch.bool)
    gap = encoder(Features(even, there)).values - encoder(Features(late, there)).values
    assert gap.abs().max() > 1e-3


def test_events_may_be_nothing_but_times():
    steps = torch.rand(2, 5, 1).sort(dim=1).values
    tokens = SequenceTime2Vec(8, 1, timed=True)(Features(steps, torch.ones(2, 5, dtype=torch.bool)))
    assert tokens.values.isfinite().all()


def test_components_by_hand():
    embed = SequenceTime2Vec(8, 2, timed=True, frequencies=2, fastest=2.0).time
    assert embed.frequency.tolist() == [0.5, 2.0]  # one cycle in two series, two in one
    with torch.no_grad():
        embed.phase.fill_(0.0)
    found = embed(torch.tensor([[0.125]]))
    assert found[0].tolist() == pytest.approx([0.125, math.sin(math.pi / 8), 1.0])


def test_without_times_it_says_where_to_get_them():
    spec = {"type": "sequence/time2vec"}
    with pytest.raises(ConfigError, match="Set `time: first` of the input column"):
        Encoder.build(spec, dim=8, width=2, timed=False)


def test_a_run_reads_series_with_times_and_gaps_and_comes_back(tmp_path):
    steps, fast = waves(60, 3)
    series = [[[900 + 3600 * t, h if h > -0.9 else None] for t, h in row] for row in steps.tolist()]
    series[4] = None
    table = pd.DataFrame({"pulse": series, "fast": np.where(fast, "yes", "no")})
    run = torso.fit(
        table,
        ["fast"],
        inputs={"pulse": {"kind": "sequence", "time": "first", "gaps": "flag"}},
        settings={"dim": 8, "training.epochs": 1, "encoders.pulse": "time2vec"},
        out=tmp_path / "run",
    )
    loaded = torso.load(tmp_path / "run")
    assert loaded.schema.modalities["pulse"].offered() == {"width": 3, "timed": True}
    shuffled = [None if row is None else row[::-1] for row in series]  # any order is the same
    pd.testing.assert_frame_equal(run.predict(table), loaded.predict(table.assign(pulse=shuffled)))
