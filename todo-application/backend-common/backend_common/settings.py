"""Settings every backend has in common, read from the environment only."""

import re
import sys
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend_common.logs import configure_logging, get_logger

EX_CONFIG = 78
"""Exit status of a process that refuses its configuration (sysexits.h)."""

KNOWN_DEFAULTS = ("changeme", "change-me", "change_me", "password", "postgres", "secret", "example", "default", "admin")
MIN_PASSWORD = 8
MIN_JWT_KEY = 32

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\.?$){LABEL}(\.{LABEL})*\.?", re.IGNORECASE)
DATABASE_WORD = re.compile(r"[\w.$-]{1,63}")
ORIGIN = re.compile(rf"https?://({LABEL}(\.{LABEL})*|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?")


def split(value: str | Iterable[str]) -> list[str]:
    """The parts of a text with commas; a default is in parts already."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [*value]


def _host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if not HOST_NAME.fullmatch(value):
            raise ValueError(f'is "{value}", needs a host name or an IP address, without port or scheme') from None
    return value


def _database_word(value: str) -> str:
    if not DATABASE_WORD.fullmatch(value) or len(value.encode()) > 63:
        raise ValueError(f'is "{value}", needs a name of 1 to 63 bytes from letters, digits and . _ - $')
    return value


def _origins(value: str | Iterable[str]) -> tuple[str, ...]:
    origins = tuple(split(value))
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f'has "{origin}", needs origins such as https://app.example.com, separated by commas')
    return origins


Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, AfterValidator(_host)]
DatabaseWord = Annotated[str, AfterValidator(_database_word)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]


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
    host: Host = "0.0.0.0"  # noqa: S104 - a container is reached from outside itself
    port: Port

    database_host: Host = "postgresql"
    database_port: Port = 5432
    database_name: DatabaseWord = "todo"
    database_user: DatabaseWord = "todo"
    postgres_password: SecretStr
    postgres_password_next: SecretStr | None = None
    """The one that is about to replace it: while it is being replaced, the server knows one of the two."""
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 10
    database_connect_timeout: Annotated[int, Field(ge=1, le=60)] = 2

    jwt_secret_key: SecretStr
    jwt_expire_minutes: Annotated[int, Field(ge=1, le=525600)] = 1440

    cors_origins: Origins = ()
    """Pages elsewhere that may call with a Bearer token; cookies are never taken from them."""

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
                log.critical(f"{name} {message}")
            sys.exit(EX_CONFIG)
