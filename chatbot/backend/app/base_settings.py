"""Settings every backend has in common, read from the environment only.

This file is the same in both backends (chatbot/backend/tests/test_shared_files.py holds them to it).
"""

import sys
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.logs import configure_logging, get_logger

EX_CONFIG = 78
"""Exit status of a process that refuses its configuration (sysexits.h)."""

KNOWN_DEFAULTS = ("changeme", "change-me", "change_me", "password", "postgres", "secret", "example", "default", "admin")
MIN_PASSWORD = 8
MIN_JWT_KEY = 32

Port = Annotated[int, Field(ge=1, le=65535)]


def _refuse_weak(secret: SecretStr, minimum: int) -> SecretStr:
    """Return `secret`, or raise ValueError when it is short or a placeholder (the value is never shown)."""
    value = secret.get_secret_value()
    if len(value) < minimum:
        raise ValueError(f"has {len(value)} characters, needs at least {minimum}; make one with: openssl rand -hex 32")
    plain = value.lower().strip()
    if any(plain == known or plain == known * (len(plain) // len(known)) for known in KNOWN_DEFAULTS) or (
        plain.startswith(("changeme", "change-me", "change_me", "your-", "your_")) or len(set(plain)) < 4
    ):
        raise ValueError("is a well-known placeholder; make a real one with: openssl rand -hex 32")
    return secret


class CommonSettings(BaseSettings):
    """What both backends need. Field names are the environment's names in lower case."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True, frozen=True)

    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside itself
    port: Port

    database_host: str = "postgresql"
    database_port: Port = 5432
    database_name: str = "todo"
    database_user: str = "todo"
    postgres_password: SecretStr
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 10
    database_connect_timeout: Annotated[int, Field(ge=1, le=60)] = 2

    jwt_secret_key: SecretStr
    jwt_expire_minutes: Annotated[int, Field(ge=1, le=525600)] = 1440

    shutdown_drain_seconds: Annotated[float, Field(ge=0, le=60)] = 3
    shutdown_grace_seconds: Annotated[int, Field(ge=1, le=300)] = 20

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("postgres_password")
    @classmethod
    def _password(cls, value: SecretStr) -> SecretStr:
        return _refuse_weak(value, MIN_PASSWORD)

    @field_validator("jwt_secret_key")
    @classmethod
    def _jwt_key(cls, value: SecretStr) -> SecretStr:
        return _refuse_weak(value, MIN_JWT_KEY)

    @classmethod
    def load(cls) -> Self:
        """Read the environment, or say what is wrong in one log line for each setting and exit with EX_CONFIG."""
        try:
            return cls()
        except ValidationError as error:
            configure_logging("info")
            log = get_logger("settings")
            for problem in error.errors(include_url=False, include_context=False, include_input=False):
                name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
                message = problem["msg"].removeprefix("Value error, ")
                if problem["type"] == "missing":
                    message = "is not set; give it a value in the environment (in the cluster: Secret app-secrets)"
                log.critical("%s %s", name, message)
            sys.exit(EX_CONFIG)
