"""`python -m app`: serve until SIGTERM, then drain and end with status 0.

This file is the same in both backends.
"""

import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

import uvicorn

from app.lifecycle import Lifecycle
from app.logs import configure_logging, get_logger
from app.main import create_app
from app.settings import SERVICE, Settings

log = get_logger("server")

KEEP_ALIVE_SECONDS = 75
"""Longer than the frontends keep an idle connection, so that it is never this side that closes under a request."""


class DrainingServer(uvicorn.Server):
    """On SIGTERM: report unready and close connections as they answer for a while, then finish what is under way."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float):
        super().__init__(config)
        self.lifecycle = lifecycle
        self.drain_seconds = drain_seconds
        lifecycle.on_failure = self._stop

    def _stop(self) -> None:
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn for SIGINT and SIGTERM; a second signal ends the draining."""
        if self.lifecycle.draining or not self.drain_seconds:
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self._stop()
            return
        self.lifecycle.draining = True
        log.info("%s: draining for %s s", signal.Signals(sig).name, self.drain_seconds)
        timer = threading.Timer(self.drain_seconds, self._stop)
        timer.daemon = True
        timer.start()


def end(status: int) -> NoReturn:
    """End the process. Python alone would wait for threads that wait for the database, also after their requests were
    cut off, until the cluster kills the process."""
    sys.stdout.flush()
    os._exit(status)


def main() -> int:
    """Serve; returns the process's exit status."""
    settings = Settings.load()
    configure_logging(settings.log_level)
    lifecycle = Lifecycle()
    config = uvicorn.Config(
        create_app(settings, lifecycle),
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # The peer's address stays what it is; who may name another one is a setting (app/client_address.py).
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_grace_seconds,
    )
    server = DrainingServer(config, lifecycle, settings.shutdown_drain_seconds)
    log.info("%s starts on port %s", SERVICE, settings.port)
    server.run()
    log.info("%s ended", SERVICE)
    return 1 if lifecycle.failed else 0


if __name__ == "__main__":
    end(main())
