"""Who is calling: the JWT from the Authorization header or the session cookie, checked locally."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jwt
from starlette.requests import Request

from backend_common.errors import ApiError

COOKIE = "todo_session"
ISSUER = "todo-backend"
ALGORITHM = "HS256"
LEEWAY_SECONDS = 5
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
ORIGIN = re.compile(r"(https?)://((?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Caller:
    """The signed-in person and the token that proves it, to be passed on to other services."""

    user_id: int
    email: str
    name: str
    token_id: str
    expires_at: datetime
    token: str = field(repr=False)


def unauthenticated(code: str, message: str) -> ApiError:
    """A 401 with the challenge that HTTP asks for."""
    return ApiError(401, code, message, CHALLENGE)


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, or None when it holds none."""
    scheme, _, value = (authorization or "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


def verify(token: str, key: str) -> Caller:
    """Check signature, issuer and expiry.

    Raises:
        ApiError: 401, telling an expired session from a bad one.
    """
    required = ["sub", "exp", "iat", "iss", "jti"]
    try:
        claims = jwt.decode(
            token, key, algorithms=[ALGORITHM], issuer=ISSUER, leeway=LEEWAY_SECONDS, options={"require": required}
        )
        return Caller(
            int(claims["sub"]),
            str(claims.get("email", "")),
            str(claims.get("name", "")),
            str(claims["jti"]),
            datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, UTC),
            token,
        )
    except jwt.ExpiredSignatureError:
        raise unauthenticated("session_expired", "The session has expired; please sign in again.") from None
    except (jwt.InvalidTokenError, ValueError):
        raise unauthenticated("invalid_token", "The access token isn't valid; please sign in again.") from None


def signed_out() -> ApiError:
    """The 401 for a token that was signed out before it expired."""
    return unauthenticated("signed_out", "This session was signed out; please sign in again.")


def _is_own(origin: str, request: Request) -> bool:
    """Whether `origin` is the address that the browser used for this request, port included: other ports of the same
    host are other applications, though they share the cookie."""
    match = ORIGIN.fullmatch(origin.lower())
    if not match:
        return False
    scheme, address = match.groups()
    port = DEFAULT_PORTS[scheme]
    # Behind the pages' proxy; no page elsewhere can set this header without being asked for permission (CORS) first.
    forwarded = request.headers.get("x-forwarded-host", "").split(",")[0].strip()
    own = (forwarded or request.headers.get("host", "")).lower()
    return bool(own) and address.removesuffix(port) == own.removesuffix(port)


def guard_csrf(request: Request) -> None:
    """Refuse a browser's unsafe request from another origin, which would carry the cookie unasked.

    Browsers say where a request comes from: Sec-Fetch-Site on trustworthy addresses, Origin everywhere; what is there
    has to be right. A client that sends neither is no browser.

    Raises:
        ApiError: 403.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin", "none") or (origin is not None and not _is_own(origin, request)):
        raise ApiError(403, "cross_site_request", "Refused: the request comes from another site.")


def authenticate(request: Request, key: str) -> Caller:
    """Identify the caller by Bearer token or, for browsers, by cookie.

    Raises:
        ApiError: 401 without a valid token, 403 for a request from another origin with a cookie.
    """
    if token := bearer_token(request.headers.get("authorization")):
        return verify(token, key)
    if token := request.cookies.get(COOKIE):
        guard_csrf(request)
        return verify(token, key)
    raise unauthenticated("unauthenticated", "Please sign in: this needs an access token.")
