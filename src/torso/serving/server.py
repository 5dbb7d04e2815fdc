"""From settings to a listening server: checked before the port opens, drained before it ends."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from torso.core.errors import ConfigError
from torso.serving.logs import log_to
from torso.serving.packages import require_server
from torso.serving.served import Served
from torso.serving.settings import ServeSettings

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor

__all__ = ["Server", "serve"]

_log = logging.getLogger("torso.serving")


class Server:
    """A server of runs.

    >>> from torso.serving.settings import Address
    >>> Address().host
    '127.0.0.1'

    Args:
        served: the runs, opened and checked.
        settings: of the server.

    Raises:
        MissingDependency: FastAPI, uvicorn or another package of the extra is not installed.
    """

    def __init__(self, served: Served, settings: ServeSettings) -> None:
        uvicorn = require_server()
        from torso.serving.app import Application, build_app
        from torso.serving.connections import connection_of
        from torso.serving.draining import Draining

        self.settings = settings
        self.application = Application(served, settings)
        config = uvicorn.Config(
            build_app(self.application),
            http=connection_of(settings),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=settings.limits.connections,
            timeout_graceful_shutdown=max(1, round(settings.times.drain)),
        )
        config.host, config.port = settings.address.host, settings.address.port
        self._server = Draining(config, self.application)

    @property
    def port(self) -> int:
        """The port that is open; 0 before it is."""
        if not self._server.started:
            return 0
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; requests that were accepted are answered before it returns."""
        gc.collect()
        gc.freeze()  # models are many objects that stay: no search for cycles stops the answers for them
        self._server.run()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve in a thread while the block runs, and yield the server's address."""
        thread = threading.Thread(target=self.run, name="torso-serve", daemon=True)
        thread.start()
        while not self._server.started and thread.is_alive():
            thread.join(0.01)
        if not thread.is_alive():
            raise ConfigError(
                f"The server could not listen at {self.settings.address}. Is the port taken?"
            )
        try:
            yield f"http://{self.settings.address.host}:{self.port}"
        finally:
            self.stop()
            thread.join()

    def stop(self) -> None:
        """Take no more requests, and end once those that were accepted are answered."""
        self.application.stopping = True
        self._server.should_exit = True


def serve(
    run: str | Path | Predictor,
    settings: ServeSettings | None = None,
    *,
    device: str = "auto",
    trust_code: bool = False,
) -> None:
    """Serve a run, an exported run, or all runs in a folder, until SIGTERM or Ctrl+C.

    Args:
        run: a run, its folder, `model.onnx`, or a folder of such.
        settings: of the server.
        device: `auto`, `cpu`, `cuda`, ...
        trust_code: import parts that runs name by an import path.

    Raises:
        TorsoError: a run cannot be opened, or does not answer its own example.
    """
    settings = settings or ServeSettings()
    with ExitStack() as stack:
        if isinstance(run, str | Path):
            path = Path(run).expanduser()
        else:  # as it is in memory, thresholds set by hand included
            folder = stack.enter_context(TemporaryDirectory(prefix="torso-serve-"))
            path = Path(folder) / (run.folder.resolve().name if run.folder else "run")
            run.save(path)
        served = Served(path, settings, device=device, trust_code=trust_code)
        server = Server(served, settings)
        log_to()
        server.run()
