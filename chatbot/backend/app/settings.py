"""This service's settings."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from backend_common.migrations import Migrations
from backend_common.settings import LABEL, CommonSettings, Origins, Port, split

SERVICE = "chatbot-backend"
SCHEMA = "chatbot"
MIGRATIONS = Migrations(SCHEMA, Path(__file__).resolve().parent.parent / "migrations")


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f'is "{value}", needs an http:// or https:// address')
    return value.rstrip("/")


HOST = re.compile(rf"({LABEL}(\.{LABEL})*|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?", re.IGNORECASE)


def _hosts(value: str | Iterable[str]) -> tuple[str, ...]:
    hosts = tuple(split(value))
    for host in hosts:
        if not HOST.fullmatch(host):
            raise ValueError(f'has "{host}", needs names such as chat.example.com or [::1], separated by commas')
    return hosts


Url = Annotated[str, AfterValidator(_http_url)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)]


class Settings(CommonSettings):
    """The common settings and what only this service needs."""

    port: Port = 8001
    todo_api_url: Url = "http://todo-backend:8000"

    mcp_allowed_hosts: Hosts = (
        "chatbot-backend",
        "chatbot-backend.todo",
        "chatbot-backend.todo.svc",
        "chatbot-backend.todo.svc.cluster.local",
        "localhost",
        "127.0.0.1",
        "[::1]",
    )
    """What /mcp is called by, as the Host header has it; without a port: on any. The pages' proxy, and so the
    NodePorts, call it by its Service's name."""
    mcp_allowed_origins: Origins = ("http://localhost", "http://127.0.0.1", "http://[::1]")
    """Pages that may call /mcp; without a port: on any."""

    openai_api_key: SecretStr = SecretStr("")
    """Empty: the built-in assistant answers, without a key and without a network."""
    openai_base_url: Url = "https://api.openai.com/v1"
    openai_model: str = "gpt-4o-mini"
    openai_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long the endpoint may be silent, before its answer and within it."""
    openai_max_tokens: Annotated[int, Field(ge=0, le=100_000)] = 2000
    """Of one answer of the model's; 0 sends no limit, for endpoints that refuse `max_tokens`."""

    chat_turn_seconds: Annotated[float, Field(gt=0, le=600)] = 90
    """How long a model may take for a whole turn, tools included. The pages' proxy waits 120 s for an answer."""
    chat_messages_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    """How many messages a person may send, all replicas together."""

    chat_history_messages: Annotated[int, Field(ge=1, le=200)] = 20
    """How many earlier messages of a conversation the assistant gets to see; the last one is what it asked."""
