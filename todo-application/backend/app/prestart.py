"""Waits for the database and brings its schema up to date, beside the server that already answers /health.

`python -m app.prestart` does the same alone and ends. This file is the same in both backends.
"""

import sys
import threading
import time
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.base_settings import CommonSettings
from app.db import make_engine, ping
from app.lifecycle import Lifecycle
from app.logs import configure_logging, first_line, get_logger

log = get_logger("prestart")

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
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


def migrate(engine: Engine) -> None:
    """Upgrade the schema to the newest revision; processes that start together take turns (see migrations/env.py)."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _prepare(engine: Engine, lifecycle: Lifecycle, stop: threading.Event) -> None:
    while wait_for_database(engine, lifecycle, stop):
        try:
            lifecycle.reason = "migrating the database"
            migrate(engine)
        except OperationalError as error:
            log.warning("migration interrupted, trying again: %s", first_line(error))
            stop.wait(POLL_SECONDS)
        else:
            lifecycle.reason = ""
            lifecycle.migrated = True
            log.info("database ready, schema up to date")
            return


def prepare(engine: Engine, lifecycle: Lifecycle, stop: threading.Event) -> None:
    """Wait, migrate and mark `lifecycle` migrated; a database that goes away meanwhile is waited for again. What
    waiting won't cure ends the process."""
    try:
        _prepare(engine, lifecycle, stop)
    except Exception as error:
        reason = f"{'migration' if lifecycle.reason.startswith('migrating') else 'start'} failed: {first_line(error)}"
        log.critical(reason, exc_info=error)
        lifecycle.fail(reason)


def main() -> int:
    """Prepare the database without serving; 0 when done, 1 when a migration failed."""
    from app.settings import SERVICE, Settings

    settings: CommonSettings = Settings.load()
    configure_logging(settings.log_level)
    lifecycle = Lifecycle()
    prepare(make_engine(settings, f"{SERVICE}-prestart"), lifecycle, threading.Event())
    return 1 if lifecycle.failed else 0


if __name__ == "__main__":
    sys.exit(main())
