"""A thin door to the Kubernetes API for modules that need a few core objects and a clear error."""

from __future__ import annotations

import json
from pathlib import Path

try:
    import urllib3
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException

    IMPORT_ERROR = None
except ImportError as error:  # pragma: no cover - the collection's requirements bring it
    ApiException = Exception
    IMPORT_ERROR = error

#: Seconds for a connection and for an answer: the API server is on this machine or it is not there at all.
TIMEOUT = (3, 20)


class KubeError(Exception):
    """The API could not be asked, or refused; `status` is the HTTP status (0: no answer)."""

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


def core_api(kubeconfig: str | None, context: str | None):
    """A CoreV1Api for a context of a kubeconfig (None: $KUBECONFIG or ~/.kube/config, and its current context).

    Raises:
        KubeError: no usable kubeconfig or no such context.
    """
    if IMPORT_ERROR is not None:
        raise KubeError(f"Python package kubernetes: found none ({IMPORT_ERROR}), needed 28 or newer. pip install it.")
    path = str(Path(kubeconfig).expanduser()) if kubeconfig else None
    settings = client.Configuration()
    try:
        config.load_kube_config(config_file=path, context=context, client_configuration=settings)
    except (config.ConfigException, OSError) as error:
        raise KubeError(
            f"kubeconfig {path or '~/.kube/config'}, context {context or '(current)'}: found {error}, needed a context "
            "of a running cluster. Start the cluster (make up)."
        ) from error
    settings.retries = urllib3.Retry(0)
    return client.CoreV1Api(client.ApiClient(settings))


def ask(call, *args, missing_ok: bool = False, **kwargs):
    """Call one method of the API with timeouts; None for 404 when `missing_ok`.

    Raises:
        KubeError: with the server's own message, or why there was no answer.
    """
    try:
        return call(*args, _request_timeout=TIMEOUT, **kwargs)
    except ApiException as error:
        if missing_ok and error.status == 404:
            return None
        raise KubeError(_server_message(error), error.status or 0) from error
    except urllib3.exceptions.HTTPError as error:
        raise KubeError(
            f"Kubernetes API: found no answer ({_reason(error)}), needed a running cluster. Start it (make up)."
        ) from error


def _server_message(error: ApiException) -> str:
    try:
        return json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        return f"HTTP {error.status} {error.reason}"


def _reason(error: Exception) -> str:
    # urllib3 wraps the cause (refused, timed out, unknown host) in its pool's own error.
    return str(getattr(error, "reason", None) or error).split(": ", 1)[-1]
