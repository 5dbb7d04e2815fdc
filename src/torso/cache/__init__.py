"""The feature cache: each content is decoded once per settings and then lies memory-mapped on disk."""

from torso.cache.stamps import StampMemo
from torso.cache.store import FeatureStore, cache_root, content_digest

__all__ = ["FeatureStore", "StampMemo", "cache_root", "content_digest"]
