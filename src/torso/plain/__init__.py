"""Plain models beside the network: a flat view of the row, linear models and trees, and the weights of a blend.

A plain model learns one task from the flat view of the rows and says what it knows in one of three forms (`Response`).
Statements of several models are pooled with weights that suit rows held out of their training.

>>> import numpy as np
>>> from torso.plain import fit_weights, pool
>>> from torso.tasks import Response
>>> labels = Response("binaries", np.array([[1.0], [0.0], [1.0], [0.0]], np.float32))
>>> right, wrong = np.array([[2.0], [-2.0], [2.0], [-2.0]]), np.array([[-1.0], [1.0], [-1.0], [1.0]])
>>> weights = fit_weights(labels, [right, wrong], prior=[0.5, 0.5], rows=1.0)
>>> weights.round(2)
array([0.86, 0.14])
>>> pool("binaries", [right, wrong], weights).round(2)[:2]
array([[ 1.37],
       [-1.37]])
"""

from torso.plain.pooling import constant_statement, fit_weights, mean_loss, pool

__all__ = ["constant_statement", "fit_weights", "mean_loss", "pool"]
