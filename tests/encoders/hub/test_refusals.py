"""What cannot be a pretrained encoder is refused with a reason, before anything is trained."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.encoders.hub import tiny
from torso.core.errors import ConfigError
from torso.encoders import AudioHub, Encoder, ImageHub, TextHub, VideoHub

pytest.importorskip("transformers", reason="the extra `hub` is not installed")


@pytest.mark.parametrize(
    ("part", "kind", "what"),
    [
        (ImageHub, "bert", r"\(bert\) is a model of texts, and pictures were to be read"),
        (TextHub, "vit", r"\(vit\) is a model of pictures, and texts were to be read"),
        (AudioHub, "clip", r"\(clip\) is a model of pictures and texts, and recordings were"),
        (ImageHub, "videomae", r"\(videomae\) is a model of videos, and pictures were"),
        (VideoHub, "vit", r"\(vit\) is a model of pictures, and videos were"),
        (TextHub, "whisper", r"\(whisper\) is a model of recordings, and texts were"),
    ],
)
def test_another_modality(part, kind, what):
    for attempt in (part.pin, lambda settings: part(8, **settings)):
        with pytest.raises(ConfigError, match=what):
            attempt({"name": tiny.model(kind)})


def test_pickled_weights(tmp_path):
    folder = tiny.save("bert", tmp_path / "model")
    torch.save({}, folder / "pytorch_model.bin")
    TextHub.pin({"name": str(folder)})  # they lie beside others
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"holds no weights in safetensors. Found \['pytorch_mo"):
        TextHub.pin({"name": str(folder)})


def test_weights_that_do_not_fit(tmp_path):
    folder = tiny.save("bert", tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if name.endswith("query.weight"))
    save_file({k: v for k, v in weights.items() if k != gone}, folder / "model.safetensors")
    with pytest.raises(ConfigError, match=r"1 tensors are absent, for one '.*query.weight'"):
        TextHub(8, str(folder))
    (folder / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        TextHub(8, str(folder))


@pytest.mark.parametrize("config", [{"model_type": "no_such"}, {}, {"model_type": 3}])
def test_an_unknown_architecture(tmp_path, config):
    folder = tiny.save("bert", tmp_path / "model")
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="is of no architecture that transformers"):
        TextHub.pin({"name": str(folder)})


def test_code_in_a_folder_is_not_run(tmp_path):
    folder = tiny.save("bert", tmp_path / "model")
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="is of no architecture"):
        TextHub.pin({"name": str(folder)})


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"train": "half"}, r"`train` should be 'frozen', 'lora', 'last_n' or 'full'"),
        ({"keep": "last"}, "`keep` should be 'mean', 'first' or 'all'"),
        ({"once": True}, "`once` should be 'float32', 'float16' or 'never'"),
        ({"train": "last_n", "layers": 3}, "`layers` should be from 1 to 2, the layers"),
        ({"train": "lora", "rank": 0}, "`rank` should be at least 1"),
        ({"lr": 0}, "`lr` of an encoder should be a number above 0"),
        ({"freeze": True}, "Unknown setting of encoder 'text/hub': 'freeze'"),
    ],
)
def test_settings_out_of_range(settings, what):
    with pytest.raises(ConfigError, match=what):
        Encoder.build({"type": "text/hub", "name": tiny.model("bert"), **settings}, dim=8)


def test_no_name():
    with pytest.raises(ConfigError, match="needs the setting `name`"):
        TextHub.pin({"train": "full"})


def test_low_rank_layers_that_the_architecture_goes_around():
    with pytest.raises(ConfigError, match="changes none of its tokens"):
        AudioHub(8, tiny.model("wavlm"), train="lora")
    with pytest.raises(ConfigError, match="`train: lora` needs linear layers"):
        ImageHub(8, tiny.model("resnet"), train="lora")


def test_checkpointing_that_the_architecture_does_not_know():
    with pytest.raises(ValueError, match="does not support"):
        ImageHub(8, tiny.model("resnet"), train="full", checkpointing=True)
