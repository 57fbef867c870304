"""Where a kubeconfig's context leads and how to get in: the server's address, a connection pool, headers.

The Python client knows every way to sign in, but importing it takes 0.4 s of processor time, more than most questions.
What Minikube, kubeadm and kind write (files of a certificate and its key, no helper programs, no proxy) is read here;
everything else goes through the client.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

CONNECTIONS = 12  # eight watches are open at a time beside the ordinary requests
PLAIN_CLUSTER = {"server", "certificate-authority", "extensions"}
PLAIN_USER = {"client-certificate", "client-key"}


class AccessError(Exception):
    """The context cannot be used; the text says why."""


@dataclass(frozen=True)
class Access:
    """`headers` adds what signs a request in, given its method and path, to the headers handed to it."""

    host: str
    pool: Any
    headers: Callable[[dict[str, str], str, str], None]


def open_access(kubeconfig: str | None, context: str | None, is_near: Callable[[str], bool]) -> Access:
    """Read the context (None: the current one) of the file (None: $KUBECONFIG or ~/.kube/config).

    :param is_near: Tells of a server's URL whether no proxy has any business with it.
    :raises AccessError: where the file or the context is missing or unreadable.
    """
    named = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    plain = None if os.pathsep in named else _plain(Path(named).expanduser(), context)
    if plain and (is_near(plain["server"]) or not urllib.request.getproxies()):
        pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            cert_reqs="CERT_REQUIRED",
            ca_certs=plain["certificate-authority"],
            cert_file=plain["client-certificate"],
            key_file=plain["client-key"],
        )
        return Access(plain["server"], pool, lambda headers, method, path: None)
    return _through_client(kubeconfig, context, is_near)


def _plain(path: Path, context: str | None) -> dict[str, str] | None:
    """The files of a context that needs nothing but them; None for every other, and for what is not as it should be."""
    try:
        content = yaml.safe_load(path.read_text())
        wanted = _entry(content, "contexts", context or content["current-context"])["context"]
        cluster = _entry(content, "clusters", wanted["cluster"])["cluster"]
        user = _entry(content, "users", wanted["user"])["user"]
        if not (set(cluster) <= PLAIN_CLUSTER and set(user) <= PLAIN_USER):
            return None
        files = {
            name: part[name]
            for part, names in ((cluster, PLAIN_CLUSTER), (user, PLAIN_USER))
            for name in names
            if name in part
        }
        needed = ("certificate-authority", "client-certificate", "client-key")
        found = {name: str(path.parent / files[name]) for name in needed}
        return {"server": cluster["server"], **found} if all(map(os.path.isfile, found.values())) else None
    except (OSError, yaml.YAMLError, KeyError, TypeError, StopIteration):
        return None  # the client words it better


def _entry(content: Mapping[str, Any], section: str, name: str) -> Mapping[str, Any]:
    return next(entry for entry in content[section] if entry["name"] == name)


def _through_client(kubeconfig: str | None, context: str | None, is_near: Callable[[str], bool]) -> Access:
    try:
        from kubernetes import client, config
        from kubernetes.config.config_exception import ConfigException
    except ImportError as error:
        raise AccessError(
            f"Python package kubernetes: not importable ({error}); needed: the project's virtual environment; remedy:"
            " run this with its Python, `make up` makes it"
        ) from error
    configuration = client.Configuration()
    try:
        config.load_kube_config(
            config_file=os.path.expanduser(kubeconfig) if kubeconfig else None,  # noqa: PTH111
            context=context,
            client_configuration=configuration,
        )
    except (ConfigException, OSError, ValueError) as error:
        raise AccessError(
            f"kubeconfig {kubeconfig or '(default)'}, context {context or '(current)'}: {error}; needed: a kubeconfig"
            " with this context; remedy: bring the cluster up with `make up`, or correct the setting"
        ) from error
    if is_near(configuration.host) and configuration.proxy in urllib.request.getproxies().values():
        configuration.proxy = None
    if not configuration.verify_ssl:
        # The kubeconfig says so; a warning for each request would bury everything else.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    configuration.connection_pool_maxsize = CONNECTIONS
    api = client.ApiClient(configuration)

    def sign(headers: dict[str, str], method: str, path: str) -> None:
        api.update_params_for_auth(headers, [], list(configuration.auth_settings()), path, method, None)

    return Access(configuration.host, api.rest_client.pool_manager, sign)
