"""What pods on a network with a proxy read: a Secret with the proxies and a ConfigMap with the trusted authorities.

Decisions without I/O. Both are made outside Helm: a proxy's address may hold a password, and Helm keeps its history.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

#: Label of both objects, by which they are found again when the settings are gone.
PART_LABEL = {"todo.k8s/part": "network"}
#: Annotation of the Secret: another number after each change, so that pods restart for a real change only.
REVISION = "todo.k8s/revision"
CA_KEY = "ca-bundle.pem"
PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}


@dataclass(frozen=True)
class Wish:
    """One object: its kind, name and the texts in it, which for a Secret must not be shown."""

    kind: str
    name: str
    data: dict[str, str] = field(repr=False)

    def body(self, labels: dict[str, str], revision: int) -> dict:
        """The object as the API takes it."""
        metadata: dict = {"name": self.name, "labels": {**labels, **PART_LABEL}}
        if self.kind == "Secret":
            metadata["annotations"] = {REVISION: str(revision)}
            texts = {key: base64.b64encode(text.encode()).decode() for key, text in self.data.items()}
        else:
            texts = dict(self.data)
        return {"apiVersion": "v1", "kind": self.kind, "metadata": metadata, "data": texts}

    def is_met(self, found: dict | None) -> bool:
        """Whether an object holds exactly this; nothing more either, as a removed proxy must be gone."""
        return found is not None and (found.get("data") or {}) == self.body({}, 0)["data"]


def wishes(proxies: dict[str, str], none: str, bundle: str, secret_name: str, config_map_name: str) -> dict[str, Wish]:
    """The wanted objects by kind.

    :param proxies: HTTP_PROXY and HTTPS_PROXY; empty values are left out.
    :param none: NO_PROXY.
    :param bundle: Text of the whole bundle, empty for none.
    """
    found = {}
    given = {name: url for name, url in proxies.items() if url}
    if given:
        found["Secret"] = Wish("Secret", secret_name, {**given, "NO_PROXY": none})
    if bundle:
        found["ConfigMap"] = Wish("ConfigMap", config_map_name, {CA_KEY: bundle})
    return found


def revision_of(found: dict | None) -> int:
    """The number of an object's last change, 0 without one."""
    text = (((found or {}).get("metadata") or {}).get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def next_revision(found: dict | None, now: float) -> int:
    """A number that no earlier state had: seconds since the epoch, as the object may have been removed in between."""
    return max(revision_of(found) + 1, int(now))


def checksum(bundle: str) -> str:
    """Hash of the bundle, empty without one."""
    return hashlib.sha256(bundle.encode()).hexdigest() if bundle else ""
