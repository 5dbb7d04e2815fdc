"""Commands that refuse words which they cannot place with the way to write them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

import typer
from typer.core import TyperCommand, TyperGroup

from torso.app.cures import command_for, of_option, of_words

__all__ = ["Command", "Commands"]


class Commands(TyperGroup):
    """The commands; another tool's word for one is answered with ours."""

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]
        """Return the command of a name."""
        own = command_for(cmd_name)
        if own and not ctx.resilient_parsing and cmd_name not in self.commands:
            words = shlex.join([own, *sys.argv[2:]])
            ctx.fail(f"No such command {cmd_name!r}. Here it is: torso {words}")
        return super().get_command(ctx, cmd_name)  # type: ignore[return-value]


class Command(TyperCommand):
    """A command of the line that says how words which it cannot place should be written."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence, whole: the list of commands breaks it into lines."""
        del limit
        return super().get_short_help_str(1_000)

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Return the rest of the words, of which there is none."""
        if not ctx.resilient_parsing:
            self._check_options(ctx, args)
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            ctx.fail(f"Unexpected: {' '.join(map(shlex.quote, rest))}.{of_words(ctx.params, rest)}")
        return rest

    def _check_options(self, ctx: typer.Context, args: Sequence[str]) -> None:
        """Refuse a setting that is written as an option, where settings may be given."""
        if not any(param.name == "settings" for param in self.params):
            return
        known = {"--help", *(option for param in self.params for option in param.opts)}
        for option, value in zip(args, [*args[1:], ""], strict=True):
            name = option.partition("=")[0]
            if name.startswith("--") and name not in known and (cure := of_option(option, value)):
                ctx.fail(f"No such option: {name}.{cure}")
