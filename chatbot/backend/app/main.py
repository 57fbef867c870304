"""Puts the application together."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.routing import Route

from app.api import chat, chatkit, conversations, health
from app.api.mcp import McpEndpoint, transport_security
from app.chat import ChatService
from app.idempotency import Requests
from app.mcp_server import build_mcp_server
from app.models import EXPIRING
from app.settings import MIGRATIONS, SERVICE, Settings
from app.store import ConversationStore
from app.todo_api import TodoApi
from app.turns import Turns
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
A conversation about tasks. Errors come as `{"error": {"code", "message", "request_id"}}`, every answer has
`X-Request-ID`, and a 503 or 429 says in `Retry-After` when to try again. The same conversations are the threads of
POST /chatkit, which speaks the protocol of ChatKit; /mcp is an MCP server (streamable HTTP) with the tools themselves.

Sign in with POST /api/auth/login of the todo-backend, then give the `access_token` to "Authorize".
"""
VERSION = "1.0.0"
"""Of the interface: what changes it for clients is a new number."""


def warm_up(service: ChatService) -> None:
    """Load what the first messages need, once everything else is up."""
    service.warm_up()
    import app.chatkit_server  # noqa: F401


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    stop = threading.Event()

    def start() -> None:
        prepare(app.state.engine, MIGRATIONS, app.state.lifecycle, stop)
        if not stop.is_set():
            warm_up(app.state.chat)

    threading.Thread(target=start, name="prestart", daemon=True).start()
    house = asyncio.create_task(keep_house(app.state.sessions, EXPIRING, app.state.lifecycle))
    async with app.state.mcp_manager.run():
        yield
    stop.set()
    house.cancel()
    await app.state.chat.close()
    await app.state.todo_api.close()
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
    app.state.probe = DatabaseProbe(make_probe_engine(settings, SERVICE))
    app.state.sessions = sessions = make_sessions(app.state.engine)
    app.state.store = ConversationStore(sessions)
    app.state.turns = Turns(app.state.store, sessions, make_autocommit_sessions(app.state.engine))
    app.state.requests = Requests(sessions, settings.chat_messages_per_minute)
    app.state.todo_api = TodoApi(settings.todo_api_url)

    server = build_mcp_server(app.state.todo_api)
    app.state.chat = ChatService(settings, server)
    # Stateless: any replica can answer, and nothing is lost with a pod.
    server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        transport_security=transport_security(settings),
    )
    app.state.mcp_manager = server.session_manager
    endpoint = McpEndpoint(server.session_manager, settings, app.state.engine, lifecycle)
    app.router.routes.append(Route("/mcp", endpoint=endpoint))

    allow_origins(app, settings.cors_origins)
    app.add_middleware(RequestMiddleware, lifecycle=lifecycle)
    install_error_handlers(app)
    for module in (chat, conversations, chatkit, health, docs):
        app.include_router(module.router)
    return app
