"""/mcp over streamable HTTP, for MCP clients that bring a Bearer token of their own."""

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.tokens import bearer_token, unauthenticated, verify


class McpEndpoint:
    """Lets in who has a valid token. Cookies don't count here: no browser page has business with this address."""

    def __init__(self, manager: StreamableHTTPSessionManager, key: str):
        self._manager = manager
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = bearer_token(Headers(scope=scope).get("authorization"))
        if not token:
            raise unauthenticated("unauthenticated", "Please sign in: /mcp needs an access token as a Bearer token.")
        verify(token, self._key)
        await self._manager.handle_request(scope, receive, send)
