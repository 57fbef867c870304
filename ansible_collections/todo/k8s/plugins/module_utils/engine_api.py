"""Asks a Docker engine two or three questions over its socket.

Without docker-py: importing that takes longer than the questions. Addresses that need more than a plain connection
(TLS, ssh, Windows' pipes) still go through it.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import urlsplit


class Silent(Exception):
    """No usable answer; the text says why. `status` is the HTTP status, 0 where there was none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connection(host: str, timeout: float) -> http.client.HTTPConnection | None:
    """Return a connection for plain addresses, None for those that docker-py has to speak to."""
    if host.startswith("unix://"):
        return _UnixConnection(host.removeprefix("unix://"), timeout)
    parts = urlsplit(host)
    if parts.scheme in ("tcp", "http") and parts.hostname and not os.environ.get("DOCKER_TLS_VERIFY"):
        return http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=timeout)
    return None


def get(host: str, path: str, timeout: float = 5.0) -> Any:
    """Return the engine's answer to a GET request.

    :param host: The engine's address, as in DOCKER_HOST.
    :param path: Path and query, without a version of the API.
    :param timeout: Seconds.
    :raises Silent: When nothing usable comes back.
    """
    link = connection(host, timeout)
    if link is None:
        return _through_docker_py(host, path, timeout)
    try:
        link.request("GET", path, headers={"Host": "localhost"})
        answer = link.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Silent(f"{host}: {error}") from None
    finally:
        link.close()
    if answer.status != http.client.OK:
        raise Silent(f"{host}: status {answer.status}", answer.status)
    try:
        return json.loads(text)
    except ValueError:
        raise Silent(f"{host}: an answer that is no JSON") from None


def _through_docker_py(host: str, path: str, timeout: float) -> Any:
    import docker
    import requests

    try:
        client = docker.from_env(timeout=timeout, environment={**os.environ, "DOCKER_HOST": host}).api
        try:
            answer = client.get(f"{client.base_url}{path}", timeout=timeout)
            answer.raise_for_status()
            return answer.json()
        finally:
            client.close()
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError) as error:
        answer = getattr(error, "response", None)
        raise Silent(f"{host}: {error}", answer.status_code if answer is not None else 0) from None
