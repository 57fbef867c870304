"""/mcp over streamable HTTP, for MCP clients that bring a Bearer token of their own."""

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from sqlalchemy import Engine
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.revocation import refuse_revoked
from backend_common.lifecycle import Lifecycle
from backend_common.tokens import bearer_token, unauthenticated, verify


class McpEndpoint:
    """Lets in who has a valid token. Cookies don't count here: no browser page has business with this address."""

    def __init__(self, manager: StreamableHTTPSessionManager, key: str, engine: Engine, lifecycle: Lifecycle):
        self._manager = manager
        self._key = key
        self._engine = engine
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = bearer_token(Headers(scope=scope).get("authorization"))
        if not token:
            raise unauthenticated("unauthenticated", "Please sign in: /mcp needs an access token as a Bearer token.")
        caller = verify(token, self._key)
        self._lifecycle.require_ready()
        await refuse_revoked(self._engine, caller)
        scope.setdefault("state", {})["user_id"] = caller.user_id
        await self._manager.handle_request(scope, receive, send)
