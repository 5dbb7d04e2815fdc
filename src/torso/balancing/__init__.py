"""Balancers: many losses in, one gradient out. One method per file.

A balancer stands in the training loop where `losses.sum().backward()` stood:

>>> import torch
>>> from torch import nn
>>> _ = torch.manual_seed(0)
>>> body, heads = nn.Linear(4, 8), nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 1)])
>>> x, targets = torch.randn(16, 4), torch.randn(2, 16, 1)
>>> balancer = UPGrad(["depth", "weight"])
>>> optimizer = torch.optim.SGD([*body.parameters(), *heads.parameters()], lr=0.1)
>>> for step in range(20):
...     features = body(x).relu()
...     losses = [(h(features) - y).square().mean() for h, y in zip(heads, targets)]
...     first = losses if step == 0 else first
...     optimizer.zero_grad()
...     balancer.backward(losses, body.parameters())
...     optimizer.step()
>>> all(loss < before for loss, before in zip(losses, first))
True
>>> sorted(balancer.task_weights())
['depth', 'weight']

`loss/` holds the methods that look at the losses alone, `gram/` those that need the inner products of the
tasks' gradients, `gradient/` those that need the gradients, `modality/` those that balance modalities, and
`engine/` the backward passes. The rules of the room are in `Balancer`, the choice between methods in
docs/balancing.md.
"""

from torso.balancing._balancer import Balancer
from torso.balancing.engine.ranks import losses_over_ranks
from torso.balancing.gradient._gradient_balancer import GradientBalancer
from torso.balancing.gradient.config import ConFIG
from torso.balancing.gradient.dbmtl import DBMTL
from torso.balancing.gradient.excess_mtl import ExcessMTL
from torso.balancing.gradient.graddrop import GradDrop
from torso.balancing.gradient.modo import MoDo
from torso.balancing.gradient.sdmgrad import SDMGrad
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram.aligned_mtl import AlignedMTL
from torso.balancing.gram.cagrad import CAGrad
from torso.balancing.gram.dual_proj import DualProj
from torso.balancing.gram.ema import EMA
from torso.balancing.gram.fairgrad import FairGrad
from torso.balancing.gram.grad_norm import GradNorm
from torso.balancing.gram.grad_vac import GradVac
from torso.balancing.gram.imtlg import IMTLG
from torso.balancing.gram.mgda import MGDA
from torso.balancing.gram.mmpareto import MMPareto
from torso.balancing.gram.moco import MoCo
from torso.balancing.gram.nash_mtl import NashMTL
from torso.balancing.gram.pcd import PCD
from torso.balancing.gram.pcgrad import PCGrad
from torso.balancing.gram.upgrad import UPGrad
from torso.balancing.loss._loss_balancer import LossBalancer
from torso.balancing.loss.dwa import DWA
from torso.balancing.loss.equal import Equal
from torso.balancing.loss.famo import FAMO
from torso.balancing.loss.fixed import Fixed
from torso.balancing.loss.gls import GLS
from torso.balancing.loss.go4align import GO4Align
from torso.balancing.loss.imtl_l import IMTLL
from torso.balancing.loss.ldc_mtl import LDCMTL
from torso.balancing.loss.rlw import RLW
from torso.balancing.loss.stch import STCH
from torso.balancing.loss.uncertainty import Uncertainty
from torso.balancing.loss.uwso import UWSO
from torso.balancing.modality.gradient_blending import GradientBlending
from torso.balancing.modality.ogm_ge import OGMGE

__all__ = [
    "DBMTL",
    "DWA",
    "EMA",
    "FAMO",
    "GLS",
    "IMTLG",
    "IMTLL",
    "LDCMTL",
    "MGDA",
    "OGMGE",
    "PCD",
    "RLW",
    "STCH",
    "UWSO",
    "AlignedMTL",
    "Balancer",
    "CAGrad",
    "ConFIG",
    "DualProj",
    "Equal",
    "ExcessMTL",
    "FairGrad",
    "Fixed",
    "GO4Align",
    "GradDrop",
    "GradNorm",
    "GradVac",
    "GradientBalancer",
    "GradientBlending",
    "Gram",
    "GramBalancer",
    "LossBalancer",
    "MMPareto",
    "MoCo",
    "MoDo",
    "NashMTL",
    "PCGrad",
    "SDMGrad",
    "UPGrad",
    "Uncertainty",
    "losses_over_ranks",
]
