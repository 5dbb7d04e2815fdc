"""Searching by a retrieval target: what belongs to a text, a picture or a recording, in a folder or a table."""

from torso.search.collection import Collection
from torso.search.searcher import Searcher

__all__ = ["Collection", "Searcher"]
