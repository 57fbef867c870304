"""Waits for the database and brings its schema up to date, beside the server that already answers /health."""

import threading
import time

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from backend_common.db import ping
from backend_common.lifecycle import Lifecycle
from backend_common.logs import first_line, get_logger
from backend_common.migrations import Migrations

log = get_logger("prestart")

POLL_SECONDS = 0.25
REMIND_SECONDS = 10


def wait_for_database(engine: Engine, lifecycle: Lifecycle, stop: threading.Event) -> bool:
    """Try until the database answers (True) or `stop` is set (False), saying why it waits now and then."""
    said, said_at = "", 0.0
    while not stop.is_set():
        try:
            ping(engine)
        except OperationalError as error:
            why = first_line(error)
            lifecycle.reason = f"waiting for the database: {why}"
            if why != said or time.monotonic() - said_at > REMIND_SECONDS:
                log.warning(lifecycle.reason)
                said, said_at = why, time.monotonic()
            stop.wait(POLL_SECONDS)
        else:
            return True
    return False


def _prepare(engine: Engine, migrations: Migrations, lifecycle: Lifecycle, stop: threading.Event) -> None:
    while wait_for_database(engine, lifecycle, stop):
        try:
            lifecycle.reason = "migrating the database"
            migrations.upgrade(engine)
        except OperationalError as error:
            log.warning("migration interrupted, trying again", reason=first_line(error))
            stop.wait(POLL_SECONDS)
        else:
            lifecycle.reason = ""
            lifecycle.migrated = True
            log.info("database ready, schema up to date")
            return


def prepare(engine: Engine, migrations: Migrations, lifecycle: Lifecycle, stop: threading.Event) -> None:
    """Wait, migrate and mark `lifecycle` migrated; a database that goes away meanwhile is waited for again. What
    waiting won't cure ends the process."""
    try:
        _prepare(engine, migrations, lifecycle, stop)
    except Exception as error:
        reason = f"{'migration' if lifecycle.reason.startswith('migrating') else 'start'} failed: {first_line(error)}"
        log.critical(reason, exc_info=error)
        lifecycle.fail(reason)
