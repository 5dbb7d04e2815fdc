"""Backbones that the library transformers knows; it is imported when the first one is loaded.

No code from a model's folder is ever run, nothing is read from the network here, and only safetensors are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

from torso.core.errors import ConfigError
from torso.core.hub import Snapshot
from torso.core.optional import require
from torso.encoders.hub._backbone import Backbone
from torso.encoders.hub._library_backbone import Network
from torso.encoders.hub.audio_backbones import WaveBackbone, WhisperBackbone
from torso.encoders.hub.text_backbone import TextBackbone
from torso.encoders.hub.vision_backbones import PictureBackbone, VideoBackbone

__all__ = ["forms", "load", "num_frames", "picture_size", "preprocessing", "sample_rate"]

Config = Any
"""A configuration of the library, with other attributes for each architecture."""
_UNUSED = (
    "pooler",
    "masked_spec_embed",
    "position_ids",
    "head.",
    "classifier",
    "lm_head",
    "decoder",
)


def forms(snapshot: Snapshot) -> set[str]:
    """Return the forms of features that a model reads; two for pairs such as CLIP.

    Raises:
        ConfigError: the library does not know the architecture.
    """
    config = _config(snapshot)
    if hasattr(config, "vision_config") and hasattr(config, "text_config"):
        return {"image", "text"}
    reads = _architecture(snapshot, config).main_input_name
    if reads == "input_ids":
        return {"text"}
    if reads == "pixel_values":
        return {"video" if hasattr(config, "num_frames") else "image"}
    if config.model_type == "whisper" or hasattr(config, "conv_stride"):
        return {"audio"}
    return set()


def load(snapshot: Snapshot, form: str) -> Backbone:
    """Return the backbone of a model, in evaluation mode and float32.

    Raises:
        ConfigError: the files cannot be read, or lack weights.
    """
    transformers = _library(snapshot)
    config = _config(snapshot)
    for name, quiet in {"apply_spec_augment": False, "layerdrop": 0.0}.items():
        if hasattr(config, name):  # they draw from generators that no seed of ours reaches
            setattr(config, name, quiet)
    try:
        with _quiet(transformers), torch.random.fork_rng(devices=[]):
            model, info = transformers.AutoModel.from_pretrained(
                snapshot.folder,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:  # each architecture fails in its own ways
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"The model {snapshot.name!r} cannot be loaded: {reason}") from error
    absent = sorted(key for key in info["missing_keys"] if not any(part in key for part in _UNUSED))
    if absent:
        raise ConfigError(
            f"The weights of {snapshot.name!r} do not fit its config.json: {len(absent)} tensors are absent, for "
            f"one {absent[0]!r}."
        )
    return _wrapped(snapshot, model.eval(), form)


def _wrapped(snapshot: Snapshot, model: Network, form: str) -> Backbone:
    settings = preprocessing(snapshot)
    if form == "image":
        vision = getattr(model, "vision_model", model)
        return PictureBackbone(vision, settings.get("image_mean"), settings.get("image_std"))
    if form == "video":
        return VideoBackbone(model, settings.get("image_mean"), settings.get("image_std"))
    if form == "text":
        network: Network = getattr(model, "text_model", model)
        has_decoder = getattr(network.config, "is_encoder_decoder", False)
        return TextBackbone(network.get_encoder() if has_decoder else network)
    if model.config.model_type == "whisper":
        return WhisperBackbone(model.get_encoder())
    return WaveBackbone(model, normalise=bool(settings.get("do_normalize", True)))


def preprocessing(snapshot: Snapshot) -> dict[str, Any]:
    """Return a model's `preprocessor_config.json`, empty where there is none."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        try:
            settings = json.loads((snapshot.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(settings, dict):
            inner = settings.get("image_processor") or settings.get("feature_extractor") or settings
            return dict(inner)
    return {}


def picture_size(snapshot: Snapshot) -> int:
    """Return the side in pixels that a model was trained on."""
    settings = preprocessing(snapshot)
    config_file = snapshot.folder / "config.json"
    config = json.loads(config_file.read_text(encoding="utf-8")) if config_file.exists() else {}
    config = config.get("vision_config") or config
    for size in (settings.get("crop_size"), config.get("image_size"), settings.get("size")):
        if isinstance(size, dict):
            size = size.get("height") or size.get("shortest_edge")
        if isinstance(size, list | tuple) and size:
            size = size[0]
        if isinstance(size, int) and size > 0:
            return size
    return 224


def num_frames(snapshot: Snapshot) -> int:
    """Return how many frames of a video a model reads."""
    return int(_config(snapshot).num_frames)


def sample_rate(snapshot: Snapshot) -> int:
    """Return the samples per second that a model was trained on."""
    return int(preprocessing(snapshot).get("sampling_rate") or 16_000)


def _library(snapshot: Snapshot) -> ModuleType:
    return require("transformers", extra="hub", why=f"The pretrained model {snapshot.name!r}")


def _config(snapshot: Snapshot) -> Config:
    transformers = _library(snapshot)
    try:
        with _quiet(transformers):
            return transformers.AutoConfig.from_pretrained(
                snapshot.folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:
        raise ConfigError(
            f"The model {snapshot.name!r} is of no architecture that transformers {transformers.__version__} knows: "
            f"{(str(error).splitlines() or [''])[0][:200]}"
        ) from error


def _architecture(snapshot: Snapshot, config: Config) -> Network:
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    try:
        return MODEL_MAPPING[type(config)]
    except KeyError:
        raise ConfigError(
            f"The model {snapshot.name!r} ({config.model_type}) has no plain backbone in transformers."
        ) from None


@contextmanager
def _quiet(transformers: ModuleType) -> Iterator[None]:
    """Silence the library. All that matters of its messages is checked here."""
    logging = transformers.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
