"""This service's settings."""

from app.base_settings import CommonSettings, Port

SERVICE = "todo-backend"
SCHEMA = "todo"


class Settings(CommonSettings):
    """The common settings and what only this service needs."""

    port: Port = 8000
    cookie_secure: bool = False
    """Send the session cookie over HTTPS only; off by default because a local cluster speaks plain HTTP."""
