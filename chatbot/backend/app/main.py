"""Puts the application together."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route

from app.api import chat, chatkit, conversations, health
from app.api.mcp import McpEndpoint
from app.chat import ChatService
from app.mcp_server import build_mcp_server
from app.settings import MIGRATIONS, SERVICE, Settings
from app.store import ConversationStore
from app.todo_api import TodoApi
from backend_common.cors import allow_origins
from backend_common.db import make_engine, make_probe_engine, make_sessions
from backend_common.errors import install_error_handlers
from backend_common.lifecycle import Lifecycle
from backend_common.middleware import RequestMiddleware
from backend_common.prestart import prepare
from backend_common.probe import DatabaseProbe


def warm_up() -> None:
    """Import what the first ChatKit request needs, once everything else is up."""
    import app.chatkit_server  # noqa: F401


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    stop = threading.Event()

    def start() -> None:
        prepare(app.state.engine, MIGRATIONS, app.state.lifecycle, stop)
        if not stop.is_set():
            warm_up()

    threading.Thread(target=start, name="prestart", daemon=True).start()
    async with app.state.mcp_manager.run():
        yield
    stop.set()
    await app.state.chat.close()
    await app.state.todo_api.close()
    app.state.engine.dispose()


def create_app(settings: Settings, lifecycle: Lifecycle) -> FastAPI:
    """Build the application; it answers at once and becomes ready when the database is."""
    # No interactive pages (their scripts come from elsewhere) and no redirects, which would name the inner address.
    app = FastAPI(title=SERVICE, lifespan=_lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.settings = settings
    app.state.lifecycle = lifecycle
    app.state.engine = make_engine(settings, SERVICE)
    app.state.probe = DatabaseProbe(make_probe_engine(settings, SERVICE))
    app.state.store = ConversationStore(make_sessions(app.state.engine))
    app.state.todo_api = TodoApi(settings.todo_api_url)

    server = build_mcp_server(app.state.todo_api)
    app.state.chat = ChatService(settings, server)
    # Stateless: any replica can answer, and nothing is lost with a pod. Host names aren't checked, because the check
    # guards servers that trust whoever reaches them; this one wants a Bearer token, which no foreign page has.
    server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    app.state.mcp_manager = server.session_manager
    key = settings.jwt_secret_key.get_secret_value()
    endpoint = McpEndpoint(server.session_manager, key, app.state.engine, lifecycle)
    app.router.routes.append(Route("/mcp", endpoint=endpoint))

    allow_origins(app, settings.cors_origins)
    app.add_middleware(RequestMiddleware, lifecycle=lifecycle)
    install_error_handlers(app)
    for module in (chat, conversations, chatkit, health):
        app.include_router(module.router)
    return app
