"""What has to happen to a Secret so that it holds the wanted keys: a decision without any I/O."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass, field

#: Letters and digits only: such values need no quoting in a URL, a shell or a connection string.
DEFAULT_ALPHABET = string.ascii_letters + string.digits
#: Annotation that counts the changes of a Secret's data, so that workloads can be restarted for a real change only.
REVISION_ANNOTATION = "todo.k8s/revision"
MIN_LENGTH = 8
MAX_LENGTH = 4096
KEY_NAME = re.compile(r"[-._a-zA-Z0-9]{1,253}")


@dataclass(frozen=True)
class SecretPlan:
    """The decision: `data` (bytes) and `labels` are only what has to be written."""

    create: bool
    revision: int
    msg: str
    data: dict[str, bytes] = field(default_factory=dict, repr=False)
    labels: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.create or bool(self.data) or bool(self.labels)


def random_text(length: int, alphabet: str = DEFAULT_ALPHABET) -> str:
    """Text of `length` characters of `alphabet` from the system's random source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def check_keys(keys: dict) -> None:
    """Refuse a wish that cannot be met.

    Raises:
        ValueError: with the key, what was found, what is needed and the remedy; never with a value.
    """
    if not keys:
        raise ValueError("keys: found none, needed at least one. Name each key with `generate` or `value`.")
    for key, spec in keys.items():
        if not KEY_NAME.fullmatch(str(key)):
            raise ValueError(f"keys: found the name {key!r}, needed letters, digits, '-', '_' and '.'. Rename it.")
        if not isinstance(spec, dict):
            raise ValueError(f"keys.{key}: found a {type(spec).__name__}, needed {{generate: LENGTH}} or {{value: …}}.")
        unknown = sorted(set(spec) - {"generate", "alphabet", "value"})
        if unknown:
            raise ValueError(
                f"keys.{key}: found {', '.join(map(str, unknown))}, needed generate, alphabet or value. "
                "Correct the name."
            )
        if ("generate" in spec) == ("value" in spec):
            found = "both" if "value" in spec else "neither"
            raise ValueError(f"keys.{key}: found {found} of generate and value, needed exactly one. Choose one.")
        if "value" in spec and not isinstance(spec["value"], str):
            found = type(spec["value"]).__name__
            raise ValueError(f"keys.{key}.value: found a {found}, needed text. Put it in quotes.")
        if "generate" in spec:
            length = spec["generate"]
            if isinstance(length, bool) or not isinstance(length, int) or not MIN_LENGTH <= length <= MAX_LENGTH:
                # Text might be a value put in the wrong place, so it is not shown.
                found = length if isinstance(length, int) else f"a {type(length).__name__}"
                raise ValueError(
                    f"keys.{key}.generate: found {found}, needed {MIN_LENGTH} to {MAX_LENGTH} characters. "
                    "Correct it, or give the text as `value`."
                )
            alphabet = spec.get("alphabet", DEFAULT_ALPHABET)
            if not isinstance(alphabet, str) or len(set(alphabet)) < 10:
                raise ValueError(
                    f"keys.{key}.alphabet: found fewer than 10 different characters, needed 10 or more. Leave it out."
                )
        elif "alphabet" in spec:
            raise ValueError(f"keys.{key}.alphabet: found beside value, needed beside generate. Leave it out.")


def plan_secret(existing: dict | None, keys: dict, labels: dict[str, str], make=random_text) -> SecretPlan:
    """Decide what to write.

    Args:
        existing: None, or {"data": {key: bytes}, "labels": {…}, "annotations": {…}, "immutable": bool}.
        keys: key -> {"generate": length, "alphabet"?} or {"value": text}; checked with `check_keys` before.
        labels: labels the Secret shall have; others on it are left alone.
        make: source of random text, `(length, alphabet) -> str`.

    A key that exists keeps its value, whatever it is, unless `value` gives a different, non-empty one.

    Raises:
        ValueError: the Secret is immutable and would have to change.
    """
    have = existing or {}
    data = have.get("data") or {}
    added = [key for key in keys if key not in data]
    updated = [key for key, spec in keys.items() if key in data and spec.get("value") and _differs(spec, data[key])]
    write = {}
    for key in [*added, *updated]:
        spec = keys[key]
        text = spec["value"] if "value" in spec else make(spec["generate"], spec.get("alphabet", DEFAULT_ALPHABET))
        write[key] = text.encode()
    new_labels = {key: value for key, value in labels.items() if (have.get("labels") or {}).get(key) != value}
    revision = _revision(have)
    if existing is None:
        return SecretPlan(True, 1, f"created, because there was none, with {_names(added)}", write, new_labels, added)
    if write and have.get("immutable"):
        raise ValueError(
            f"found it immutable, needed to change {_names([*added, *updated])}. Delete it, and it is made anew."
        )
    reasons = []
    if added:
        reasons.append(f"added {_names(added)}, because missing")
    if updated:
        reasons.append(f"updated {_names(updated)}, because the given value differs")
    if new_labels:
        reasons.append(f"set label {_names(sorted(new_labels))}")
    return SecretPlan(
        False,
        revision + 1 if write else revision,
        "; ".join(reasons) or "unchanged, all keys are there",
        write,
        new_labels,
        added,
        updated,
    )


def _differs(spec: dict, current: bytes) -> bool:
    return not secrets.compare_digest(spec["value"].encode(), current)


def _revision(have: dict) -> int:
    text = (have.get("annotations") or {}).get(REVISION_ANNOTATION, "0")
    return int(text) if text.isdigit() else 0


def _names(keys: list[str]) -> str:
    return ", ".join(keys)


def redacted_diff(existing: dict | None, plan: SecretPlan) -> dict[str, dict]:
    """`before` and `after` for diff mode: names of keys with what happens to them, never a value."""
    before = dict.fromkeys((existing or {}).get("data") or {}, "(hidden)")
    after = dict(before)
    after.update(dict.fromkeys(plan.added, "(hidden, new)"))
    after.update(dict.fromkeys(plan.updated, "(hidden, changed)"))
    labels = (existing or {}).get("labels") or {}
    return {
        "before": {"keys": before, "labels": {key: labels[key] for key in plan.labels if key in labels}},
        "after": {"keys": after, "labels": plan.labels},
    }
