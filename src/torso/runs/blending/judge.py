"""The verdict on a trained model: its plain half fitted and blended with it, and the scores of both on kept rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np

from torso.columns.loader import Loader
from torso.columns.splits import group_ids
from torso.evaluation.bootstrap import units_of
from torso.evaluation.report import TaskReport
from torso.model.model import Model
from torso.plain.blend import PlainHalf, blended_outputs, calibrate_blend
from torso.plain.patterns import met
from torso.plain.pooling import Floats
from torso.runs.blending.half import FittedHalf, blend, fit_half, tested
from torso.runs.folder.stored_split import column_digests
from torso.runs.networks.folds import Folds
from torso.runs.networks.network import EVALUATED
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.report.deciding import chosen_decisions, decided, decision_reports
from torso.runs.report.decision_report import DecisionReport
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.report import BlendReport
from torso.runs.report.scoring import Scorer
from torso.runs.settings.config import RunConfig
from torso.tasks import Answered, Decision, Details, compare_tasks
from torso.training import Answers, Listener, Prediction, answer

__all__ = ["Judge", "Judged"]


@dataclass(frozen=True, eq=False)
class Judged:
    """Verdict on a trained model.

    Attributes:
        split: part of the rows that the scores are about.
        tasks: task -> its scores.
        blend: task -> network and plain models, each alone and together.
        plain: models beside the network; None without any.
        decisions: task -> its thresholds, where it has any.
        decided: task -> what they gain.
        held_out: the rows that the scores are about, with answers and truths.
    """

    split: str
    tasks: Mapping[str, TaskReport]
    blend: Mapping[str, BlendReport] = field(default_factory=dict)
    plain: PlainHalf | None = None
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    decided: Mapping[str, DecisionReport] = field(default_factory=dict)
    held_out: HeldOut | None = None


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges a trained model on the test rows, or on the validation rows without any.

    Attributes:
        prepared: the rows.
        config: complete.
        trained: its heads calibrated for the network alone.
    """

    prepared: Prepared
    config: RunConfig
    trained: Folds

    @property
    def split(self) -> str:
        """Part of the rows that is judged: the held-out rows are called validation, with several folds too."""
        return "test" if len(self.trained.parts["test"].rows) else "validation"

    @property
    def model(self) -> Model:
        """The network."""
        return self.trained.model

    def judge(self, listener: Listener, fitted: FittedHalf | None = None) -> Judged:
        """Return the verdict; the heads are calibrated for the blend afterwards.

        Args:
            listener: is told of plain models that are left out.
            fitted: plain models that were fitted before; None: they are fitted now.
        """
        self.model.eval()
        part, answers = self._judged()
        alone = answers.predictions(self.model)
        if fitted is None:
            fitted = fit_half(self.prepared, self.config, self.trained.heads, listener)
        if fitted is None or not fitted.half.tasks:
            decisions = self._decisions(self.trained.held_out, listener)
            return self._verdict(part, alone, decisions, listener)
        half = blend(fitted, self.trained, listener)
        said = self._plain(fitted)
        known = None
        if self.split == "test":
            known = met(part.dataset.sources, part.rows, half.patterns)
        together = self._blended(half, answers, said, known).predictions(self.model)
        held_out = self.trained.held_out, fitted.held_out(self.trained)
        decisions = self._decisions(self._blended(half, *held_out), listener)
        plain = self._plain_alone(half, fitted, answers, said)
        parts = [decided(self.prepared.schema, decisions, own) for own in (together, alone, plain)]
        reports = {
            task: self._compared(part, half, task, [own[task] for own in parts])
            for task in half.tasks
        }
        verdict = self._verdict(part, together, decisions, listener)
        assert verdict.held_out is not None
        labels = {task: target[part.rows] for task, target in part.dataset.targets.items()}
        by_plain = self._scorer(decisions).answered(plain, labels)
        kept = replace(verdict.held_out, plain={task: by_plain[task].kept() for task in half.tasks})
        return replace(verdict, blend=reports, plain=half, held_out=kept)

    def _judged(self) -> tuple[Rows, Answers]:
        """Return the judged rows, and the network's answers to them: out of fold where there are no test rows."""
        part = self.trained.parts[self.split]
        if self.split == "test":
            loader = Loader(part.dataset, part.rows, batch_size=EVALUATED)
            return part, answer(self.model, loader, self.config.training.precision)
        if self.trained.networks > 1:
            rows = [self.prepared.parts[name].rows for name in ("training", "validation")]
            part = replace(part, rows=np.concatenate(rows)[self.trained.kept])
        return part, self.trained.held_out

    def _plain(self, fitted: FittedHalf) -> Mapping[str, Floats]:
        """Return the plain statements about the judged rows: out of fold where they were learnt from."""
        if self.split == "validation":
            return fitted.held_out(self.trained)
        said = tested(fitted, self.prepared, self.config).tested
        assert said is not None
        return said

    def _blended(
        self,
        half: PlainHalf,
        answers: Answers,
        said: Mapping[str, Floats],
        known: np.ndarray | None = None,
    ) -> Answers:
        """Return the answers of network and plain models together; rows that are not `known` are the network's."""
        outputs = dict(answers.outputs)
        for name, task in half.tasks.items():
            if task.blends:
                head = self.model.heads[name]
                outputs[name] = blended_outputs(task, head, outputs[name], said[name], known)
        return replace(answers, outputs=outputs)

    def _decisions(self, held_out: Answers, listener: Listener) -> dict[str, Decision]:
        """Return the thresholds that held-out rows choose, or that the settings say."""
        schema = self.prepared.schema
        if not any(kind.decide_by or kind.threshold for kind in schema.targets.values()):
            return {}
        labels = {task: own.numpy() for task, own in held_out.targets.items()}
        return chosen_decisions(schema, held_out.predictions(self.model), labels, listener)

    def _plain_alone(
        self, half: PlainHalf, fitted: FittedHalf, answers: Answers, said: Mapping[str, Floats]
    ) -> dict[str, Prediction]:
        """Return the predictions of the plain models alone, calibrated on held-out rows."""
        state = deepcopy(self.model.heads.state_dict())
        outputs = dict(answers.outputs)
        held_out = fitted.held_out(self.trained)
        for name, task in half.tasks.items():
            only = replace(task, share=1.0, constant=0.0)
            head = self.model.heads[name]
            calibrate_blend(
                only,
                head,
                self.trained.held_out.outputs[name],
                held_out[name],
                self.trained.held_out.targets[name],
            )
            outputs[name] = blended_outputs(only, head, outputs[name], said[name])
        predictions = replace(answers, outputs=outputs).predictions(self.model)
        self.model.heads.load_state_dict(state)
        return predictions

    def _compared(
        self, part: Rows, half: PlainHalf, task: str, predictions: Sequence[Prediction]
    ) -> BlendReport:
        """Compare the blend, the network and the plain models."""
        kind = self.prepared.schema.targets[task]
        labels = part.dataset.targets[task][part.rows]
        truth = kind.compared(labels)
        baseline = self.prepared.baselines[task]
        level = self.model.heads[task].level
        groups = group_ids(part.table, self.config.data.split.group)
        comparison = compare_tasks(
            kind.kind,
            [
                Answered(
                    kind.compared_answers(prediction.value),
                    Details(kind.compared_details(prediction.details, labels), level),
                )
                for prediction in predictions
            ],
            truth,
            baseline,
            groups=None if groups is None else groups[part.rows],
            seed=self.config.seed,
        )
        return BlendReport(
            metric=comparison.metric,
            share=half.tasks[task].share,
            constant=half.tasks[task].constant,
            weights=half.tasks[task].weights_by_kind,
            network=comparison.values[1],
            plain=comparison.values[2],
            over_network=comparison.over[0],
            over_plain=comparison.over[1],
        )

    def _verdict(
        self,
        part: Rows,
        predictions: Mapping[str, Prediction],
        decisions: Mapping[str, Decision],
        listener: Listener,
    ) -> Judged:
        """Return the scores of answers by thresholds, and the gain of these."""
        schema, seed, scorer = self.prepared.schema, self.config.seed, self._scorer(decisions)
        groups = group_ids(part.table, self.config.data.split.group)
        groups = None if groups is None else groups[part.rows]
        labels = {task: target[part.rows] for task, target in part.dataset.targets.items()}
        answers = scorer.answered(predictions, labels)
        tasks = scorer.scored(answers, groups=groups)
        for note in scorer.notes():
            listener.noted(note)
        return Judged(
            self.split,
            tasks,
            decisions=decisions,
            decided=decision_reports(schema, decisions, (predictions, labels, groups), seed),
            held_out=self._held_out(part, answers, groups),
        )

    def _scorer(self, decisions: Mapping[str, Decision]) -> Scorer:
        baselines, seed = self.prepared.baselines, self.config.seed
        return Scorer(self.prepared.schema, self.model, baselines, seed, decisions)

    def _held_out(
        self, part: Rows, answers: Mapping[str, TaskAnswers], groups: np.ndarray | None
    ) -> HeldOut:
        """Return the judged rows as a run keeps them."""
        same = part.table is self.prepared.parts["training"].table
        return HeldOut(
            self.split,
            part.rows,
            part.table.rows,
            {task: own.kept() for task, own in answers.items()},
            None if groups is None else units_of(groups),
            HeldOut.presence(part.dataset, part.rows),
            self.prepared.split.digests if same else column_digests(part.table),
        )
