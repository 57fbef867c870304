"""Serves until SIGTERM, then drains and ends with status 0."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from backend_common.db import make_engine
from backend_common.lifecycle import Lifecycle
from backend_common.logs import configure_logging, get_logger
from backend_common.migrations import Migrations
from backend_common.prestart import prepare
from backend_common.settings import CommonSettings

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
        log.info("draining", signal=signal.Signals(sig).name, seconds=self.drain_seconds)
        timer = threading.Timer(self.drain_seconds, self._stop)
        timer.daemon = True
        timer.start()


def end(status: int) -> NoReturn:
    """End the process. Python alone would wait for threads that wait for the database, also after their requests were
    cut off, until the cluster kills the process."""
    sys.stdout.flush()
    os._exit(status)


def serve(name: str, settings: CommonSettings, create_app: Callable[[CommonSettings, Lifecycle], FastAPI]) -> int:
    """Serve until SIGTERM; the exit status."""
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
    log.info(f"{name} starts", port=settings.port)
    server.run()
    log.info(f"{name} ended")
    return 1 if lifecycle.failed else 0


def main(
    name: str,
    settings_type: type[CommonSettings],
    migrations: Migrations,
    create_app: Callable[[CommonSettings, Lifecycle], FastAPI],
) -> NoReturn:
    """`python -m app` serves; `python -m app prestart` waits for the database, brings it up to date and ends."""
    settings = settings_type.load()
    configure_logging(settings.log_level)
    match sys.argv[1:]:
        case []:
            end(serve(name, settings, create_app))
        case ["prestart"]:
            lifecycle = Lifecycle()
            prepare(make_engine(settings, f"{name}-prestart"), migrations, lifecycle, threading.Event())
            end(1 if lifecycle.failed else 0)
        case unknown:
            log.critical("the only argument is prestart", found=" ".join(unknown))
            end(2)
