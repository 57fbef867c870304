"""Who is calling: the JWT from the Authorization header or the session cookie, checked locally.

This file is the same in both backends.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import jwt
from starlette.requests import Request

from app.errors import ApiError

COOKIE = "todo_session"
ISSUER = "todo-backend"
ALGORITHM = "HS256"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Caller:
    """The signed-in person and the token that proves it, to be passed on to other services."""

    user_id: int
    email: str
    name: str
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
    required = ["sub", "exp", "iat", "iss"]
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, leeway=5, options={"require": required})
        return Caller(int(claims["sub"]), str(claims.get("email", "")), str(claims.get("name", "")), token)
    except jwt.ExpiredSignatureError:
        raise unauthenticated("session_expired", "The session has expired; please sign in again.") from None
    except (jwt.InvalidTokenError, ValueError):
        raise unauthenticated("invalid_token", "The access token isn't valid; please sign in again.") from None


def _host(netloc: str) -> str:
    """The host of "host:port" in lower case; cookies ignore ports, so this check does too."""
    return (urlsplit(f"//{netloc}").hostname or "").lower()


def guard_csrf(request: Request) -> None:
    """Refuse a browser's unsafe request from another site, which would carry the cookie unasked.

    Browsers say where a request comes from: Sec-Fetch-Site on trustworthy addresses, Origin everywhere. A client that
    sends neither is no browser. Behind the frontends' proxy the address the browser used is in X-Forwarded-Host.

    Raises:
        ApiError: 403.
    """
    if request.method in SAFE_METHODS:
        return
    refusal = ApiError(403, "cross_site_request", "Refused: the request comes from another site.")
    if site := request.headers.get("sec-fetch-site"):
        if site not in ("same-origin", "same-site", "none"):
            raise refusal
        return
    if origin := request.headers.get("origin"):
        forwarded = request.headers.get("x-forwarded-host", "").split(",")[0].strip()
        own = {_host(forwarded), _host(request.headers.get("host", ""))} - {""}
        if (urlsplit(origin).hostname or "").lower() not in own:
            raise refusal


def authenticate(request: Request, key: str) -> Caller:
    """Identify the caller by Bearer token or, for browsers, by cookie.

    Raises:
        ApiError: 401 without a valid token, 403 for a cross-site request with a cookie.
    """
    if token := bearer_token(request.headers.get("authorization")):
        return verify(token, key)
    if token := request.cookies.get(COOKIE):
        guard_csrf(request)
        return verify(token, key)
    raise unauthenticated("unauthenticated", "Please sign in: this needs an access token.")
