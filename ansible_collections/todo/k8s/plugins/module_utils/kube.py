"""The Kubernetes API as plain dictionaries: list, watch, logs and the service proxy.

Not through the Python client's models: turning every object into one takes longer than everything that is done with it
here. How to get in is in kube_access.py.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlparse

import urllib3

from ansible_collections.todo.k8s.plugins.module_utils.kube_access import AccessError, open_access

# What a module takes to find its cluster; in the documentation: the fragment todo.k8s.cluster.
CLUSTER_ARGUMENTS = {"kubeconfig": {"type": "path"}, "context": {"type": "str"}}
PATHS = {
    "deployments": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "pods": "/api/v1",
    "services": "/api/v1",
    "secrets": "/api/v1",
    "configmaps": "/api/v1",
    "events": "/api/v1",
    "persistentvolumeclaims": "/api/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
}


class KubeError(Exception):
    """The API cannot be used; the text names what was found, what is needed and the remedy.

    `status` is the HTTP status, 0 where there was no answer at all.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, headers and the body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def is_near(host: str) -> bool:
    """Whether the address is this machine or a private network, where a proxy has no business."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback


def list_path(plural: str, namespace: str) -> str:
    """The API's path of all objects of a kind in a namespace."""
    return f"{PATHS[plural]}/namespaces/{quote(namespace, safe='')}/{plural}"


class Kube:
    """One context of one kubeconfig.

    :param kubeconfig: Path; None for $KUBECONFIG or ~/.kube/config.
    :param context: Name; None for the current one.
    :param timeout: Seconds for connecting and for an ordinary answer.
    :raises KubeError: where the kubeconfig or the context is missing or unreadable.
    """

    def __init__(self, kubeconfig: str | None = None, context: str | None = None, timeout: float = 10) -> None:
        try:
            access = open_access(kubeconfig, context, lambda url: is_near(urlparse(url).hostname or ""))
        except AccessError as error:
            raise KubeError(str(error)) from error
        self.host, self._pool, self._sign = access.host, access.pool, access.headers
        self._timeout = timeout

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: urllib3.Timeout | None = None,
    ) -> Any:
        sent: dict[str, str] = {"Accept": "application/json", **(headers or {})}
        self._sign(sent, method, path)
        url = self.host.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        try:
            return self._pool.request(
                method,
                url,
                headers=sent,
                body=body,
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=timeout or urllib3.Timeout(connect=min(self._timeout, 5), read=self._timeout),
            )
        except urllib3.exceptions.HTTPError as error:
            raise KubeError(
                f"API server at {self.host}: no answer ({error}); needed: a running cluster; remedy: `make status`"
                " tells its state, `make up` brings it up"
            ) from error

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """One request; any status is an answer.

        :raises KubeError: where there is no answer.
        """
        limit = urllib3.Timeout(connect=min(timeout, 5), read=timeout) if timeout else None
        response = self._open(method, path, query, headers, body, limit)
        try:
            return Answer(response.status, dict(response.headers), response.read())
        except urllib3.exceptions.HTTPError as error:
            raise KubeError(f"API server at {self.host}: the answer broke off ({error})") from error
        finally:
            response.release_conn()

    def _checked(self, answer: Answer, what: str) -> dict[str, Any]:
        if answer.status == 200:
            return json.loads(answer.body)
        try:
            detail = json.loads(answer.body).get("message", "")
        except ValueError:
            detail = answer.text[:200]
        raise KubeError(
            f"{what}: the API server at {self.host} answers {answer.status} {detail}; needed: the right to read it;"
            " remedy: use credentials that may read this namespace",
            answer.status,
        )

    def list(
        self, plural: str, namespace: str, query: Mapping[str, Any] | None = None
    ) -> tuple[list[dict[str, Any]], str]:
        """All objects of a kind in a namespace, and the resource version to watch from."""
        body = self._checked(self.request("GET", list_path(plural, namespace), query), f"{plural} of {namespace}")
        return body.get("items") or [], body["metadata"]["resourceVersion"]

    def get(self, plural: str, namespace: str, name: str) -> dict[str, Any] | None:
        """One object, None where it does not exist."""
        path = f"{list_path(plural, namespace)}/{quote(name, safe='')}"
        answer = self.request("GET", path)
        return None if answer.status == 404 else self._checked(answer, f"{plural} {name} of {namespace}")

    def watch(self, plural: str, namespace: str, version: str, seconds: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """The changes since `version`, as (type, object), until the server ends the watch after `seconds`.

        :raises KubeError: with status 410 where the version is too old: list again.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": int(seconds),
        }
        limit = urllib3.Timeout(connect=5, read=seconds + 15)
        response = self._open("GET", list_path(plural, namespace), query, timeout=limit)
        try:
            if response.status != 200:
                self._checked(Answer(response.status, dict(response.headers), response.read()), f"watch of {plural}")
            for line in _lines(response.stream(amt=65536, decode_content=True)):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise KubeError(f"watch of {plural}: {status.get('message')}", int(status.get("code") or 0))
                yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise KubeError(f"watch of {plural}: the stream broke off ({error})") from error
        finally:
            response.close()

    def logs(self, namespace: str, pod: str, container: str, lines: int = 20, previous: bool = False) -> str:
        """The last lines of a container's log, empty where it never started."""
        path = f"{list_path('pods', namespace)}/{quote(pod, safe='')}/log"
        query = {"container": container, "tailLines": lines, "limitBytes": 65536}
        if previous:
            query["previous"] = "true"
        answer = self.request("GET", path, query)
        return answer.text if answer.status == 200 else ""

    def service(
        self,
        namespace: str,
        name: str,
        port: int | str,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """A request to a Service that is published nowhere, through the API server's proxy."""
        target = f"{list_path('services', namespace)}/{quote(name, safe='')}:{port}/proxy/{path.lstrip('/')}"
        return self.request(method, target, None, {"Accept": "*/*", **(headers or {})}, body, timeout)

    def version(self, timeout: float = 2) -> str:
        """The API server's version, such as v1.34.3."""
        return self._checked(self.request("GET", "/version", timeout=timeout), "version")["gitVersion"]


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\n")
        yield from (line for line in whole if line.strip())
