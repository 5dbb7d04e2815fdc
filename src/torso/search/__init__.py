"""Searching by a retrieval target: what belongs to a text, a picture or a recording, in a folder or a table."""

from torso.search.collection import Collection
from torso.search.searchable import Searchable

__all__ = ["Collection", "Searchable"]
