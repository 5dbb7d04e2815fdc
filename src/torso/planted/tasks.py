"""Kinds of planted tables that differ in the tasks: which share structure, which conflict, which have few labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torso.planted.blocks import Block, Signal
from torso.planted.kinds import kind
from torso.planted.sketch import Sketch
from torso.planted.truth import Planted

__all__: list[str] = []


@kind
def alike(rows: int, noise: float, seed: int) -> Planted:
    """Four tasks of one function, each labelled on a quarter of the rows of its own draw."""
    sketch = Sketch("alike", rows, noise, seed)
    signal = sketch.numbers(6).signal(sketch.draw, range(4))
    for name in ("a1", "a2", "a3", "a4"):
        sketch.task(name, [signal], rows=sketch.some(rows // 4))
    return sketch.planted([["a1", "a2", "a3", "a4"]], helps=True)


@kind
def clash(rows: int, noise: float, seed: int) -> Planted:
    """Three pairs of tasks; each pair answers from a function of its own, all of the same columns."""
    return _families(Sketch("clash", rows, noise, seed), (2, 2, 2))


@kind
def opposite(rows: int, noise: float, seed: int) -> Planted:
    """Two pairs of tasks; in each, the second is the negative of the first, which a head of its own undoes."""
    return _families(Sketch("opposite", rows, noise, seed), (2, 2), negative=True)


@kind
def outsider(rows: int, noise: float, seed: int) -> Planted:
    """Three tasks of one function, and one task of another function of the same columns."""
    return _families(Sketch("outsider", rows, noise, seed), (3, 1))


@kind
def singles(rows: int, noise: float, seed: int) -> Planted:
    """Three tasks, each of a function of its own of the same columns: best trained alone."""
    return _families(Sketch("singles", rows, noise, seed), (1, 1, 1))


@kind
def mixed(rows: int, noise: float, seed: int) -> Planted:
    """Three tasks of one function and two of another; each family has a number, a yes or no, and levels."""
    sketch = Sketch("mixed", rows, noise, seed)
    return _families(sketch, (3, 2), kinds=("number", "binary", "category"))


@kind
def uneven(rows: int, noise: float, seed: int) -> Planted:
    """Seven tasks: four of one function, two of another, one of a third."""
    return _families(Sketch("uneven", rows, noise, seed), (4, 2, 1))


@kind
def scarce(rows: int, noise: float, seed: int) -> Planted:
    """Two pairs of tasks; in each, the second has few labels, and needs the first."""
    return _families(Sketch("scarce", rows, noise, seed), (2, 2), few=rows // 8)


@kind
def senses(rows: int, noise: float, seed: int) -> Planted:
    """Two tasks that texts carry, and two that numbers carry."""
    sketch = Sketch("senses", rows, noise, seed)
    blocks = [sketch.texts(), sketch.numbers(8)]
    return _families(sketch, (2, 2), blocks=blocks)


@kind
def apart(rows: int, noise: float, seed: int) -> Planted:
    """Three tasks of some columns and two of others."""
    sketch = Sketch("apart", rows, noise, seed)
    return _families(sketch, (3, 2), blocks=[sketch.numbers(4), sketch.numbers(4, prefix="y")])


def _families(
    sketch: Sketch,
    sizes: tuple[int, ...],
    negative: bool = False,
    kinds: Sequence[str] = ("number",),
    few: int | None = None,
    blocks: Sequence[Block] = (),
) -> Planted:
    """Return tasks in families; a family is one function of the same columns. A third of the labels are missing.

    Args:
        sketch: of the table.
        sizes: of the families.
        negative: every second task of a family is the negative of the first.
        kinds: of the tasks of a family, in turn.
        few: labels of every second task of a family.
        blocks: columns that each family answers from; none: eight numbers for all.
    """
    own_columns = len(blocks) > 0
    of_family = blocks or [sketch.numbers(8)] * len(sizes)
    families, earlier = [], list[Signal]()
    for letter, size, block in zip("abcdef", sizes, of_family, strict=False):
        columns = range(len(block.columns) if own_columns else 6)
        signal = block.signal(sketch.draw, columns)
        for other in [] if own_columns else earlier:  # random functions may be alike
            signal = signal.apart_from(other)
        earlier.append(signal)
        names = [f"{letter}{number}" for number in range(1, size + 1)]
        for number, name in enumerate(names):
            second = number % 2 == 1
            turned = replace(signal, values=-signal.values)
            labels = few if few is not None and second else 2 * sketch.rows // 3
            sketch.task(
                name,
                [turned if negative and second else signal],
                kind=kinds[number % len(kinds)],
                rows=sketch.some(labels),
            )
        families.append(names)
    return sketch.planted(families, clash=True)


@kind
def helper(rows: int, noise: float, seed: int) -> Planted:
    """A task with few labels beside one with many that answers from the same function."""
    sketch = Sketch("helper", rows, noise, seed)
    signal = sketch.numbers(6).signal(sketch.draw, range(4))
    sketch.task("rare", [signal], rows=sketch.some(max(30, rows // 12)))
    sketch.task("many", [signal])
    return sketch.planted([["rare", "many"]], helps=True)


@kind
def separate(rows: int, noise: float, seed: int) -> Planted:
    """Three tasks of columns of their own, with plenty of labels: any grouping is as good."""
    sketch = Sketch("separate", rows, noise, seed)
    for name, prefix in (("a", "x"), ("b", "y"), ("c", "z")):
        block = sketch.numbers(3, prefix=prefix)
        sketch.task(name, [block.signal(sketch.draw, range(2))])
    return sketch.planted([["a"], ["b"], ["c"]])


@kind
def noisy(rows: int, noise: float, seed: int) -> Planted:
    """Two tasks of one function, and one of noise alone, in a body that holds all of it."""
    sketch = Sketch("noisy", rows, noise, seed)
    _two_alike(sketch)
    sketch.task("nothing", [], noise=1.0)
    return sketch.planted([["a1", "a2"], ["nothing"]])


def _two_alike(sketch: Sketch) -> Signal:
    """Add a number and a yes or no of one function, and return the function."""
    signal = sketch.numbers(6).signal(sketch.draw, range(4))
    sketch.task("a1", [signal])
    sketch.task("a2", [signal], kind="binary")
    return signal


@kind
def disjoint(rows: int, noise: float, seed: int) -> Planted:
    """Three tasks of one function without a common row: their overlaps say nothing, their answers agree."""
    sketch = Sketch("disjoint", rows, noise, seed)
    signal = sketch.numbers(6).signal(sketch.draw, range(4))
    for name, mask in zip(("a1", "a2", "a3"), sketch.parts(3), strict=True):
        sketch.task(name, [signal], rows=mask)
    return sketch.planted([["a1", "a2", "a3"]], helps=True)


@kind
def five(rows: int, noise: float, seed: int) -> Planted:
    """Two tasks of one function, and one with five labels."""
    sketch = Sketch("five", rows, noise, seed)
    signal = _two_alike(sketch)
    sketch.task("rare", [signal], rows=sketch.some(5))
    return sketch.planted([["a1", "a2", "rare"]], helps=True)


@kind
def alone(rows: int, noise: float, seed: int) -> Planted:
    """One task."""
    sketch = Sketch("alone", rows, noise, seed)
    sketch.task("a", [sketch.numbers(4).signal(sketch.draw, range(2))])
    return sketch.planted([["a"]])
