"""One network: built, trained on one part of the rows, calibrated on another that it has not learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter

import torch

from torso.balancing import Balancer
from torso.columns.loader import Loader
from torso.model.low_rank import merge_adapters
from torso.model.model import Model
from torso.runs.build import build_balancer, build_model
from torso.runs.networks.monitor import Monitor, MonitoredBest
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.processes.team import Job, strategy_for
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.training import (
    Answers,
    Epoch,
    Listener,
    Listeners,
    Stop,
    Trainer,
    answer,
    choose_device,
    run_frozen_once,
    shows_views,
)
from torso.training.best import Newest
from torso.training.checkpoint import Checkpoint
from torso.training.config import LOSS
from torso.training.listeners import BUDGET_SPENT
from torso.training.strategies import Strategy
from torso.training.threads import operator_threads, suited_threads

__all__ = ["EVALUATED", "Network", "train_network"]

EVALUATED = 256
"""Rows that the model sees at once where nothing is learned."""


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network.

    Attributes:
        model: with the best weights, its heads calibrated.
        trainer: knows how the training went.
        parts: the rows, frozen encoders run.
        held_out: answers to the validation rows, with their targets.
        preparing: seconds before the first step.
        training: seconds of the training.
    """

    model: Model
    trainer: Trainer
    parts: Mapping[str, Rows]
    held_out: Answers
    preparing: float
    training: float


def train_network(
    prepared: Prepared,
    config: RunConfig,
    listener: Listener,
    checkpoint: Checkpoint | None = None,
    *,
    resume: bool = False,
    last_epoch: int | None = None,
) -> Network:
    """Train and calibrate one network. The caller has seeded torch.

    Args:
        prepared: the rows.
        config: complete.
        listener: is told what happens.
        checkpoint: keeps the state after each epoch; None for none.
        resume: go on from the checkpoint.
        last_epoch: whose weights are kept, whatever the held-out loss; None for the best epoch's.
    """
    with strategy_for(Job(prepared, config, resume, last_epoch)) as strategy:
        began = perf_counter()
        network = _Untrained.built(prepared, config, listener, strategy)
        trainer = network.trainer(listener, checkpoint, last_epoch)
        ready = perf_counter()
        threads = config.training.threads or max(
            1, suited_threads(network.model, trainer.training) // strategy.world
        )
        with operator_threads(threads):
            trainer.run(resume=resume)
        if isinstance(trainer.kept, MonitoredBest):
            listener.noted(trainer.kept.told())
        trained = perf_counter()
        held_out = _calibrate(network.model, trainer)
        merge_adapters(network.model)
        seconds = (ready - began, trained - ready)
        return Network(network.model, trainer, network.parts, held_out, *seconds)


