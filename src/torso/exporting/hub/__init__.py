"""Runs on the Hugging Face hub, and in folders of its layout."""

from torso.exporting.hub.exchange import pull, push
from torso.exporting.hub.folder import write_hub_folder

__all__ = ["pull", "push", "write_hub_folder"]
