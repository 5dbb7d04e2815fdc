"""Push a run to the Hugging Face hub, and pull one from there or from the cache of this machine."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

from torso.core.errors import ConfigError, RunError
from torso.core.optional import require
from torso.exporting.hub.folder import check_repository, write_hub_folder

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor

__all__ = ["pull", "push"]

_FILES = ["*.json", "*.safetensors", "*.yaml", "*.md", "*.onnx"]
"""Files of a run; others of a repository are never fetched."""
_OFF = ("1", "true", "yes", "on")


def push(
    run: str | Path | Predictor,
    repository: str,
    *,
    private: bool = True,
    license: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Upload a run to the hub, and return the address of its commit; the repository is made if it is absent.

    `write_hub_folder` says what is uploaded. Who may write is said by `HF_TOKEN`, or by `hf auth login`.

    Args:
        run: its folder, or opened.
        repository: OWNER/NAME.
        private: whether only you see it, where it is made now; False shows it to all.
        license: of the card, such as `apache-2.0`.
        endpoint: address of another hub; default `HF_ENDPOINT`, else huggingface.co.

    Raises:
        ConfigError: a name that is none, no right to write, or no connection.
        MissingDependency: the extra `hub` is absent.
    """
    name = check_repository(repository)
    hub = _library()
    from torso.runs.predicting.load import load  # to pull needs no torch

    opened = load(run, device="cpu") if isinstance(run, str | Path) else run
    _check_online(f"{name!r} cannot be uploaded")
    api = hub.HfApi(endpoint=_endpoint(endpoint), library_name="torso")
    with TemporaryDirectory() as drafts:
        folder = write_hub_folder(opened, Path(drafts) / "run", name, license=license)
        try:
            api.create_repo(name, private=private, exist_ok=True)
            commit = api.upload_folder(
                repo_id=name,
                folder_path=folder,
                commit_message=f"A run of Torso {opened.report.torso}",
                delete_patterns=_FILES,  # of an earlier run; what others put there stays
            )
        except Exception as error:  # the client lets through what its network library raises
            raise _refused(name, "uploaded", error) from error
    return str(commit.commit_url)


def pull(
    repository: str,
    folder: str | Path | None = None,
    *,
    revision: str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Return the folder of a run of the hub: `torso.load(torso.pull("me/house-prices"))`.

    With `HF_HUB_OFFLINE`, or without a connection, it is the one that this machine has.

    Args:
        repository: OWNER/NAME.
        folder: where the files are put; default: the hub's cache.
        revision: branch, tag or commit; default: the newest.
        endpoint: as for `push`.

    Raises:
        ConfigError: there is no such repository, or it cannot be reached and this machine does not have it.
        RunError: it holds no run.
        MissingDependency: the extra `hub` is absent.
    """
    name = check_repository(repository)
    hub = _library()
    offline = _is_offline()
    try:
        path = Path(
            hub.snapshot_download(
                name,
                revision=revision,
                cache_dir=os.environ.get("HF_HUB_CACHE") or None,
                local_dir=None if folder is None else Path(folder).expanduser(),
                allow_patterns=_FILES,
                local_files_only=offline,
                endpoint=_endpoint(endpoint),
                library_name="torso",
            )
        )
    except Exception as error:  # as in `push`
        raise _refused(name, "fetched", error) from error
    if not (path / "run.yaml").exists():
        held = sorted(each.name for each in path.iterdir())[:5]
        raise RunError(
            f"{name!r} holds no run of Torso: run.yaml is absent. Found {held}. `torso push` writes one."
        )
    return path


def _library() -> ModuleType:
    require("huggingface_hub.errors", extra="hub", why="The Hugging Face hub")
    return require("huggingface_hub", extra="hub", why="The Hugging Face hub")


def _endpoint(said: str | None) -> str | None:
    return said or os.environ.get("HF_ENDPOINT") or None


def _is_offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in _OFF


def _check_online(fact: str) -> None:
    if _is_offline():
        raise ConfigError(
            f"{fact}: HF_HUB_OFFLINE is set. Unset it, or write the folder alone with --out."
        )


def _refused(name: str, done: str, error: Exception) -> ConfigError:
    """Return the error in the words of a user.

    Args:
        name: of the repository.
        done: what was to be done with it.
        error: of the client.
    """
    errors = require("huggingface_hub.errors", extra="hub", why="The Hugging Face hub")
    fact = f"{name!r} could not be {done}: "
    if isinstance(error, errors.LocalEntryNotFoundError):
        return ConfigError(
            f"{fact}the hub cannot be reached, or HF_HUB_OFFLINE is set, and this machine does not have it. Give a folder "
            "to torso.load instead."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return ConfigError(
            f"{fact}it has no such revision. Name a branch, a tag or a commit of it."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return ConfigError(
            f"{fact}the hub has no such repository, or it is private. Check the name, and set HF_TOKEN."
        )
    if isinstance(error, errors.HfHubHTTPError) and error.response.status_code in (401, 403):
        return ConfigError(
            f"{fact}the hub does not know you, or you may not write there. Set HF_TOKEN to a token that may, or say: "
            "hf auth login"
        )
    first = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
    return ConfigError(f"{fact}{first}. Check the connection and the address.")
