"""Explanations of runs with a pretrained encoder, which is most of their cost."""

import numpy as np
import pytest
from PIL import Image

import torso
from tests.encoders import laws
from tests.encoders.hub import tiny
from tests.small_tables import MEDIA, TINY, make
from tests.small_tables import read as read_table
from torso.encoders import ImageHub

pytest.importorskip("transformers", reason="the extra `hub` is not installed")


@pytest.mark.parametrize("blend", ["off", "auto"])
def test_a_frozen_encoder_reads_no_picture_twice_at_once(tmp_path, monkeypatch, blend):
    name = tiny.model(laws.TINY["image/hub"])
    settings = {**TINY, **MEDIA, "encoders.photo": {"type": "hub", "name": name}}
    alone = {"training.epochs": 1, "folds": 0, "blend": blend}
    table = make(tmp_path, rows=60)
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(noise).save(
        tmp_path / read_table(table)["photo"][2], "PNG"
    )  # no two regions are equal
    run = torso.fit(table, ["price"], settings={**settings, **alone})
    read, own = [], ImageHub.run_backbone
    monkeypatch.setattr(
        ImageHub, "run_backbone", lambda *all_: (read.append(all_[1].values), own(*all_))[1]
    )
    torso.explain(run, table, row=3)
    assert sum(map(len, read)) > 16  # more variants than regions
    for batch in read:
        assert len({picture.numpy().tobytes() for picture in batch}) == len(batch)
