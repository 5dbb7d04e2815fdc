"""The settings of a training: the section `training` of `run.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from torso.core.ranges import Range
from torso.core.spec import SpecLike
from torso.core.strict import Strict

__all__ = ["DEVICES", "LOSS", "TrainingConfig"]

DEVICES = (
    "cpu",
    "cuda",
    "ipu",
    "xpu",
    "mkldnn",
    "opengl",
    "opencl",
    "ideep",
    "hip",
    "ve",
    "fpga",
    "maia",
    "xla",
    "lazy",
    "vulkan",
    "mps",
    "meta",
    "hpu",
    "mtia",
    "privateuseone",
)
"""Kinds of device that torch knows, whether this machine has them or not."""

LOSS = "loss"
"""The figure that epochs are judged by unless `monitor` names metrics: held-out losses."""


class TrainingConfig(Strict):
    """Settings of a training."""

    epochs: Annotated[int, Range(5, 200, log=True)] = Field(
        default=40, ge=1, description="passes over the training rows, at most"
    )
    batch_size: Annotated[int | None, Range(16, 512, log=True)] = Field(
        default=None, ge=1, description="null: 64, or 128 to 256 from 12,800 training rows on"
    )
    micro_batch: int | None = Field(
        default=None,
        ge=1,
        description="rows that encoders read at a time, which needs less memory and one more forward pass; null: all of a "
        "batch, and half as many whenever memory is short",
    )
    lr: Annotated[float, Range(1e-4, 1e-2, log=True)] = Field(
        default=1e-3,
        gt=0,
        description="highest learning rate; if left out, with another optimizer than adamw: its own default",
    )
    optimizer: SpecLike = Field(
        default={"type": "adamw", "betas": [0.9, 0.999], "eps": 1e-8},
        description="adamw, sgd, or a torch.optim.Optimizer as module:Class; with settings, {type: sgd, momentum: 0.5}",
    )
    schedule: SpecLike = Field(
        default={"type": "cosine"},
        description="how the rate falls: cosine, linear, constant, or a torch.optim.lr_scheduler as module:Class, which "
        "counts batches; if left out, with a schedule-free optimizer: constant",
    )
    weight_decay: Annotated[float, Range(1e-4, 0.1, log=True)] = Field(
        default=0.01, ge=0, description="weight decay of matrices; none for biases and norms"
    )
    warmup: Annotated[float, Range(0, 0.2)] = Field(
        default=0.05, ge=0, lt=1, description="share of all steps with a rising rate"
    )
    clip: Annotated[float, Range(0.1, 10, log=True)] = Field(
        default=1.0, gt=0, description="largest norm of the gradient"
    )
    patience: Annotated[int, Range(3, 30)] = Field(
        default=8,
        ge=1,
        description="epochs without a better held-out loss (of any task, with `select: tasks`) before the end",
    )
    select: Literal["tasks", "total"] = Field(
        default="tasks",
        description="tasks: the mean of the weights of each task's best epoch; total: the weights of the epoch "
        "with the least held-out loss, added up over tasks",
    )
    monitor: str | dict[str, float] = Field(
        default=LOSS,
        description="figure on held-out rows that chooses the epoch and ends the training: loss, a metric TASK.METRIC, "
        "or several with weights, {digit.accuracy: 2, loss: 1}; `select` is about the loss",
    )
    modality_dropout: Annotated[float | None, Range(0, 0.5)] = Field(
        default=None,
        ge=0,
        lt=1,
        description="share of a row's modalities hidden in training; null: 0.25 where several are all "
        "numbers, categories, vectors or sequences and no target is an input again, else 0",
    )
    mixup: Annotated[float, Range(0, 0.5)] = Field(
        default=0.0, ge=0, description="rows are blended by a share from Beta(mixup, mixup); 0: off"
    )
    average: Annotated[float | None, Range(0, 0.999)] = Field(
        default=None,
        ge=0,
        lt=1,
        description="decay per step of the running mean of the weights, which is judged and kept; 0: off; "
        "null: 0.95 to 0.99 where all inputs are numbers, categories, names, vectors, sequences or texts read by "
        "n-grams, else 0",
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps")
    looks: int = Field(
        default=0,
        ge=0,
        description="steps from one look at the tasks' gradients to the next, which changes no weight and lets "
        "torso advise tell which tasks go together; 0: none",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="CPU threads of an operator; null: one for small networks, more for each 200 million "
        "multiplications of a batch, at most OMP_NUM_THREADS or the cores",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="auto: bfloat16 autocast on CUDA, float32 elsewhere"
    )

    @field_validator("device")
    @classmethod
    def _device(cls, value: str) -> str:
        if value.partition(":")[0] not in ("auto", *DEVICES):
            raise ValueError("should be auto, cpu, cuda, cuda:1, mps or another device of torch")
        return value

    @field_validator("monitor", mode="before")
    @classmethod
    def _figures(cls, value: object) -> object:
        weights = {value: 1} if isinstance(value, str) else value
        if (
            not isinstance(weights, dict)
            or not weights
            or not all(
                isinstance(name, str)
                and isinstance(weight, int | float)
                and not isinstance(weight, bool)
                and 0 < weight < float("inf")
                for name, weight in weights.items()
            )
        ):
            raise ValueError(
                "should be loss, TASK.METRIC, or a mapping of these to weights above 0, such as "
                "{digit.accuracy: 2, loss: 1}"
            )
        return value
