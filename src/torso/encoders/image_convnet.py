"""Images: a small residual convnet, good from scratch on a few hundred pictures."""

from __future__ import annotations

from torch import Tensor, nn

from torso._blocks import Pool
from torso.encoders._augment import Jitter
from torso.encoders._encoder import Encoder
from torso.types import Features, Tokens

__all__ = ["ImageConvNet"]


class ImageConvNet(Encoder, form="image", name="convnet"):
    """Residual convnet over RGB pictures.

    A strided stem, then one residual block per stage, each doubling the channels and halving the side while
    it is above 4 cells (He et al., CVPR 2016, in small); the cells of the last map are the tokens.

    Args:
        dim: token width.
        width: channels of the first stage.
        stages: number of residual stages.
        tokens: tokens kept by attention pooling; 0 keeps every cell of the last map.
        dropout: on the tokens, in training.
        jitter: strength of the augmentation in training (see `Jitter`); 0 for none.
        size: side of the pictures in pixels, which the strides are chosen for.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: int = 32,
        stages: int = 3,
        tokens: int = 1,
        dropout: float = 0.1,
        jitter: float = 0.5,
        size: int = 64,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.jitter = Jitter(jitter)
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        widths = [width * 2**stage for stage in range(stages)]
        blocks, side, before = [], -(-size // 2), width
        for after in widths:
            stride = 2 if side > 4 else 1
            blocks.append(_Residual(before, after, stride))
            side, before = -(-side // stride), after
        self.stages = nn.Sequential(*blocks)
        self.project = nn.Linear(before, dim)
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, features: Features, /) -> Tokens:
        """Read `[batch, height, width, 3]` uint8, or floats from 0 to 1."""
        x = features.values.to(self.project.weight.dtype)
        if not features.values.is_floating_point():
            x = x / 255.0
        x = (x - 0.5).permute(0, 3, 1, 2) * 2.0  # channels-last memory, [batch, 3, height, width]
        x = (
            self.stages(self.stem(self.jitter(x))).flatten(2).transpose(1, 2)
        )  # [batch, cells, channels]
        x = self.norm(self.project(x))
        mask = features.mask.unsqueeze(1).expand(-1, x.shape[1])
        tokens = self.pool(Tokens(x, mask))
        return Tokens(self.dropout(tokens.values), tokens.mask)


class _Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        same = before == after and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(before, after, 1, stride=stride)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(self.body(x) + self.shortcut(x))
        return out
