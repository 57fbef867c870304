"""This service's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from backend_common.migrations import Migrations
from backend_common.settings import CommonSettings, Port

SERVICE = "chatbot-backend"
SCHEMA = "chatbot"
MIGRATIONS = Migrations(SCHEMA, Path(__file__).resolve().parent.parent / "migrations")


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f'is "{value}", needs an http:// or https:// address')
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_http_url)]


class Settings(CommonSettings):
    """The common settings and what only this service needs."""

    port: Port = 8001
    todo_api_url: Url = "http://todo-backend:8000"

    openai_api_key: SecretStr = SecretStr("")
    """Empty: the built-in assistant answers, without a key and without a network."""
    openai_base_url: Url = "https://api.openai.com/v1"
    openai_model: str = "gpt-4o-mini"
    openai_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60

    chat_history_messages: Annotated[int, Field(ge=0, le=200)] = 20
    """How many earlier messages of a conversation the assistant gets to see."""
