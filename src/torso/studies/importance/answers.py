"""The whole answers of a run, network and plain models, to rows whose cells are exchanged or hidden.

An encoder that reads one column runs once on each row; what is exchanged then are its tokens. Only encoders of several
columns, which are those of numbers, categories and names, run again where some of their columns change.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.columns.loader import features_of
from torso.columns.sources import Source
from torso.core.tensors import Named
from torso.core.types import Features, Tokens
from torso.model.ensemble import Ensemble
from torso.model.model import Model
from torso.model.trunk import Encoded
from torso.plain.flat._flattener import Measured
from torso.plain.patterns import met
from torso.runs.predicting.prediction import row_ranges
from torso.runs.predicting.predictor import Predictor
from torso.studies.importance.exchanged import Cells, Exchanged, Layout, taken
from torso.tables.table import Table
from torso.tasks import Head
from torso.training import Answers, Prediction, autocast, encode_frozen
from torso.training.answers import on_cpu

__all__ = ["WholeAnswers"]

_BATCH = 512
_MOST_BYTES = 1 << 30
"""Of the tokens of one modality that are kept; beyond it, its encoders run again."""


class WholeAnswers:
    """Answers of a run to rows made from the cells of a table.

    Args:
        predictor: the run.
        table: has all its inputs.
        dataset: the table laid out.
        layout: columns of its modalities.
    """

    def __init__(
        self, predictor: Predictor, table: Table, dataset: Dataset, layout: Layout
    ) -> None:
        self.predictor = predictor
        self.layout = layout
        self.precision = predictor.config.training.precision
        self.dataset = encode_frozen(predictor.model, dataset, self.precision)
        model, half = predictor.model, predictor.plain
        members = [*model.members] if isinstance(model, Ensemble) else [model]
        self._networks = [
            _Network(member, self.dataset, self.precision)
            for member in members
            if isinstance(member, Model)
        ]
        self._written = {
            name: predictor.schema.column(table, name)
            for name in (half.view.written if half else ())
        }
        self._known: dict[tuple[str, bool], Measured] | None = None
        self.unchanged: Cells = dict.fromkeys(predictor.schema.inputs, np.arange(dataset.rows))

    @property
    def heads(self) -> Named[Head]:
        """Heads of the tasks."""
        return self.predictor.model.heads

    def outputs(self, cells: Cells) -> dict[str, Tensor]:
        """Return task -> raw outputs of its head to the rows that `cells` describe."""
        rows = self.layout.exchanged(self.dataset, cells)
        network = self._network_outputs(rows)
        half = self.predictor.plain
        if half is None:
            return network
        columns = {name: taken(column, cells[name]) for name, column in self._written.items()}
        flat = half.view.flat(columns, rows.sources, known=self._measured(rows.sources))
        known = met(rows.sources, np.arange(rows.rows), half.patterns)
        return half.outputs(dict(self.heads.pairs()), network, flat, known)

    def predictions(
        self, outputs: Mapping[str, Tensor], targets: Mapping[str, np.ndarray]
    ) -> dict[str, Prediction]:
        """Return task -> predictions, with the log-likelihood of the targets where a head has one."""
        labels = {task: torch.from_numpy(target) for task, target in targets.items()}
        return Answers(dict(outputs), labels).predictions(self.predictor.model)

    def _measured(self, sources: Mapping[str, Source]) -> dict[tuple[str, bool], Measured]:
        """Return measurements of rows that take their cells from others, from those of the others."""
        assert self.predictor.plain is not None
        if self._known is None:
            self._known = self.predictor.plain.view.measured(self.dataset.sources)
        known: dict[tuple[str, bool], Measured] = {}
        for key, arrays in self._known.items():
            source = sources[key[0]]
            if isinstance(source, Exchanged) and source.donors.ndim == 1:
                own = tuple(array[source.donors] for array in arrays)
                for array in own:
                    array[source.donors < 0] = np.nan
                known[key] = own
        return known

    def _network_outputs(self, rows: Dataset) -> dict[str, Tensor]:
        model = self.predictor.model
        device = next(model.parameters()).device
        parts: list[dict[str, Tensor]] = []
        with torch.inference_mode(), autocast(device, self.precision):
            for some in row_ranges(rows.rows, _BATCH):
                said = [network.outputs(rows, some) for network in self._networks]
                parts.append(on_cpu(self._joined(said)))
        return {task: torch.cat([part[task] for part in parts]) for task in model.tasks}

    def _joined(self, said: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """Return the raw outputs of all networks together."""
        model = self.predictor.model
        if not isinstance(model, Ensemble):
            return said[0]
        return {
            task: model.joined(
                task,
                [network.model.heads[task] for network in self._networks],
                [raw[task] for raw in said],
            )
            for task in model.tasks
        }


class _Network:
    """A network that remembers the tokens of its modalities.

    Args:
        model: in evaluation mode.
        dataset: the rows.
        precision: of the operations.
    """

    def __init__(self, model: Model, dataset: Dataset, precision: str) -> None:
        self.model = model
        self._dataset = dataset
        self._precision = precision
        self._kept: dict[str, dict[str, Tokens] | None] = {}

    def outputs(self, rows: Dataset, some: np.ndarray) -> dict[str, Tensor]:
        """Return task -> raw outputs to some of the rows, which take their cells from the dataset's."""
        tokens: dict[str, dict[str, Tokens]] = {name: {} for name in self.model.trunks.names()}
        present: dict[str, Tensor] = {}
        for name, source in rows.sources.items():
            own, there = self._tokens(name, source, rows, some)
            present[name] = there
            for trunk, each in own.items():
                tokens[trunk][name] = each
        return self.model.outputs(Encoded(tokens, present))

    def _tokens(
        self, name: str, source: Source, rows: Dataset, some: np.ndarray
    ) -> tuple[dict[str, Tokens], Tensor]:
        """Return trunk -> tokens of a modality, and where it is present."""
        kept = self._remembered(name)
        if kept is None or not isinstance(source, Exchanged) or source.donors.ndim > 1:
            features = self._on_device(features_of(source, some, rows.sizes.get(name)))
            return self._encoded(name, features), features.present
        donors = source.donors[some]  # -1 is the last row, which lacks the modality
        there = self._dataset.sources[name].present()[donors] & (donors >= 0)
        index = torch.from_numpy(np.ascontiguousarray(donors)).to(self._device)
        index = torch.where(index < 0, len(next(iter(kept.values())).mask) - 1, index)
        chosen = {trunk: Tokens(own.values[index], own.mask[index]) for trunk, own in kept.items()}
        return chosen, torch.from_numpy(there).to(self._device)

    def _remembered(self, name: str) -> dict[str, Tokens] | None:
        """Return trunk -> tokens of all rows and of one without the modality; None if they are too large."""
        if name not in self._kept:
            self._kept[name] = self._of_all_rows(name)
        return self._kept[name]

    def _of_all_rows(self, name: str) -> dict[str, Tokens] | None:
        source, facts = self._dataset.sources[name], self._dataset.sizes.get(name)
        parts: dict[str, list[Tokens]] = {trunk: [] for trunk in self.model.trunks.names()}
        for some in row_ranges(len(source), _BATCH):
            features = self._on_device(features_of(source, some, facts))
            for trunk, tokens in self._encoded(name, features).items():
                parts[trunk].append(tokens)
            size = sum(own[0].values.nbytes for own in parts.values()) / len(some) * len(source)
            if size > _MOST_BYTES:
                return None
        nobody = torch.zeros(1, dtype=torch.bool, device=self._device)
        first = self._on_device(features_of(source, np.zeros(1, np.intp), facts))
        for trunk, tokens in self._encoded(name, first.only(nobody)).items():
            parts[trunk].append(tokens)
        return {trunk: _below(own) for trunk, own in parts.items()}

    def _encoded(self, name: str, features: Features) -> dict[str, Tokens]:
        return {
            label: trunk.tokens_of(name, features) for label, trunk in self.model.trunks.pairs()
        }

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _on_device(self, features: Features) -> Features:
        return features.to(self._device)


def _below(parts: list[Tokens]) -> Tokens:
    """Return tokens of several batches below each other, padded to the longest row."""
    longest = max(tokens.mask.shape[1] for tokens in parts)
    values, masks = [], []
    for tokens in parts:
        more = longest - tokens.mask.shape[1]
        values.append(torch.nn.functional.pad(tokens.values, (0, 0, 0, more)))
        masks.append(torch.nn.functional.pad(tokens.mask, (0, more)))
    return Tokens(torch.cat(values), torch.cat(masks))
