"""Why Torso reads a column as another kind than the person who described the set: set -> column -> reason."""

DEFENDED: dict[str, dict[str, str]] = {}
