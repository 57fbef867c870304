"""Makes this checkout's collection importable as ``ansible_collections.todo.k8s``, beside the installed collections."""

from __future__ import annotations

from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

CHECKOUT = Path(__file__).resolve().parents[5]

_AnsibleCollectionFinder(paths=[str(CHECKOUT)])._install()
