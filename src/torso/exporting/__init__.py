"""A trained run for other programs: its graph as ONNX, with networks, plain models, heads and checks.

>>> import torch
>>> from torso.exporting.plain.pooling import pooled
>>> pooled("values", [torch.tensor([[1.0]]), torch.tensor([[3.0]])], [0.25, 0.75])
tensor([[2.5000]])
"""
