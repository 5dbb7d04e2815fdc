"""The command line that was meant, in place of one that was refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from torso.core.errors import meant

__all__ = ["command_for", "corrected", "of_option", "of_words"]


def corrected(message: str, words: Sequence[str]) -> str:
    """Return the command line with the near name in place of the wrong one; empty if one word does not hold it.

    >>> corrected("Unknown fusion 'gatd'. Did you mean 'gated'?", ["fit", "a.csv", "--set", "fusion=gatd"])
    'torso fit a.csv --set fusion=gated'

    Args:
        message: of an error.
        words: of the command line.
    """
    swapped = re.search(r"Swap them: (.+)$", message)
    if swapped:
        second, first = shlex.split(swapped[1])
        turned = {first: second, second: first}
        return shlex.join(["torso", *(turned.get(word, word) for word in words)])
    if "PYTHONPATH=. torso ..." in message:
        return f"PYTHONPATH=. {shlex.join(['torso', *words])}"
    pair = meant(message) or _with_default(message, words)
    if pair is None:
        return ""
    wrong, right = pair
    pattern = re.compile(rf"(?<![\w]){re.escape(wrong)}(?![\w])")
    hits = [place for place, word in enumerate(words) if pattern.search(word)]
    if len(hits) != 1:
        return ""
    place = hits[0]
    mended = pattern.sub(lambda _: right, words[place], count=1)
    return shlex.join(["torso", *words[:place], mended, *words[place + 1 :]])


def _with_default(message: str, words: Sequence[str]) -> tuple[str, str] | None:
    """Return a setting that breaks a rule and its default, each as the words have it, `dim=x` or `x`."""
    hit = re.search(r"`([\w.]+)` .* Found (.+)\. Default: (\S+)$", message)
    if hit is None:
        return None
    value, default = hit[2].strip('"'), hit[3]
    if f"--{hit[1]}" in words:
        return value, default.partition("=")[2]
    return f"{hit[1]}={value}", default


COMMANDS = {
    "fit": "train run learn",
    "evaluate": "eval test score validate",
    "predict": "infer inference answer",
    "inspect": "describe show check info",
    "list": "ls parts",
}
"""Command -> words of other tools for it."""


def command_for(word: str) -> str:
    """Return the command that another tool's word stands for; empty if none does.

    >>> command_for("train")
    'fit'
    """
    return next((own for own, words in COMMANDS.items() if word in words.split()), "")


def of_option(option: str, value: str) -> str:
    """Return how a setting that was written as an option should be written; empty if it is none.

    >>> of_option("--epochs", "3"), of_option("--colour", "red")
    (' It is a setting: --set training.epochs=3', '')

    Args:
        option: as `--epochs` or `--epochs=3`.
        value: the word behind it.
    """
    from torso.runs.preparing.keywords import setting_called

    name, equals, own = option.lstrip("-").partition("=")
    path = setting_called(name.replace("-", "_"))
    if not path:
        return ""
    return f" It is a setting: --set {shlex.quote(f'{path}={own if equals else value}')}"


def of_words(given: dict[str, object], extra: Sequence[str]) -> str:
    """Return how words too many would be taken; empty if nothing is near.

    Args:
        given: parameter -> value, of what was understood.
        extra: words that no option and no argument took.
    """
    settings, targets = _listed(given.get("settings")), _listed(given.get("target"))
    if settings and "=" not in settings[-1]:
        return f" A setting is one word: --set {shlex.quote(f'{settings[-1]}={extra[0]}')}"
    if all("=" in word for word in extra) and settings:
        return f" If these are settings, repeat --set: {_repeated('--set', settings, extra)}"
    if given.get("table") and any(Path(word).exists() for word in extra):
        return f" Give one table; a table of its own for the verdict is --set {shlex.quote(f'data.test={extra[0]}')}"
    if targets:
        return (
            f" If these are targets, repeat -t: {_repeated('-t', targets, extra)}. A name of several words needs "
            "quotes."
        )
    return ""


def _listed(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list | tuple) else []


def _repeated(option: str, named: Sequence[str], extra: Sequence[str]) -> str:
    return " ".join(f"{option} {shlex.quote(word)}" for word in [*named, *extra])
