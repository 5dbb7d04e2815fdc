"""A point of the plane, and the squared distance to the label's point on the circle."""

from torso.tasks import Head


class Plane(Head, form="direction", name="plane"):
    """Gaussian likelihood around a point of the plane, less its constant.

    Args:
        dim: width of the vector it reads.
        hidden: width of a hidden layer; 0 for none.
        dropout: before the first layer, in training.
    """

    def __init__(self, dim: int, *, hidden: int = 0, dropout: float = 0.0) -> None:
        super().__init__(dim, 2, hidden=hidden, dropout=dropout)

    def nll(self, outputs, targets, /):
        return (outputs - targets.to(outputs)).square().sum(dim=1)

    def predict(self, outputs, /):
        return outputs
