"""The baselines of a run: which there are, which trainings they take, and why one would be the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torso.core.spec import Spec
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.studies.variants import Variant

__all__ = ["MAJORITY", "PLAIN", "PlannedBaseline", "planned_baselines"]

MAJORITY, PLAIN, CONCAT, SINGLE = "majority", "plain", "concat", "single-tasks"


@dataclass(frozen=True)
class PlannedBaseline:
    """A baseline before it is trained.

    Attributes:
        name: of the baseline.
        words: noun phrase for sentences, such as `the plain half alone`.
        variants: trainings whose answers it gives, each some of the tasks; none: the run itself knows it.
        skipped: why it is none; empty where it is one.
    """

    name: str
    words: str
    variants: Sequence[Variant] = ()
    skipped: str = ""


def planned_baselines(prepared: Prepared, held_out: HeldOut | None) -> list[PlannedBaseline]:
    """Return the baselines of the run that the settings of a preparation give.

    Args:
        prepared: of the run.
        held_out: its answers, with those of its plain models; None: not known.
    """
    return [
        PlannedBaseline(MAJORITY, "the answer without inputs"),
        _plain(held_out),
        *_modalities(prepared),
        _concat(prepared),
        _single_tasks(prepared),
    ]


def _plain(held_out: HeldOut | None) -> PlannedBaseline:
    """The plain half is the run's own; without any, it is fitted beside a network of one epoch, which is dropped."""
    words = "the plain half alone"
    if held_out is not None and held_out.plain:
        return PlannedBaseline(PLAIN, words)
    learnt = {"blend": "auto", "training.epochs": 1}
    return PlannedBaseline(PLAIN, words, [Variant(PLAIN, learnt)])


def _modalities(prepared: Prepared) -> list[PlannedBaseline]:
    modalities = prepared.schema.modalities
    if len(modalities) == 1:
        (name,) = modalities
        return [
            PlannedBaseline(
                f"input-{name}",
                f"{name} alone",
                (),
                "the run has one modality: it alone is the run itself",
            )
        ]
    return [
        PlannedBaseline(
            f"input-{name}",
            f"{name} alone",
            [Variant(f"input-{name}", inputs=list(modality.columns))],
        )
        for name, modality in modalities.items()
    ]


def _concat(prepared: Prepared) -> PlannedBaseline:
    words = "concat with equal weights"
    config = prepared.config
    own = Spec.parse(config.fusion).name, Spec.parse(config.balancing).name
    if own == ("concat", "equal") and not config.modality_heads:
        why = "the run itself is that: fusion concat, equal weights"
        return PlannedBaseline(CONCAT, words, (), why)
    settings = {"fusion": "concat", "balancing": "equal", "modality_heads": False}
    return PlannedBaseline(CONCAT, words, [Variant(CONCAT, settings)])


def _single_tasks(prepared: Prepared) -> PlannedBaseline:
    words, tasks = "one model per task", prepared.schema.targets
    if len(tasks) == 1:
        return PlannedBaseline(SINGLE, words, (), "the run has one task: it is that model itself")
    return PlannedBaseline(
        SINGLE, words, [Variant(f"task-{task}", targets=[task]) for task in tasks]
    )
