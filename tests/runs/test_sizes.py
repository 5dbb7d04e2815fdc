"""The network reads what features lose of a file: a recording's seconds, a picture's width and height."""

import io

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import soundfile
import torch

import torso
from torso.columns.loader import gather

TASKS = {"seconds": "number", "width": "number"}
QUICK = {"training.epochs": 16, "training.batch_size": 16, "training.lr": 1e-2, "dim": 16}
SMALL = {
    f"encoders.{name}": {"type": "convnet", "width": 4, "stages": 1} for name in ("clip", "photo")
}


def recording(seconds, draw):
    stream = io.BytesIO()
    noise = draw.normal(size=int(seconds * 1000)).astype(np.float32) * 0.1
    soundfile.write(stream, noise, 1000, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def picture(width, draw):
    stream = io.BytesIO()
    pixels = draw.integers(0, 255, (24, width), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def table(rows=120, seed=0):
    draw = np.random.default_rng(seed)
    seconds, width = draw.uniform(0.1, 3, rows), draw.integers(20, 120, rows)
    return pd.DataFrame(
        {
            "clip": [recording(each, draw) for each in seconds],
            "photo": [picture(each, draw) for each in width],
            "seconds": seconds,
            "width": width,
        }
    )


def fit(out=None, **settings):
    inputs = {"clip": {"kind": "audio", "seconds": 0.5}, "photo": {"kind": "image", "size": 16}}
    return torso.fit(
        table(), TASKS, inputs=inputs, out=out, settings={**QUICK, **SMALL, **settings}
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("sizes") / "run")


def test_sizes_are_read_off_the_files(run):
    assert run.config.sizes is True
    for report in run.report.tasks.values():
        assert report.metrics["r2"].value > 0.9


def test_a_saved_run_reads_them_again(run):
    new = table(20, seed=1)
    whole = run.predict(new)
    pd.testing.assert_frame_equal(torso.load(run.folder).predict(new), whole)
    alone = pd.concat([run.predict(new.iloc[[row]]) for row in range(3)], ignore_index=True)
    np.testing.assert_allclose(alone["seconds"], whole["seconds"][:3], rtol=1e-4)


def test_a_hidden_modality_hides_its_sizes(run):
    new = table(8, seed=2)
    new["clip"] = None
    missing = run.predict(new)["seconds"]
    assert missing.std() < 0.5 * table(8, seed=2)["seconds"].std()


def test_a_run_of_older_versions_has_none(run):
    older = fit(sizes=False, **{"training.epochs": 1})
    assert not any("sizes" in name for name in older.model.state_dict())
    dataset = older.labelled(table(4))
    assert gather(dataset, np.arange(4)).inputs["clip"].sizes is None
    assert any("sizes" in name for name in run.model.state_dict())


def test_rows_of_features_keep_their_sizes(run):
    features = gather(run.labelled(table(4)), np.arange(4)).inputs["photo"]
    assert torch.equal(features[torch.tensor([2, 0])].sizes, features.sizes[[2, 0]])
    assert features.only(torch.zeros(4, dtype=torch.bool)).sizes is features.sizes


def test_files_of_a_single_size_change_nothing():
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"photo": [picture(24, draw) for _ in range(40)]})
    frame["y"] = draw.normal(size=40)
    inputs, settings = {"photo": {"kind": "image", "size": 16}}, {**QUICK, "training.epochs": 1}
    runs = [
        torso.fit(frame, ["y"], inputs=inputs, settings={**settings, "sizes": sizes})
        for sizes in (True, False)
    ]
    pd.testing.assert_frame_equal(*(run.predict(frame) for run in runs))
