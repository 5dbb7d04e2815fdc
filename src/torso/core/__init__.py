"""Values, errors, registries and tensor helpers that every other room builds on.

>>> from torso.core.registry import Registry
>>> class Scale:
...     def __init__(self, dim: int, *, factor: float = 1.0) -> None:
...         self.dim, self.factor = dim, factor
>>> parts: Registry[Scale] = Registry("part")
>>> parts.add("scale", Scale)
>>> part = parts.build({"scale": {"factor": 2}}, dim=8)  # the settings of a user, the facts of a model
>>> part.dim, part.factor
(8, 2)
>>> parts.build({"scale": {"factr": 2}}, dim=8)
Traceback (most recent call last):
torso.core.errors.ConfigError: Unknown setting of part 'scale': 'factr'. Did you mean 'factor'? Known: ['factor'].
"""