@dataclass(frozen=True, eq=False)
class _Untrained:
    """A network before its first step.

    Attributes:
        schema: of the rows.
        config: complete.
        model: on its device.
        balancer: of its losses.
        parts: the rows, frozen encoders run.
        strategy: knows the processes that train it.
    """

    schema: Schema
    config: RunConfig
    model: Model
    balancer: Balancer
    parts: Mapping[str, Rows]
    strategy: Strategy

    @classmethod
    def built(
        cls, prepared: Prepared, config: RunConfig, listener: Listener, strategy: Strategy
    ) -> _Untrained:
        """Build the network, and run its frozen encoders."""
        device = choose_device(config.training.device)
        model = build_model(config, prepared.schema).to(device)
        if prepared.start is not None:
            prepared.start.begin(model, config, prepared.schema)
        balancer = build_balancer(config, model).to(device)
        with _first_of(strategy, when=prepared.cache is not None):
            parts = _encoded(prepared, model, config.training.precision, listener)
        _learn_sizes(model, parts["training"])
        return cls(prepared.schema, config, model, balancer, parts, strategy)

    def trainer(
        self, listener: Listener, checkpoint: Checkpoint | None, last_epoch: int | None
    ) -> Trainer:
        """Return the trainer, which judges epochs by the config's monitor."""
        settings, model = self.config.training, self.model
        monitor = Monitor(self.schema, settings.monitor)
        self._tell_rivals(listener)
        trainer = Trainer(
            model,
            self.balancer,
            *self._loaders(),
            settings,
            listener if last_epoch is None else Listeners([listener, _Until(last_epoch)]),
            monitor.measure,
            checkpoint,
            self.strategy,
        )
        if last_epoch is not None:
            trainer.kept = Newest(model, of_tasks=False)
        elif settings.monitor != LOSS:
            trainer.kept = MonitoredBest(model, monitor)
        if settings.monitor != LOSS or any(self.schema.metrics.values()):
            monitor.check(model, answer(model, islice(trainer.validation, 1), settings.precision))
        return trainer

    def _tell_rivals(self, listener: Listener) -> None:
        """Tell of tasks whose loss is among the rows of a batch: with several processes, of fewer rows."""
        batch, world = self.config.training.batch_size or 64, self.strategy.world
        among = [name for name, head in self.model.heads.pairs() if head.among_batch]
        if world > 1 and among:
            listener.noted(
                f"{', '.join(map(repr, among))}: a row is found among the {batch // world} rows of its process, not among the "
                f"{batch} of a batch. A larger `training.batch_size` makes up for it."
            )

    def _loaders(self) -> tuple[Loader, Loader]:
        """Return the training batches and the held-out ones."""
        training, validation = self.parts["training"], self.parts["validation"]
        process = (self.strategy.rank, self.strategy.world)
        return (
            Loader(
                training.dataset,
                training.with_any_label(),
                batch_size=self.config.training.batch_size or 64,
                shuffle=True,
                seed=self.config.seed,
                process=process,
            ),
            Loader(validation.dataset, validation.rows, batch_size=EVALUATED, process=process),
        )


@contextmanager
def _first_of(strategy: Strategy, *, when: bool) -> Iterator[None]:
    """Let the main process do the block before the others, which then find its results in the cache."""
    if when and not strategy.is_main:
        strategy.barrier()
    yield
    if when and strategy.is_main:
        strategy.barrier()


class _Until(Listener):
    """Ends a training after an epoch."""

    def __init__(self, last: int) -> None:
        self.last = last

    def epoch_done(self, epoch: Epoch) -> Stop | None:
        return Stop(BUDGET_SPENT) if epoch.number >= self.last else None


def _encoded(
    prepared: Prepared, model: Model, precision: str, listener: Listener
) -> dict[str, Rows]:
    """Return the parts with frozen encoders run once, and training rows in augmented views where these have any."""

    def once(part: Rows, *, views: bool = False) -> Rows:
        dataset = run_frozen_once(
            model,
            part.dataset,
            prepared.cache,
            precision=precision,
            learned=part.rows if views else None,
            listener=listener,
        )
        return replace(part, dataset=dataset)

    training = prepared.parts["training"]
    whole = once(training)
    parts = {"training": once(training, views=True) if shows_views(model) else whole}
    for name in ("validation", "test"):
        part = prepared.parts[name]
        shared = part.dataset is training.dataset  # drawn from the same table
        parts[name] = replace(part, dataset=whole.dataset) if shared else once(part)
    return parts


def _learn_sizes(model: Model, training: Rows) -> None:
    """Let the model learn the usual sizes of files from the training rows."""
    for _, trunk in model.trunks.pairs():
        for name, embedding in trunk.sizes.pairs():
            embedding.learn(torch.from_numpy(training.dataset.sizes[name].values[training.rows]))


def _calibrate(model: Model, trainer: Trainer) -> Answers:
    """Calibrate the heads on held-out rows: temperatures, spreads. Return the answers to these rows."""
    held_out = trainer.answers()
    for task, head in model.heads.pairs():
        head.cpu().calibrate(held_out.outputs[task], held_out.targets[task])
        head.to(trainer.device)
    return held_out
