"""`torso search`: the best matches of a text, a picture or a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from torso.app.commands.shared import Root, RunArgument, TrustCode, check_out

__all__ = ["search"]


def search(
    run: RunArgument,
    among: Annotated[str, typer.Option("--in", help="Folder of files, or a table, to look in.")],
    text: Annotated[str | None, typer.Option("--text", help="Ask with a text.")] = None,
    image: Annotated[Path | None, typer.Option("--image", help="Ask with a picture.")] = None,
    audio: Annotated[Path | None, typer.Option("--audio", help="Ask with a recording.")] = None,
    top: Annotated[int, typer.Option(help="Answers at most.")] = 10,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .csv, .json, .parquet, ...")
    ] = None,
    find: Annotated[
        str | None, typer.Option("--for", help="Modality to look for, if --in has several.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Modality of the question, if several have its form."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Retrieval target, if the run has several."),
    ] = None,
    root: Root = [],
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Compare with every vector, without the graph of neighbours."),
    ] = False,
    trust_code: TrustCode = False,
) -> None:
    """Find the best matches of a text, a picture or a recording, by a run with a retrieval target."""
    import torso
    from torso.app.terminal import CountingBar, console, search_table, tell
    from torso.tables.formats.files import check_writable
    from torso.tables.table import write_table

    if out is not None:
        check_writable(out)
        check_out(out, run, among, image, audio)
    question: dict[str, Any] = {"text": text, "image": image, "audio": audio}
    searcher = torso.Searcher(torso.load(run, trust_code=trust_code), target)
    asks = searcher.asking(**question, by=by)
    with CountingBar(console(), "vectors") as bar:
        things = searcher.collection(
            among, find=find, by=asks, root=root, exact=exact, progress=bar
        )
    answers = things.search(**question, by=asks, top=top, as_arrow=True)
    if out is not None:
        write_table(answers, out)
    console(out=True).print(search_table(answers))
    tell(things.notes)
