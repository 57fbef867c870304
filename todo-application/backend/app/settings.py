"""This service's settings."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from backend_common.migrations import Migrations
from backend_common.settings import CommonSettings, Port, split

SERVICE = "todo-backend"
SCHEMA = "todo"
MIGRATIONS = Migrations(SCHEMA, Path(__file__).resolve().parent.parent / "migrations")
Network = IPv4Network | IPv6Network


def _networks(value: str | Iterable[str]) -> tuple[Network, ...]:
    networks = []
    for part in split(value):
        try:
            networks.append(ip_network(part))
        except ValueError as error:
            raise ValueError(f"has {error}; needs networks such as 10.0.0.0/8, separated by commas") from None
    return tuple(networks)


class Settings(CommonSettings):
    """The common settings and what only this service needs."""

    port: Port = 8000
    cookie_secure: bool = False
    """Send the session cookie over HTTPS only; off by default because a local cluster speaks plain HTTP."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    """Whose X-Forwarded-For is believed."""

    sign_in_failures_per_account: Annotated[int, Field(ge=1, le=10_000)] = 10
    sign_in_failures_per_address: Annotated[int, Field(ge=1, le=100_000)] = 100
    sign_in_window_seconds: Annotated[int, Field(ge=1, le=86_400)] = 900
