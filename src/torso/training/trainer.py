"""The training loop: optimizer and schedule, clipping, early stopping on held-out loss, best weights kept.

Heads are calibrated before an epoch is judged (`calibration.py`), and are kept so with the best weights.
The trainer hands the losses to a balancer and never asks it for its name. Nothing in a step waits for the
device: losses are summed there and come back when the epoch ends. Ctrl-C ends the training cleanly, with the
best weights so far, and so does a loss that is NaN or infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

import torch
from torch import Tensor

from torso.balancing import Balancer
from torso.columns.loader import Loader
from torso.core.errors import ConfigError, Diverged, RunError, StepError
from torso.core.types import Batch
from torso.model.model import Model
from torso.training.answers import Answers, answer
from torso.training.average import Average
from torso.training.best import Best
from torso.training.calibration import refitted_heads
from torso.training.checkpoint import Checkpoint
from torso.training.config import TrainingConfig
from torso.training.devices import autocast
from torso.training.divergence import in_run
from torso.training.gradient_shares import NOTE_EPOCH, evaluated, gradient_shares, quiet_tasks
from torso.training.held_out import check_held_out, nothing_learnt
from torso.training.listeners import BUDGET_SPENT, Epoch, Listener, answer_to
from torso.training.looking import GradientLooks, above_encoders
from torso.training.micro_batches import MicroBatches
from torso.training.mixup import Mix
from torso.training.monitor import GradientMonitor
from torso.training.parameter_groups import parameter_groups
from torso.training.state import TrainingState
from torso.training.stepping import Stepper
from torso.training.strategies import SingleProcess, Strategy

__all__ = ["Trainer"]

Measure = Callable[[Model, Answers], Mapping[str, Mapping[str, float]]]

ALL_EPOCHS = "all epochs"
NO_BETTER = "no better held-out loss"
INTERRUPTED = "interrupted"
DIVERGED = "diverged"


class Trainer:
    """Trains a model on a loader's batches.

    Args:
        model: on its device already.
        balancer: of the model's losses, in their order.
        training: training batches.
        validation: held-out batches; they decide when to stop and which weights are best.
        config: how to train; default: `TrainingConfig()`. `average: null` means none here; batch size, hidden
            modalities and device are those of the loader and the model.
        listener: receives the events; it may end the training.
        measure: returns validation metrics per task, for the log.
        checkpoint: is written after each epoch; None for none.
        strategy: how several processes work together; default: there is one.

    Raises:
        ConfigError: a loader serves another process than the strategy says.
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
        checkpoint: Checkpoint | None = None,
        strategy: Strategy | None = None,
    ) -> None:
        self.model = model
        self.balancer = balancer
        self.training = training
        self.validation = validation
        self.config = config = config or TrainingConfig()
        self.strategy = strategy or SingleProcess()
        self.listener = (listener if self.strategy.is_main else None) or Listener()
        self.measure = measure or (lambda model, answers: {})  # noqa: ARG005
        self.checkpoint = checkpoint
        self.device = next(model.parameters()).device
        self._check_loaders()
        self.strategy.prepare(model, balancer)
        if config.micro_batch is not None:  # processes may have other numbers of pieces
            self.strategy.release(model)
        self.shared = [p for p in model.shared_parameters() if p.requires_grad]
        shared = {id(parameter) for parameter in self.shared}
        # Walking through the modules in every step costs more than the clipping itself.
        self.trained = [p for p in model.parameters() if p.requires_grad]
        self.own = [p for p in self.trained if id(p) not in shared]
        alone = self.strategy.world == 1
        self.micro = MicroBatches(model, config.micro_batch, self.listener, alone=alone)
        self.monitor = GradientMonitor(balancer)
        balancer.watch(model.encoder_parameters())
        groups = parameter_groups(model, balancer, config)
        self.stepper = Stepper(groups, config, len(training))
        self.optimizer, self.schedule = self.stepper.optimizer, self.stepper.schedule
        meeting = above_encoders(self.shared, model.encoder_parameters())
        self.looks = GradientLooks(
            [*model.tasks], meeting, self.optimizer, config.looks, balancer.group
        )
        self.average = Average(model, config.average or 0.0)
        self.kept = Best(model, of_tasks=config.select == "tasks")
        self.state = TrainingState(model, balancer, self.average, self.stepper, self.strategy)
        self.epoch = 0
        self._saved = 0  # the epoch of the checkpoint
        self.reason = ""

    def _check_loaders(self) -> None:
        here = (self.strategy.rank, self.strategy.world)
        for loader in (self.training, self.validation):
            if loader.process != here:
                raise ConfigError(
                    f"The strategy is process {here[0]} of {here[1]}, a loader is process {loader.process[0]} of "
                    f"{loader.process[1]}. Pass `process={here}` to the loader."
                )

    @property
    def resumable(self) -> bool:
        """True if a run ended before its time: it was interrupted or diverged, or a listener stopped it."""
        return self.reason not in ("", ALL_EPOCHS, NO_BETTER, BUDGET_SPENT)

    def run(self, *, resume: bool = False) -> str:
        """Train, put the best weights into the model, and return why the training ended.

        Args:
            resume: go on from the checkpoint.

        Raises:
            Diverged: a loss is NaN or infinite before there are any best weights.
            ConfigError: no validation row has a label, or there is no folder to resume from.
            RunError: the folder holds no whole checkpoint of this model, or it ended before anything was learnt.
        """
        if resume:
            self._resume()
        try:
            self.listener.started(self.config.epochs, len(self.training))
            for sentence in self.stepper.notes():
                self.listener.noted(sentence)
            with self.strategy.stopping():
                self._epochs()
        except KeyboardInterrupt:
            self.reason = INTERRUPTED
            if self.kept.epoch > self._saved:  # it came between the two
                self._save()
        except Diverged as error:
            if not self.kept.epoch:
                raise
            self.reason = DIVERGED
            self.listener.noted(
                f"Diverged. {error} The weights of epoch {self.kept.epoch} are kept."
            )
        self.listener.ended(self.reason)
        if not self.kept.epoch:
            raise RunError(nothing_learnt(self.reason, interrupted=self.reason == INTERRUPTED))
        if (note := self.kept.settle(self._calibrated_losses)) is not None:
            self.listener.noted(note)
        self.strategy.release(self.model)
        return self.reason

    def _calibrated_losses(self) -> dict[str, float]:
        """Return task -> held-out loss of the weights as they are, their heads calibrated."""
        answers = self.answers()
        with refitted_heads(self.model, answers):
            return self.strategy.agreed(answers.losses(self.model))

    def answers(self) -> Answers:
        """Return the answers to all held-out rows, in their order."""
        mine = answer(self.model, self.validation, self.config.precision)
        return self.strategy.gather(mine, self.validation.positions())

    def _epochs(self) -> None:
        while not self.reason:
            if self.epoch >= self.config.epochs:
                self.reason = ALL_EPOCHS
            elif self.epoch - self.kept.epoch >= self.config.patience:
                self.reason = NO_BETTER
            else:
                self.reason = self._one_epoch()
                self._note_quiet_tasks()

    def _one_epoch(self) -> str:
        """Train and validate; return why the training shall end, or an empty text."""
        self.epoch += 1
        began = perf_counter()
        training = self._train()
        self.balancer.held_out(self._held_out)
        self.balancer.end_epoch()
        seconds = perf_counter() - began
        overhead, conflicts = self.monitor.end_epoch(seconds)
        validation, metrics, best = self._validate()
        self._save()
        return self._tell(
            Epoch(
                number=self.epoch,
                training=training,
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

    def _tell(self, epoch: Epoch) -> str:
        """Tell the listener of an epoch; return its reason to stop, in every process, or an empty text."""
        stop = answer_to(self.listener, epoch)
        if not self.strategy.any(stop is not None):
            return ""
        return stop.reason if stop is not None else "stopped by a listener"

    def _train(self) -> dict[str, float]:
        """Take a step on every batch; return loss name -> mean over the labelled rows."""
        totals = torch.zeros(2, len(self.model.loss_names), device=self.device)
        self.model.train()
        with self.stepper.moving():
            for number, batch in enumerate(self.training, start=1):
                mine, counts, losses = self._numbered_step(number, batch.to(self.device))
                if (look := self.monitor.newest(self.epoch, number, losses)) is not None:
                    self.listener.looked(look)
                if (look := self.looks.newest(self.epoch, number, losses)) is not None:
                    self.listener.looked(look)
                totals += torch.stack([mine * counts, counts])
                self.listener.batch_done(self.epoch, number)
        totals = self.strategy.total(totals).cpu()
        means = (totals[0] / totals[1].clamp(min=1e-12)).tolist()
        return dict(zip(self.model.loss_names, means, strict=True))

    def _numbered_step(self, number: int, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Take one step; an error says when, and which rows."""
        when = f"Epoch {self.epoch}, batch {number}"
        try:
            return self.micro.step(lambda: self._step(batch), len(batch), when)
        except StepError as error:
            raise in_run(error, self.model, batch, when, self.strategy) from error

    def _step(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Take one step; return this process's losses and labelled rows, and all processes' losses, `[losses]` each."""
        self.optimizer.zero_grad(set_to_none=True)
        mix = Mix.draw(self.config.mixup, len(batch))
        mine, counts, representation = self._losses(batch, mix)
        losses, labelled = self.strategy.reduce(mine, counts)
        self.looks.see(losses, labelled)
        self.balancer.backward(
            losses, self.shared, labelled, own=self.own, representation=representation
        )
        self.stepper.step(self.trained)
        self.average.update(self.stepper.steps)
        self.balancer.after_step(lambda: self._losses_again(batch, mix))
        return mine.detach(), counts, losses.detach()

    def _losses_again(self, batch: Batch, mix: Mix | None) -> Tensor:
        losses, counts, _ = self._losses(batch, mix)
        return self.strategy.reduce(losses, counts)[0].detach()

    def _losses(self, batch: Batch, mix: Mix | None = None) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return this process's losses, its labelled rows, and the tokens that several losses read."""
        with autocast(self.device, self.config.precision):
            encoded = self.micro.encode(batch.inputs)
            if mix is not None:
                encoded, mix = mix.tokens(encoded)
            fused = self.model.fuse(encoded)
            outputs = {
                **self.model.apply_heads(fused, encoded),
                **self.model.unimodal_outputs(encoded),
            }
        weights = batch.weights if self.model.training else None
        losses, counts = self.model.losses(outputs, batch.targets, encoded.present, weights)
        if mix is not None:
            present = encoded.present
            losses = mix.losses(self.model, losses, outputs, batch.targets, present, weights)
        return losses, counts, self.model.representation(encoded, fused)

    def _held_out(self) -> Tensor:
        """Return the mean losses on the validation rows, `[losses]`; NaN for one without labels."""
        totals = torch.zeros(2, len(self.model.loss_names), device=self.device)
        self.model.eval()
        with torch.no_grad():
            for batch in self.validation:
                losses, counts, _ = self._losses(batch.to(self.device))
                totals += torch.stack([losses * counts, counts])
        self.model.train()
        totals = self.strategy.total(totals).cpu()
        return totals[0] / totals[1]

    def _validate(self) -> tuple[dict[str, float], Mapping[str, Mapping[str, float]], bool]:
        """Return the held-out losses and metrics of calibrated heads, and True if they are the best so far."""
        with self.average.shown():
            answers = self.answers()
            with refitted_heads(self.model, answers):
                losses = self.strategy.agreed(answers.losses(self.model))
                rows = torch.from_numpy(self.validation.rows)
                check_held_out(self.model, losses, answers, rows, self.epoch)
                metrics = self.measure(self.model, answers)  # the choice may go by it
                return losses, metrics, self.kept.look(losses, self.epoch)

    def _note_quiet_tasks(self) -> None:
        """Note once which tasks hardly shape the shared parameters. Held-out rows tell; the training is as without."""
        if self.epoch != NOTE_EPOCH or not self.balancer.constant or self.model.unimodal:
            return
        weights = self.balancer.task_weights()
        if len(weights) < 2 or not self.shared:
            return
        with evaluated(self.model):
            batches = (self._losses(batch.to(self.device))[:2] for batch in self.validation)
            losses = (self.strategy.reduce(*batch)[0] for batch in batches)
            shares = gradient_shares(losses, self.shared, [*weights.values()], self.balancer.group)
        if (note := quiet_tasks(dict(zip(weights, shares, strict=True)))) is not None:
            self.listener.noted(note)

    def _save(self) -> None:
        self.state.save(self.checkpoint, self.kept, self.epoch)
        self._saved = self.epoch

    def _resume(self) -> None:
        self.epoch = self._saved = self.state.restore(self.checkpoint, self.kept)
        self.training.passes = self.epoch
