"""What has to happen to a Secret so that it holds the wanted keys: a decision without any I/O."""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: Letters and digits only: such values need no quoting in a URL, a shell or a connection string.
DEFAULT_ALPHABET = string.ascii_letters + string.digits
#: Annotation with a mark for each key, so that the workloads that read a key can be restarted for its change only.
REVISIONS_ANNOTATION = "todo.k8s/revisions"
#: The mark of a key that this module has found and never changed.
UNCHANGED = "0"
MIN_LENGTH = 8
MAX_LENGTH = 4096
KEY_NAME = re.compile(r"[-._a-zA-Z0-9]{1,253}")


@dataclass(frozen=True)
class SecretPlan:
    """The decision: `data` (bytes) and `labels` are only what has to be written."""

    create: bool
    msg: str
    revisions: dict[str, str] = field(default_factory=dict)
    data: dict[str, bytes] = field(default_factory=dict, repr=False)
    labels: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    rotated: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.create or bool(self.data) or bool(self.labels)


def random_text(length: int, alphabet: str = DEFAULT_ALPHABET) -> str:
    """Text of `length` characters of `alphabet` from the system's random source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def new_mark() -> str:
    """A mark that no earlier state had, also not one of a Secret that was removed; it tells nothing of a value."""
    return secrets.token_hex(4)


def revisions_of(existing: dict | None) -> dict[str, str]:
    """Key to mark as the Secret's annotation has them; one that was spoilt by hand counts as none."""
    text = ((existing or {}).get("annotations") or {}).get(REVISIONS_ANNOTATION, "{}")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(key): str(mark) for key, mark in found.items()} if isinstance(found, dict) else {}


def non_empty(existing: dict | None, written: dict[str, bytes]) -> list[str]:
    """Names of the keys that hold something once `written` is written."""
    data = {**((existing or {}).get("data") or {}), **written}
    return sorted(key for key, value in data.items() if value)


def check_keys(keys: dict, rotate: Sequence[str] = ()) -> None:
    """Refuse a wish that cannot be met.

    Raises:
        ValueError: with the key, what was found, what is needed and the remedy; never with a value.
    """
    for key in rotate:
        if key not in keys:
            raise ValueError(f"rotate: found {key}, needed one of {', '.join(map(str, keys))}. Correct the name.")
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


def plan_secret(
    existing: dict | None,
    keys: dict,
    labels: dict[str, str],
    rotate: Sequence[str] = (),
    make: Callable[[int, str], str] = random_text,
    mark: Callable[[], str] = new_mark,
) -> SecretPlan:
    """Decide what to write.

    Args:
        existing: None, or {"data": {key: bytes}, "labels": {…}, "annotations": {…}, "immutable": bool}.
        keys: key -> {"generate": length, "alphabet"?} or {"value": text}; checked with `check_keys` before.
        labels: labels the Secret shall have; others on it are left alone.
        rotate: keys that get another value: a new random one, or the given one, also where that is empty.
        make: source of random text, `(length, alphabet) -> str`.
        mark: source of marks for changed keys.

    A key that exists keeps its value, whatever it is, unless it is rotated or `value` gives a different, non-empty one.

    Raises:
        ValueError: the Secret is immutable and would have to change.
    """
    have = existing or {}
    data = have.get("data") or {}
    added = [key for key in keys if key not in data]
    rotated = [key for key in keys if key in data and key in rotate and "generate" in keys[key]]
    given = [key for key, spec in keys.items() if key in data and "value" in spec and _differs(spec, data[key])]
    updated = [key for key in given if keys[key]["value"]]
    emptied = [key for key in given if not keys[key]["value"] and key in rotate]
    write = {}
    for key in [*added, *rotated, *updated, *emptied]:
        spec = keys[key]
        text = spec["value"] if "value" in spec else make(spec["generate"], spec.get("alphabet", DEFAULT_ALPHABET))
        write[key] = text.encode()
    if write and have.get("immutable"):
        raise ValueError(f"found it immutable, needed to change {_names(list(write))}. Delete it, and it is made anew.")
    new_labels = {key: value for key, value in labels.items() if (have.get("labels") or {}).get(key) != value}
    kept = revisions_of(have)
    reasons = [
        text
        for names, text in (
            (added, f"added {_names(added)}, because missing"),
            (rotated, f"gave {_names(rotated)} a new value, as told"),
            (updated, f"updated {_names(updated)}, because the given value differs"),
            (emptied, f"emptied {_names(emptied)}, because none is given"),
            (new_labels, f"set label {_names(sorted(new_labels))}"),
        )
        if names
    ]
    return SecretPlan(
        create=existing is None,
        msg=_message(existing is None, added, reasons, rotate),
        revisions={key: mark() if key in write else kept.get(key, UNCHANGED) for key in keys},
        data=write,
        labels=new_labels,
        added=added,
        updated=updated,
        rotated=rotated,
        emptied=emptied,
    )


def _message(create: bool, added: list[str], reasons: list[str], rotate: Sequence[str]) -> str:
    if create:
        return f"created, because there was none, with {_names(added)}"
    if reasons:
        return "; ".join(reasons)
    if rotate:
        return f"nothing to do, {_names(list(rotate))} has the given value already"
    return "unchanged, all keys are there"


def _differs(spec: dict, current: bytes) -> bool:
    return not secrets.compare_digest(spec["value"].encode(), current)


def _names(keys: list[str]) -> str:
    return ", ".join(keys)


def redacted_diff(existing: dict | None, plan: SecretPlan) -> dict[str, dict]:
    """`before` and `after` for diff mode: names of keys with what happens to them, never a value."""
    before = dict.fromkeys((existing or {}).get("data") or {}, "(hidden)")
    after = dict(before)
    after.update(dict.fromkeys(plan.added, "(hidden, new)"))
    after.update(dict.fromkeys([*plan.rotated, *plan.updated], "(hidden, changed)"))
    after.update(dict.fromkeys(plan.emptied, "(empty)"))
    labels = (existing or {}).get("labels") or {}
    return {
        "before": {"keys": before, "labels": {key: labels[key] for key in plan.labels if key in labels}},
        "after": {"keys": after, "labels": plan.labels},
    }
