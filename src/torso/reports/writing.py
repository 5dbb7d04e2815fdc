"""From runs to a file of HTML, and files with the data of its charts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from torso.core.errors import ConfigError
from torso.core.notes import warn
from torso.core.whole_files import json_text, write_whole
from torso.reports.context import Context, Figure
from torso.reports.material import material_of, named_apart
from torso.reports.page import page
from torso.reports.words import Words
from torso.runs.predicting.predictor import Predictor

__all__ = ["HtmlReport", "html_report", "write_report"]

Runs = str | Path | Predictor | Sequence[str | Path | Predictor]


@dataclass(frozen=True)
class HtmlReport:
    """A report that is written nowhere yet.

    Attributes:
        html: the page.
        figures: data behind its charts.
        notes: what the page leaves out, in sentences.
    """

    html: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def save(self, out: str | Path, data: str | Path | None = None) -> Path:
        """Write the page, and the data of each chart as CSV and JSON.

        Args:
            out: file for the page.
            data: folder for the data; None: none are written.
        """
        file = Path(out).expanduser()
        if file.is_dir():
            raise ConfigError(
                f"`out` should be a file. Found the folder {str(out)!r}. Say: {str(file / 'report.html')!r}."
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, self.html)
        if data is not None:
            folder = Path(data).expanduser()
            folder.mkdir(parents=True, exist_ok=True)
            for figure in self.figures:
                write_whole(folder / f"{figure.name}.csv", _csv(figure))
                write_whole(folder / f"{figure.name}.json", json_text(figure.records(), indent=1))
        return file


def write_report(
    runs: Runs,
    out: str | Path = "report.html",
    *,
    lang: str = "en",
    data: str | Path | None = None,
    table: object = None,
) -> Path:
    """Write one HTML file that shows runs: scores, curves, studies, config. It opens anywhere, without a network.

    >>> import tempfile, torso
    >>> table = {"size": [k % 7 for k in range(60)], "big": [k % 7 > 3 for k in range(60)]}
    >>> run = torso.fit(table, ["big"], quality="fast", settings={"training.epochs": 1, "dim": 8})
    >>> page = torso.write_report(run, f"{tempfile.mkdtemp()}/report.html")
    >>> page.read_text()[:15]
    '<!doctype html>'

    Args:
        runs: a run or several: folders, or what `torso.fit` and `torso.load` return.
        out: file to write.
        lang: language of the fixed words: `en` or `zh`.
        data: folder for the data of each chart as CSV and JSON.
        table: that the runs were fitted on, for cells and media of the worst rows; None: where the runs found it.

    Returns:
        The file.

    Raises:
        ConfigError: `runs` holds none, or something else; `lang` is unknown.
        RunError: a folder is no finished run, or is damaged.
    """
    report = html_report(runs, lang=lang, table=table)
    for note in report.notes:
        warn(note)
    return report.save(out, data)


def html_report(runs: Runs, *, lang: str = "en", table: object = None) -> HtmlReport:
    """Return the page that `write_report` writes.

    Args:
        runs: as for `write_report`.
        lang: as for `write_report`.
        table: as for `write_report`.
    """
    words = Words(lang)
    listed = [runs] if isinstance(runs, str | Path | Predictor) else list(runs)
    if not listed:
        raise ConfigError("`runs` should name at least one run. Found none.")
    materials = [material_of(run) for run in listed]
    names = named_apart([run.name for run in materials], [run.folder for run in materials])
    context = Context(
        [
            replace(run, name=name, colour=1 + number % 8)
            for number, (run, name) in enumerate(zip(materials, names, strict=True))
        ],
        words,
        table,
    )
    html = page(context, written=datetime.now())
    damaged = [f"{run.name}: {note}" for run in context.runs for note in run.notes]
    return HtmlReport(html, tuple(context.figures), (*damaged, *context.notes))


def _csv(figure: Figure) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, figure.columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(figure.records())
    return stream.getvalue()
