"""Commands that refuse words too many with the way to write them: an option takes one value, and is repeated."""

from __future__ import annotations

import shlex

import typer
from typer.core import TyperCommand

__all__ = ["Command"]


class Command(TyperCommand):
    """A command of the line that says how words which it cannot place should be written."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Return the rest of the words, of which there is none."""
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            ctx.fail(f"Unexpected: {' '.join(map(shlex.quote, rest))}.{_cure(ctx.params, rest)}")
        return rest


def _cure(given: dict[str, object], extra: list[str]) -> str:
    """Return how the extra words would be taken, as far as an option before them takes several."""
    if all("=" in word for word in extra) and given.get("settings"):
        return (
            f" If these are settings, repeat --set: {_repeated('--set', given['settings'], extra)}"
        )
    if given.get("target"):
        return (
            f" If these are targets, repeat -t: {_repeated('-t', given['target'], extra)}. A name of several words needs "
            "quotes."
        )
    return ""


def _repeated(option: str, named: object, extra: list[str]) -> str:
    words = [*(named if isinstance(named, list | tuple) else []), *extra]
    return " ".join(f"{option} {shlex.quote(str(word))}" for word in words)
