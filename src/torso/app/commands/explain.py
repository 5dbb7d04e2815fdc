"""`torso explain`: which parts of a row decided the answers to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import Root, RunArgument, TableArgument, TrustCode, check_out

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
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for pictures of regions and stretches."),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="JSON file to write.")] = None,
    root: Root = [],
    trust_code: TrustCode = False,
) -> None:
    """Explain answers to a row: shares of modalities, columns, words, picture regions and stretches of sound."""
    from torso.app.terminal import console, explanation_text, tell
    from torso.runs.folder.json_files import write_json
    from torso.runs.preparing.early import check_answering

    check_answering(run, table)
    if json is not None:
        check_out(json, run, table)

    import torso  # torch takes longer than to see a slip

    predictor = torso.load(run, trust_code=trust_code)
    tasks = target or None
    if row:
        explanations = torso.explain(
            predictor, table, row=row, tasks=tasks, method=method, root=root
        )
    else:
        explanations = [torso.explain(predictor, table, tasks=tasks, method=method, root=root)]
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_json(json, {"explanations": [each.to_dict() for each in explanations]})
    screen = console(out=True)
    files = [file for each in explanations for file in (each.pictures(out) if out else ())]
    for number, explanation in enumerate(explanations):
        if number:
            screen.print()
        screen.print(explanation_text(explanation, screen.width))
        tell(explanation.notes)
    if out is not None:
        none = f"Nothing written to {out}: no picture and no recording in these rows."
        tell([f"{len(files)} pictures written to {out}" if files else none])
