"""Searches for the values of a Secret wherever they must not be, and names the places, never a value.

A value that the Secret does not hold any more is looked for, too, where the environment has it as SEARCH_ALSO.
Prints how much was searched. Exit status: 1 where a value was found, 2 where a place that should be there was empty.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

#: Of shorter ones so little is left in base64 that it would be found by chance.
MIN_LENGTH = 16
OBJECTS = "configmaps,pods,deployments,replicasets,services,events,serviceaccounts,jobs,persistentvolumeclaims"
Place = tuple[str, str, bytes]  # what kind of place, its name, its content


def forms(value: bytes) -> list[bytes]:
    """The value as it is, and what of it every base64 text that contains it has, wherever in the text it begins."""
    found = [value]
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + value)
        # Characters at both ends depend on the neighbours too.
        found.append(text[4 if offset else 0 : -4])
    return found


class Search:
    """Where to look: a namespace reached by kubectl, an engine's images, and files."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self._kubectl = [options.kubectl, "--context", options.context, "--namespace", options.namespace]

    def _run(self, *command: str) -> bytes:
        return subprocess.run(command, check=True, capture_output=True).stdout

    def _get(self, kinds: str) -> list[dict]:
        return json.loads(self._run(*self._kubectl, "get", kinds, "--output", "json"))["items"]

    def needles(self) -> dict[str, list[bytes]]:
        """Key to what to look for."""
        for secret in self._get("secrets"):
            if secret["metadata"]["name"] == self.options.secret:
                values = {key: base64.b64decode(value) for key, value in secret["data"].items()}
                values["value of before"] = os.environ.get("SEARCH_ALSO", "").encode()
                return {key: forms(value) for key, value in values.items() if len(value) >= MIN_LENGTH}
        raise SystemExit(f"no Secret {self.options.secret}")

    def places(self) -> Iterator[Place]:
        """Everything to search, one after the other."""
        yield from self._secrets()
        for item in self._get(OBJECTS):
            yield item["kind"], item["metadata"]["name"], json.dumps(item).encode()
        yield from self._logs()
        yield from self._images()
        for folder in self.options.logs:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    yield "Ansible's output", str(path), path.read_bytes()
        for name in self._run("git", "-C", str(self.options.checkout), "ls-files", "-z").decode().split("\0"):
            path = self.options.checkout / name
            if name and path.is_file():
                yield "file of the checkout", name, path.read_bytes()

    def _secrets(self) -> Iterator[Place]:
        for secret in self._get("secrets"):
            name, values = secret["metadata"]["name"], secret.get("data") or {}
            if secret["type"] == "helm.sh/release.v1":
                yield "Helm revision", name, gzip.decompress(base64.b64decode(base64.b64decode(values["release"])))
            elif name != self.options.secret:
                yield "other Secret", name, b"\n".join(map(base64.b64decode, values.values()))
            else:
                # Its own values are at home there; its annotations are not.
                yield "the Secret's metadata", name, json.dumps(secret["metadata"]).encode()

    def _logs(self) -> Iterator[Place]:
        for pod in self._get("pods"):
            name = pod["metadata"]["name"]
            for state in pod["status"].get("containerStatuses", []):
                command = [*self._kubectl, "logs", name, "--container", state["name"]]
                yield "log", name, self._run(*command)
                if state["restartCount"]:
                    yield "log before", name, self._run(*command, "--previous")

    def _images(self) -> Iterator[Place]:
        listed = self._run(
            "docker", "image", "ls", "--quiet", "--no-trunc", f"--filter=reference={self.options.images}"
        )
        for image in sorted(set(listed.decode().split())):
            yield "image history", image, self._run("docker", "history", "--no-trunc", "--format={{.CreatedBy}}", image)
            yield "image settings", image, self._run("docker", "image", "inspect", image)


def main() -> int:
    """Search, tell, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubectl", required=True)
    parser.add_argument("--context", required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--images", default="todo-k8s/*", help="reference of the engine's images, a shell pattern")
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--logs", type=Path, action="append", default=[], help="folder with Ansible's output")
    search = Search(parser.parse_args())
    needles, seen, found = search.needles(), Counter(), []
    for kind, name, content in search.places():
        seen[kind] += 1
        # Lines that base64 wraps.
        joined = re.sub(rb"\s+", b"", content)
        found += [
            f"{key} is in {kind} {name}"
            for key, texts in needles.items()
            if any(text in content or text in joined for text in texts)
        ]
    print(f"looked for {', '.join(needles)} in " + ", ".join(f"{kind}: {count}" for kind, count in seen.items()))
    print("\n".join(found or ["found nowhere"]))
    expected = ["Helm revision", "ConfigMap", "Pod", "log", "image history", "Ansible's output", "file of the checkout"]
    empty = [kind for kind in expected if not seen[kind]]
    if empty or len(needles) < 2:
        print(f"nothing to search: {', '.join(empty)}; keys with a value: {len(needles)}")
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
