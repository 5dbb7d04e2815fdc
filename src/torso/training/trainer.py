"""The training loop: AdamW, warm-up and cosine, clipping, early stopping on held-out loss, best weights kept.

The held-out loss is that of calibrated heads (`refit.py`), and so are the heads of the best weights.
The loop hands the losses to a balancer and never asks it for its name. Ctrl-C ends the training cleanly:
the best weights so far are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from torso.balancing import Balancer
from torso.columns.loader import Loader
from torso.core.errors import ConfigError
from torso.core.types import Batch
from torso.model.model import Model
from torso.training.answers import Answers, answer
from torso.training.average import Average
from torso.training.calibration import refitted_heads
from torso.training.checkpoint import load_state, read_checkpoint, write_checkpoint
from torso.training.config import TrainingConfig
from torso.training.devices import autocast
from torso.training.gradient_shares import EPOCH, gradient_shares, hearing, unheard
from torso.training.listeners import Epoch, Listener
from torso.training.mixup import Mix
from torso.training.monitor import Looks
from torso.training.schedule import warmup_cosine

__all__ = ["Trainer"]

Measure = Callable[[Model, Answers], Mapping[str, Mapping[str, float]]]


class Trainer:
    """Trains a model on a loader's batches.

    Args:
        model: on its device already.
        balancer: of the model's tasks, in their order.
        training: training batches.
        validation: held-out batches, which decide when to stop and which weights are best.
        config: how to train. What it leaves open (None) is off: no average of the weights; batch size and
            modality dropout are those of `training` and `model`.
        listener: is told what happens.
        measure: validation metrics per task, for the log.
        checkpoint: folder of the checkpoint that is written each epoch; None for none.
    """

    def __init__(
        self,
        model: Model,
        balancer: Balancer,
        training: Loader,
        validation: Loader,
        config: TrainingConfig | None = None,
        listener: Listener | None = None,
        measure: Measure | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        self.model = model
        self.balancer = balancer
        self.training = training
        self.validation = validation
        self.config = config = config or TrainingConfig()
        self.listener = listener or Listener()
        self.measure = measure or (lambda model, answers: {})  # noqa: ARG005
        self.checkpoint = checkpoint
        self.device = next(model.parameters()).device
        self.shared = [p for p in model.shared_parameters() if p.requires_grad]
        serving_all = {id(one) for one in self.shared}
        self.own = [p for p in model.parameters() if p.requires_grad and id(p) not in serving_all]
        self.looks = Looks(balancer)
        balancer.watch(model.encoder_parameters())
        self.optimizer = torch.optim.AdamW(
            _groups(model, balancer, config), lr=config.lr, fused=True
        )
        self.schedule = warmup_cosine(self.optimizer, config.epochs * len(training), config.warmup)
        self.average = Average(model, config.average or 0.0)
        self.best: dict[str, Tensor] = {}
        self.best_loss = math.inf
        self.best_epoch = 0
        self.epoch = 0
        self.reason = ""

    def run(self, *, resume: bool = False) -> str:
        """Train, put the best weights into the model, and return why it ended."""
        if resume:
            self._resume()
        self.listener.started(self.config.epochs, len(self.training))
        try:
            self._epochs()
        except KeyboardInterrupt:
            self.reason = "interrupted"
        if self.best:
            self.model.load_state_dict(self.best)
        self.listener.ended(self.reason)
        return self.reason

    def _epochs(self) -> None:
        while not self.reason:
            if self.epoch >= self.config.epochs:
                self.reason = "all epochs"
            elif self.epoch - self.best_epoch >= self.config.patience:
                self.reason = "no better held-out loss"
            else:
                self._one_epoch()
                self._note_unheard()

    def _one_epoch(self) -> None:
        self.epoch += 1
        began = perf_counter()
        totals = torch.zeros(2, len(self.model.loss_names))
        self.model.train()
        for number, batch in enumerate(self.training, start=1):
            losses, counts = self._step(batch.to(self.device))
            if (look := self.looks.newest(self.epoch, number, losses)) is not None:
                self.listener.looked(look)
            totals += torch.stack([losses * counts, counts]).cpu()
            self.listener.batch_done(self.epoch, number)
        self.balancer.held_out(self._held_out)
        self.balancer.end_epoch()
        seconds = perf_counter() - began
        overhead, conflicts = self.looks.epoch_over(seconds)
        with self.average.shown():
            answers = answer(self.model, self.validation, self.config.precision)
            with refitted_heads(self.model, answers):
                validation = answers.losses(self.model)
                self._check_finite(validation, answers)
                best = self._keep_best(validation)
                metrics = self.measure(self.model, answers)
        means = (totals[0] / totals[1].clamp(min=1)).tolist()
        if self.checkpoint is not None:
            self._save(self.checkpoint)
        self.listener.epoch_done(
            Epoch(
                number=self.epoch,
                training=dict(zip(self.model.loss_names, means, strict=True)),
                validation=validation,
                metrics=metrics,
                weights=self.balancer.task_weights(),
                seconds=seconds,
                waited=self.training.waited,
                rows=len(self.training.rows),
                lr=float(self.schedule.get_last_lr()[0]),
                best=best,
                overhead=overhead,
                conflicts=conflicts,
                mixing=self.model.sharing.mixing(),
            )
        )

    def _note_unheard(self) -> None:
        """Say once which tasks hardly shape what all share; held-out rows tell, and nothing is drawn."""
        if self.epoch != EPOCH or not self.balancer.constant or self.model.unimodal:
            return
        weights = self.balancer.task_weights()
        if len(weights) < 2 or not self.shared:
            return
        with hearing(self.model):
            losses = (self._losses(batch.to(self.device))[0] for batch in self.validation)
            shares = gradient_shares(losses, self.shared, [*weights.values()])
        if (note := unheard(dict(zip(weights, shares, strict=True)))) is not None:
            self.listener.noted(note)

    def _step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Take one step; return the losses `[tasks]` and the labelled rows `[tasks]`."""
        self.optimizer.zero_grad(set_to_none=True)
        mix = Mix.draw(self.config.mixup, len(batch))
        losses, counts, representation = self._losses(batch, mix)
        self.balancer.backward(
            losses, self.shared, counts > 0, own=self.own, representation=representation
        )
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self.schedule.step()
        self.average.update(self.schedule.last_epoch)
        self.balancer.after_step(lambda: self._losses(batch, mix)[0].detach())
        return losses.detach(), counts

    def _losses(self, batch: Batch, mix: Mix | None = None) -> tuple[Tensor, Tensor, list[Tensor]]:
        with autocast(self.device, self.config.precision):
            encoded = self.model.encode(batch.inputs)
            if mix is not None:
                encoded, mix = mix.tokens(encoded)
            fused = self.model.fuse(encoded)
            outputs = {**self.model.decide(fused, encoded), **self.model.alone(encoded)}
        losses, counts = self.model.losses(outputs, batch.targets, encoded.present)
        if mix is not None:
            losses = mix.losses(self.model, losses, outputs, batch.targets, encoded.present)
        return losses, counts, self.model.representation(encoded, fused)

    def _held_out(self) -> Tensor:
        """Return the mean losses on the validation rows, `[losses]`; NaN for one without labels."""
        totals = torch.zeros(2, len(self.model.loss_names))
        self.model.eval()
        with torch.no_grad():
            for batch in self.validation:
                losses, counts, _ = self._losses(batch.to(self.device))
                totals += torch.stack([losses * counts, counts]).cpu()
        self.model.train()
        return totals[0] / totals[1]

    def _check_finite(self, validation: Mapping[str, float], answers: Answers) -> None:
        diverged = [
            task
            for task, head in self.model.heads.pairs()
            if math.isnan(validation[task]) and bool(head.labelled(answers.targets[task]).any())
        ]
        if diverged:
            raise ConfigError(
                f"The held-out loss of {diverged} is NaN after epoch {self.epoch}. Lower `training.lr`."
            )

    def _keep_best(self, validation: Mapping[str, float]) -> bool:
        known = [loss for loss in validation.values() if not math.isnan(loss)]
        if not known:
            raise ConfigError(
                "No validation row has a label, so there is nothing to decide when to stop. Give "
                "`data.split.validation` a larger share."
            )
        loss = sum(known)
        if not loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, self.epoch
        self.best = {
            name: value.detach().clone() for name, value in self.model.state_dict().items()
        }
        return True

    def _save(self, folder: Path) -> None:
        write_checkpoint(
            folder,
            {
                "model": self.model.state_dict(),
                "best": self.best,
                "balancer": self.balancer.state_dict(),
                **({"average": self.average.mean} if self.average.decay else {}),
            },
            self.optimizer,
            {
                "epoch": self.epoch,
                "best_epoch": self.best_epoch,
                "best_loss": self.best_loss,
                "steps": self.schedule.last_epoch,
            },
        )

    def _resume(self) -> None:
        assert self.checkpoint is not None
        names = ["model", "best", "balancer", *(["average"] if self.average.decay else [])]
        states, progress = read_checkpoint(self.checkpoint, names, self.optimizer)
        load_state(self.model, states["model"], self.checkpoint)
        load_state(self.balancer, states["balancer"], self.checkpoint)
        self.average.restore(states.get("average", {}))
        self.best = states["best"]
        self.epoch, self.best_epoch = progress["epoch"], progress["best_epoch"]
        self.best_loss = progress["best_loss"]
        self.training.passes = self.epoch
        self.schedule.last_epoch = progress["steps"]
        for group, rate in zip(self.optimizer.param_groups, self._rates(), strict=True):
            group["lr"] = rate

    def _rates(self) -> list[float]:
        step = self.schedule.last_epoch
        pairs = zip(self.schedule.base_lrs, self.schedule.lr_lambdas, strict=True)
        return [float(base * factor(step)) for base, factor in pairs]


def _groups(model: Model, balancer: Balancer, config: TrainingConfig) -> list[dict[str, Any]]:
    """Decay matrices only: not biases, norms, embeddings of one dimension, nor a balancer's own state.

    The first group follows the training's rate; encoders with a learning rate of their own come last.
    """
    own = {id(parameter): rate for parameter, rate in model.own_rates()}
    trained = [p for p in model.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = []
    for rate in [None, *dict.fromkeys(own.values())]:
        here = [p for p in trained if own.get(id(p)) == rate]
        for decay, params in (
            (config.weight_decay, [p for p in here if p.ndim > 1]),
            (0.0, [p for p in here if p.ndim <= 1]),
        ):
            groups.append({"params": params, "lr": rate or config.lr, "weight_decay": decay})
    state = {"params": list(balancer.parameters()), "lr": config.lr, "weight_decay": 0.0}
    groups.insert(2, state)
    return [group for group in groups if group["params"]]
