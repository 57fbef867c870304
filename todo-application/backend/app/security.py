"""Passwords and the tokens this service issues."""

import uuid
from datetime import timedelta

import anyio
import jwt
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.responses import Response

from app.models import User, now
from app.settings import Settings
from backend_common.tokens import ALGORITHM, COOKIE, ISSUER

# OWASP's Argon2id profile of 19 MiB. Two at a time: on half a core more would only take longer each, and hold up the
# requests about tasks; threads of their own, so that those never queue behind sign-ins.
_passwords = PasswordHash((Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1),))
_turns = anyio.CapacityLimiter(2)


async def hash_password(password: str) -> str:
    """Return the Argon2id hash, salt and parameters included."""
    return await anyio.to_thread.run_sync(_passwords.hash, password, limiter=_turns)


# Compared against when the address is unknown, so that the time taken doesn't tell which addresses exist.
_NOBODY = _passwords.hash("nobody has this password")


async def check_password(password: str, password_hash: str | None) -> bool:
    """Compare in constant effort; `None` (no such person) is always False."""
    right = await anyio.to_thread.run_sync(_passwords.verify, password, password_hash or _NOBODY, limiter=_turns)
    return right and password_hash is not None


def issue_token(user: User, settings: Settings) -> str:
    """Sign a JWT for `user`, good for JWT_EXPIRE_MINUTES."""
    issued = now()
    claims = {
        "sub": str(user.id),
        "email": user.email,
        "name": user.name,
        "iat": issued,
        "exp": issued + timedelta(minutes=settings.jwt_expire_minutes),
        "iss": ISSUER,
        "jti": uuid.uuid4().hex,
    }
    return jwt.encode(claims, settings.jwt_secret_key.get_secret_value(), algorithm=ALGORITHM)


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Give the browser its session: out of scripts' reach and not sent along from other sites."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.jwt_expire_minutes * 60,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.cookie_secure,
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Take the session away again."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=settings.cookie_secure)
