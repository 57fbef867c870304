"""/mcp over streamable HTTP, for MCP clients that bring a Bearer token of their own."""

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from sqlalchemy import Engine
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.revocation import refuse_revoked
from app.settings import Settings
from backend_common.errors import ApiError
from backend_common.lifecycle import Lifecycle
from backend_common.tokens import bearer_token, unauthenticated, verify

REFUSED = {
    403: ("foreign_origin", "Refused: pages of this origin may not call /mcp (MCP_ALLOWED_ORIGINS)."),
    421: ("foreign_host", "Refused: /mcp is not known by this host name (MCP_ALLOWED_HOSTS)."),
}


def transport_security(settings: Settings) -> TransportSecuritySettings:
    """The SDK's checks: which Host and which Origin a request may name. A name without a port stands for every port."""

    def spelled(names: tuple[str, ...]) -> list[str]:
        return [form for name in names for form in (name, f"{name}:*")]

    origins = (*settings.mcp_allowed_origins, *settings.cors_origins)
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=spelled(settings.mcp_allowed_hosts),
        allowed_origins=spelled(origins),
    )


class McpEndpoint:
    """Lets in who has a valid token. Cookies don't count here: no browser page has business with this address."""

    def __init__(self, manager: StreamableHTTPSessionManager, settings: Settings, engine: Engine, lifecycle: Lifecycle):
        self._manager = manager
        self._key = settings.jwt_secret_key.get_secret_value()
        self._security = TransportSecurityMiddleware(transport_security(settings))
        self._engine = engine
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The manager asks the same again; here the refusal becomes an error as all others are.
        refused = await self._security.validate_request(Request(scope))
        if refused is not None:
            raise ApiError(refused.status_code, *REFUSED[refused.status_code])
        token = bearer_token(Headers(scope=scope).get("authorization"))
        if not token:
            raise unauthenticated("unauthenticated", "Please sign in: /mcp needs an access token as a Bearer token.")
        caller = verify(token, self._key)
        self._lifecycle.require_ready()
        await refuse_revoked(self._engine, caller)
        scope.setdefault("state", {})["user_id"] = caller.user_id
        await self._manager.handle_request(scope, receive, send)
