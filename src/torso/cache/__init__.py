"""The feature cache: each content is decoded once per settings and then lies on disk.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> import numpy as np
>>> root, settings = Path(mkdtemp()), {"form": "image", "size": 8}
>>> photo = b"the bytes of a file"
>>> with FeatureStore(root, settings, "uint8", tail=(8, 3)) as store:
...     item = store.add(content_digest(photo), np.full((8, 8, 3), 200, np.uint8))
>>> with FeatureStore(root, settings, "uint8", tail=(8, 3)) as later:  # another run
...     values, lengths = later.gather(np.array([later.position(content_digest(photo)), -1]))
>>> values.shape, lengths.tolist(), int(values[0, 0, 0, 0])
((2, 8, 8, 3), [8, 0], 200)
"""

from torso.cache.item_reader import DamagedItems
from torso.cache.keys import content_digest
from torso.cache.stamps import StampMemo
from torso.cache.store import FeatureStore, cache_root

__all__ = ["DamagedItems", "FeatureStore", "StampMemo", "cache_root", "content_digest"]
