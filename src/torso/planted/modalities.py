"""Kinds of planted tables that differ in the inputs: which modality and column carries which task."""

from __future__ import annotations

from torso.planted.blocks import Categories, Numbers, Signal, Texts, standard
from torso.planted.kinds import kind
from torso.planted.sketch import Sketch
from torso.planted.truth import Planted

__all__: list[str] = []


def _three(sketch: Sketch) -> tuple[Numbers, Categories, Texts]:
    return sketch.numbers(4), sketch.categories(3), sketch.texts()


@kind
def carriers(rows: int, noise: float, seed: int) -> Planted:
    """Three modalities; a task each that one of them carries, and one that all carry. Some columns carry nothing."""
    sketch = Sketch("carriers", rows, noise, seed)
    numbers, categories, note = _three(sketch)
    of_numbers = numbers.signal(sketch.draw, [0, 1])
    of_categories = categories.signal(sketch.draw, [0])
    of_note = note.signal(sketch.draw, [0])
    sketch.task("weight", [of_numbers])
    sketch.task("price", [of_categories])
    sketch.task("mood", [of_note], kind="binary")
    sketch.task("sum", [of_numbers, of_categories, of_note])
    names = ["weight", "price", "mood", "sum"]
    return sketch.planted([names])


@kind
def redundant(rows: int, noise: float, seed: int) -> Planted:
    """Two modalities that tell the same, each with half of the noise; a third tells nothing."""
    sketch = Sketch("redundant", rows, noise, seed)
    numbers, categories, _ = _three(sketch)
    level = categories.codes[:, 0]
    numbers.values[:, 0] = standard(level + 0.1 * sketch.draw.normal(size=rows))
    worth = categories.signal(sketch.draw, [0])
    both = Signal(worth.values, (categories.columns[0], numbers.columns[0]), "")
    sketch.task("a", [both])
    sketch.task("b", [both], kind="binary")
    pair = (("numbers", "categories"),)
    return sketch.planted([["a", "b"]], redundant={"a": pair, "b": pair})


@kind
def synergy(rows: int, noise: float, seed: int) -> Planted:
    """An exclusive or of two modalities: neither tells anything alone. A third modality tells another task."""
    sketch = Sketch("synergy", rows, noise, seed)
    numbers, categories, note = _three(sketch)
    parts = [numbers.sign(0), categories.sign(0)]
    sketch.task("both", parts, together=True)
    sketch.task("agree", parts, kind="binary", together=True)
    sketch.task("mood", [note.signal(sketch.draw, [0])])
    pair = (("numbers", "categories"),)
    return sketch.planted([["both", "agree"], ["mood"]], synergistic={"both": pair, "agree": pair})


@kind
def gaps(rows: int, noise: float, seed: int) -> Planted:
    """Modalities that a third of the rows lack, and tasks that are labelled on half of the rows."""
    sketch = Sketch("gaps", rows, noise, seed)
    numbers, categories, note = _three(sketch)
    signals = [
        numbers.signal(sketch.draw, [0, 1]),
        categories.signal(sketch.draw, [0]),
        note.signal(sketch.draw, [0]),
    ]
    sketch.task("a", signals[:2], rows=sketch.some(rows // 2))
    sketch.task("b", signals[:2], kind="category", rows=sketch.some(rows // 2))
    sketch.task("c", signals[1:], rows=sketch.some(rows // 2))
    sketch.missing(categories, 1 / 3)
    sketch.missing(note, 1 / 3)
    return sketch.planted([["a", "b", "c"]])
