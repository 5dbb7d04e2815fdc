"""Search by a retrieval target: the best matches of a question in a folder or a table.

>>> import torso
>>> rows = [{"note": f"a {word} thing", "sight": [n, 1 - n]} for word, n in [("red", 1.0), ("blue", 0.0)] * 12]
>>> run = torso.fit(
...     rows,
...     {"match": "retrieval"},
...     inputs={"note": "text", "sight": "vector"},
...     settings={"dim": 8, "training.epochs": 1},
... )
>>> searcher = torso.Searcher(run)
>>> searcher.search(rows, text="a red thing", find="sight", top=2).columns.tolist()
['rank', 'score', 'row', 'note', 'sight']
>>> things = searcher.collection(rows, find="sight")  # encoded once, for many questions
>>> len(things), len(things.search(text="a blue thing", top=3))
(24, 3)
"""

from torso.search.collection import Collection
from torso.search.searcher import Searcher

__all__ = ["Collection", "Searcher"]
