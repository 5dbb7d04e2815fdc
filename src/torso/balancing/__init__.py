"""Balancers: many losses in, one gradient out. One method per file."""

from torso.balancing._balancer import Balancer, LossBalancer
from torso.balancing.equal import Equal
from torso.balancing.fixed import Fixed
from torso.balancing.uncertainty import Uncertainty

__all__ = ["Balancer", "Equal", "Fixed", "LossBalancer", "Uncertainty"]
