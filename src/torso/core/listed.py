"""Lists of names: one text is a sequence of letters to Python, and hardly ever meant so."""

from __future__ import annotations

from torso.core.errors import ConfigError

__all__ = ["check_listed"]


def check_listed(name: str, value: object) -> None:
    """Refuse a text where a list of texts is expected.

    Args:
        name: of the argument.
        value: what was given.

    Raises:
        ConfigError: it is a text; with the list to write.

    >>> check_listed("inputs", "Moisture")
    Traceback (most recent call last):
    torso.core.errors.ConfigError: `inputs` should be a list. Found the text 'Moisture'. Write inputs=['Moisture'].
    """
    if isinstance(value, str):
        raise ConfigError(
            f"`{name}` should be a list. Found the text {value!r}. Write {name}=[{value!r}]."
        )
