"""Puts the application together."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from app.api import auth, health, tasks
from app.models import EXPIRING
from app.settings import MIGRATIONS, SERVICE, Settings
from backend_common import docs
from backend_common.cors import allow_origins
from backend_common.db import make_autocommit_sessions, make_engine, make_probe_engine, make_sessions
from backend_common.errors import install_error_handlers
from backend_common.housekeeping import keep_house
from backend_common.lifecycle import Lifecycle
from backend_common.middleware import RequestMiddleware
from backend_common.prestart import prepare
from backend_common.probe import DatabaseProbe

DESCRIPTION = """
Accounts and tasks. Errors come as `{"error": {"code", "message", "request_id"}}`, every answer has `X-Request-ID`, and
a 503 or 429 says in `Retry-After` when to try again.

Sign in with POST /api/auth/login, then give the `access_token` to "Authorize".
"""
VERSION = "1.0.0"
"""Of the interface: what changes it for clients is a new number."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    stop = threading.Event()
    arguments = (app.state.engine, MIGRATIONS, app.state.lifecycle, stop)
    threading.Thread(target=prepare, args=arguments, name="prestart", daemon=True).start()
    house = asyncio.create_task(keep_house(app.state.sessions, EXPIRING, app.state.lifecycle))
    yield
    stop.set()
    house.cancel()
    app.state.engine.dispose()


def create_app(settings: Settings, lifecycle: Lifecycle) -> FastAPI:
    """Build the application; it answers at once and becomes ready when the database is."""
    # FastAPI's own interactive pages load their scripts from elsewhere: backend_common/docs.py has one that does
    # not. No redirects: they would name the inner address.
    app = FastAPI(
        title=SERVICE,
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = partial(docs.describe, app)
    app.state.settings = settings
    app.state.lifecycle = lifecycle
    app.state.engine = make_engine(settings, SERVICE)
    app.state.sessions = make_sessions(app.state.engine)
    app.state.autocommit_sessions = make_autocommit_sessions(app.state.engine)
    app.state.probe = DatabaseProbe(make_probe_engine(settings, SERVICE))
    allow_origins(app, settings.cors_origins)
    app.add_middleware(RequestMiddleware, lifecycle=lifecycle)
    install_error_handlers(app)
    for module in (auth, tasks, health, docs):
        app.include_router(module.router)
    return app
