"""`torso explain`: which parts of a row decided the answers to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.results import Out, check_judged, write_result
from torso.app.commands.shared import Root, RunArgument, TableArgument, TrustCode

if TYPE_CHECKING:
    import pandas as pd

    from torso.studies.explain import Explanation

__all__ = ["explain"]


def explain(
    run: RunArgument,
    table: TableArgument,
    row: Annotated[
        list[int],
        typer.Option("--row", help="Number of a row, from 1 without the header. Repeatable."),
    ] = [],
    target: Annotated[
        list[str],
        typer.Option("--target", "-t", help="A task to explain, all by default. Repeatable."),
    ] = [],
    method: Annotated[
        str, typer.Option("--method", help="occlusion, or gradients: of the network alone.")
    ] = "occlusion",
    out: Out = None,
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", help="Folder for pictures of regions and stretches."),
    ] = None,
    root: Root = [],
    trust_code: TrustCode = False,
) -> None:
    """Explain answers to a row: shares of modalities, columns, words, picture regions and stretches of sound."""
    check_judged(run, table, out)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import console, explanation_text, tell

    predictor = torso.load(run, trust_code=trust_code)
    tasks = target or None
    if row:
        explanations = torso.explain(
            predictor, table, row=row, tasks=tasks, method=method, root=root
        )
    else:
        explanations = [torso.explain(predictor, table, tasks=tasks, method=method, root=root)]
    write_result(out, _Explained(explanations))
    screen = console(out=True)
    files = [file for each in explanations for file in each.pictures(pictures)] if pictures else []
    for number, explanation in enumerate(explanations):
        if number:
            screen.print()
        screen.print(explanation_text(explanation, screen.width))
        tell(explanation.notes)
    if pictures is not None:
        none = f"Nothing written to {pictures}: no picture and no recording in these rows."
        tell([f"{len(files)} pictures written to {pictures}" if files else none])


@dataclass(frozen=True)
class _Explained:
    """Explanations of several rows, as one result."""

    explanations: Sequence[Explanation]

    def to_dict(self) -> dict[str, object]:
        return {"explanations": [each.to_dict() for each in self.explanations]}

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        frames = {each.row: each.frame() for each in self.explanations}
        return pd.concat(frames, names=["row", None]).reset_index(level="row")
