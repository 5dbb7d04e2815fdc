"""The model: encoders, fusion, sharing and heads as one module.

>>> import torch
>>> from torso.core.types import Features
>>> model = Model.build(
...     {"sensors": PartSpec("numbers", "periodic", {"columns": 3})},
...     {
...         "fails": PartSpec("binary", "logistic", {}),
...         "hours": PartSpec("number", "gaussian", {"mean": 100.0, "std": 20.0}),
...     },
...     dim=16,
...     fusion="gated",
... ).eval()
>>> known = torch.tensor([[True, True, True], [True, False, True]])
>>> outputs = model({"sensors": Features(torch.randn(2, 3), known)})
>>> {task: tuple(output.shape) for task, output in outputs.items()}
{'fails': (2, 1), 'hours': (2, 1)}

A batch goes through in three steps that a trainer may also take one by one, and has a loss per task:

>>> encoded = model.encode({"sensors": Features(torch.randn(2, 3), known)})
>>> outputs = model.apply_heads(model.fuse(encoded), encoded)
>>> targets = {"fails": torch.tensor([1.0, 0.0]), "hours": torch.tensor([90.0, torch.nan])}
>>> losses, counts = model.losses(outputs, targets)
>>> model.tasks, counts  # the second row has no label for the hours
(['fails', 'hours'], tensor([2, 1]))
"""

from torso.model.build import PartSpec
from torso.model.model import Model
from torso.model.trunk import Encoded, Trunk

__all__ = ["Encoded", "Model", "PartSpec", "Trunk"]
