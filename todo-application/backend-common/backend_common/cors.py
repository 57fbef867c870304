"""Pages of other origins: closed, unless CORS_ORIGINS names them."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-ID", "X-Time-Zone")
EXPOSED = ("ETag", "Location", "Retry-After", "X-Request-ID", "X-Total-Count")


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of `origins` call with a Bearer token. Without credentials: the cookie is for the own pages only."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=HEADERS,
            expose_headers=EXPOSED,
            allow_credentials=False,
            max_age=600,
        )
