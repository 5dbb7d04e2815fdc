"""Lines of `torso serve` before its log begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.progress import tell

if TYPE_CHECKING:
    from torso.serving.served import Served
    from torso.serving.settings import ServeSettings

__all__ = ["tell_check", "tell_start"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def tell_check(served: Served) -> None:
    """Tell of each run that it opens and answers."""
    tell(
        [
            f"{name}: version {run.version.digest} opens and answers its example; tasks {', '.join(run.version.kinds)}"
            for name, run in served.runs.items()
        ]
    )


def tell_start(served: Served, settings: ServeSettings) -> None:
    """Tell where the server will listen, and who can reach it."""
    address = settings.address
    shown = f"[{address.host}]" if ":" in address.host else address.host
    lines = [f"http://{shown}:{address.port} serves {', '.join(served.runs)}; Ctrl+C ends it"]
    if address.host not in _LOOPBACK and not settings.token:
        lines.append(
            "Whoever reaches this address can ask without a token. To require one: --token-file FILE"
        )
    tell(lines)
