"""The settings of a training: the section `training` of `run.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from torso.core.strict import Strict

__all__ = ["TrainingConfig"]


class TrainingConfig(Strict):
    """How the model is trained."""

    epochs: int = Field(default=40, ge=1, description="passes over the training rows, at most")
    batch_size: int | None = Field(
        default=None, ge=1, description="null: 64, or 128 to 256 from 12,800 training rows on"
    )
    lr: float = Field(default=1e-3, gt=0, description="highest learning rate, of AdamW")
    weight_decay: float = Field(
        default=0.01, ge=0, description="shrinks matrices; biases and norms are left alone"
    )
    warmup: float = Field(
        default=0.05, ge=0, lt=1, description="share of all steps with a rising rate"
    )
    clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")
    patience: int = Field(
        default=8, ge=1, description="epochs without a better held-out loss before the end"
    )
    modality_dropout: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="share of a row's modalities hidden in training; null: 0.25 where several are all "
        "numbers, categories, vectors or sequences and no target is an input again, else 0",
    )
    mixup: float = Field(
        default=0.0, ge=0, description="rows are blended by a share from Beta(mixup, mixup); 0: not"
    )
    average: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="decay per step of the running mean of the weights, which is judged and kept; 0: none; "
        "null: 0.95 to 0.99 where all inputs are numbers, categories, vectors or sequences, else 0",
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="auto: bfloat16 autocast on CUDA, float32 elsewhere"
    )
