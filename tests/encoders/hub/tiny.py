"""Tiny pretrained models with random weights, saved to disk as the library saves real ones."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

_FOLDERS: list[TemporaryDirectory[str]] = []
"""Kept until the process ends, since every test may read them."""

SMALL = {
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "blue", "green", "thing", "very", "quite"]
PICTURES = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "size": {"height": 16}}
WAVES = {"do_normalize": True, "sampling_rate": 4000}


@cache
def model(kind: str) -> str:
    """Return the folder of a tiny model: bert, vit, clip, resnet, wav2vec2, wavlm, whisper, or of videos."""
    return str(save(kind, folder()))


def folder() -> Path:
    """Return an empty folder that lives as long as the process."""
    _FOLDERS.append(TemporaryDirectory())
    return Path(_FOLDERS[-1].name)


def save(kind: str, into: Path) -> Path:
    """Write a tiny model to a folder, and return it."""
    torch.manual_seed(3)
    built, extra = _built(kind)
    built.save_pretrained(into)
    if extra:
        (into / "preprocessor_config.json").write_text(json.dumps(extra))
    if kind in ("bert", "clip"):
        tokenizer().save(str(into / "tokenizer.json"))
    return into


def _built(kind: str) -> tuple[Any, dict[str, Any]]:
    import transformers as t

    words = {**SMALL, "vocab_size": len(WORDS), "max_position_embeddings": 40}
    picture = {**SMALL, "image_size": 16, "patch_size": 8}
    if kind == "bert":
        return t.BertModel(t.BertConfig(**words, pad_token_id=0)), {}
    if kind == "vit":
        return t.ViTModel(t.ViTConfig(**picture)), PICTURES
    if kind == "videomae":
        return t.VideoMAEModel(t.VideoMAEConfig(**picture, num_frames=2)), PICTURES
    if kind == "timesformer":
        return t.TimesformerModel(t.TimesformerConfig(**picture, num_frames=3)), PICTURES
    if kind == "vivit":
        tubes = {"tubelet_size": [2, 8, 8], "num_frames": 4}
        return t.VivitModel(t.VivitConfig(**{**picture, **tubes})), PICTURES
    if kind == "clip":
        ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
        config = t.CLIPConfig(text_config={**words, **ids}, vision_config=picture, projection_dim=8)
        return t.CLIPModel(config), PICTURES
    if kind == "resnet":
        cells = {"hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"}
        return t.ResNetModel(t.ResNetConfig(embedding_size=8, **cells)), PICTURES
    if kind == "wavlm":
        convolutions = {"conv_dim": (8, 8), "conv_stride": (5, 2), "conv_kernel": (10, 3)}
        positions = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
        return t.WavLMModel(t.WavLMConfig(**SMALL, **convolutions, **positions)), WAVES
    if kind == "wav2vec2":
        convolutions = {"conv_dim": (8, 8), "conv_stride": (5, 2), "conv_kernel": (10, 3)}
        positions = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
        return t.Wav2Vec2Model(t.Wav2Vec2Config(**SMALL, **convolutions, **positions)), WAVES
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    whisper = t.WhisperConfig(
        d_model=8,
        num_mel_bins=8,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_source_positions=20,
        vocab_size=10,
        **ends,
    )
    return t.WhisperModel(whisper), {"sampling_rate": 16_000}


def tokenizer() -> Any:
    """Return a tokenizer of a few words that puts [CLS] and [SEP] around a text and pads to 30."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, "[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.enable_padding(length=30)
    return made
