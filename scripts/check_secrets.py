"""Fails when a file in git holds what looks like a secret: keys, tokens, passwords, random strings (detect-secrets).

What was looked at and is none stands in scripts/allowed_secrets.yml, with its reason: single values by the first digits
of their SHA-256, or every value whose line has a given form. A value is never printed. With --digests the findings come
as entries for that file; a real secret belongs into neither: take it out, and out of git's history, and change it.

In YAML, values without quotes are looked at for their randomness too, unless the file has another finding.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = Path(__file__).with_name("allowed_secrets.yml")
DIGITS = 12
#: Shorter reasons explain nothing.
WORDS = 3
# Each detector reads every line, so those of a dozen services that have nothing to do with this project are left out: a
# key of theirs is found by the name that it is given, or by its randomness.
SETTINGS = {
    "plugins_used": [
        {"name": name}
        for name in (
            "AWSKeyDetector",
            "AzureStorageKeyDetector",
            "BasicAuthDetector",
            "GitHubTokenDetector",
            "GitLabTokenDetector",
            "JwtTokenDetector",
            "KeywordDetector",
            "NpmDetector",
            "OpenAIDetector",
            "PrivateKeyDetector",
            "PypiTokenDetector",
            "SlackDetector",
            "StripeDetector",
        )
    ]
    + [{"name": "Base64HighEntropyString", "limit": 4.5}, {"name": "HexHighEntropyString", "limit": 3.0}],
    # Neither those that ask the network whether a key works, nor those that heed a comment in the scanned file.
    "filters_used": [
        {"path": f"detect_secrets.filters.heuristic.{name}"}
        for name in (
            "is_indirect_reference",
            "is_likely_id_string",
            "is_lock_file",
            "is_not_alphanumeric_string",
            "is_potential_uuid",
            "is_prefixed_with_dollar_sign",
            "is_sequential_string",
            "is_templated_secret",
        )
    ],
}


class AllowedError(Exception):
    """The file of allowed places is wrong; the text says where and how."""


@dataclass(frozen=True)
class Suspect:
    """A place that looks like a secret; `digest` stands for its value."""

    file: str
    line: int
    type: str
    digest: str
    text: str

    def __str__(self) -> str:
        """The place, without the value."""
        return f"{self.file}:{self.line}: {self.type}"


@dataclass(frozen=True)
class Allowed:
    """One file's places of one type that are no secrets: by their values' digests, or by the form of their line."""

    file: str
    type: str
    reason: str
    values: tuple[str, ...] = ()
    form: str = ""

    def covers(self, suspect: Suspect) -> bool:
        """Whether this place was meant."""
        if (self.file, self.type) != (suspect.file, suspect.type):
            return False
        return suspect.digest in self.values or bool(self.form and re.fullmatch(self.form, suspect.text))


def load(path: Path) -> list[Allowed]:
    """Read the allowed places. Raises AllowedError for an entry without a reason, or one that names no single file."""
    made = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        try:
            one = Allowed(**{**entry, "values": tuple(entry.get("values", ()))})
        except TypeError as error:
            raise AllowedError(f"{path.name}: {entry}: {error}") from error
        if len(one.reason.split()) < WORDS or bool(one.values) == bool(one.form) or set("*?[") & set(one.file):
            raise AllowedError(
                f"{path.name}: {one.file}: needed one file, a reason in words, and either values or form."
            )
        made.append(one)
    return made


def tracked(root: Path) -> list[str]:
    """The files in git, those about to be committed among them. Links are left out: their targets count."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (root / name).is_file() and not (root / name).is_symlink()]


def place(lines: list[str], number: int, value: str) -> int:
    """The line that holds the value. In YAML with several values on a line detect-secrets counts too far."""
    if value in lines[number - 1]:
        return number
    holders = [one for one, line in enumerate(lines, start=1) if value in line]
    return max((one for one in holders if one < number), default=holders[0] if holders else number)


def scan(root: Path, names: list[str]) -> list[Suspect]:
    """What looks like a secret in these files, by file and line."""
    found = SecretsCollection(root=str(root))
    with transient_settings(SETTINGS):
        found.scan_files(*names)
    suspects = []
    for name, secret in found:
        lines = (root / name).read_text(encoding="utf-8", errors="replace").splitlines()
        value = secret.secret_value or ""
        number = place([*lines, *[""] * (secret.line_number - len(lines))], secret.line_number, value)
        digest = hashlib.sha256(value.encode()).hexdigest()[:DIGITS]
        suspects.append(Suspect(name, number, secret.type, digest, lines[number - 1]))
    return sorted(suspects, key=lambda one: (one.file, one.line, one.type))


def weigh(suspects: list[Suspect], allowed: list[Allowed]) -> tuple[list[Suspect], list[str]]:
    """The places that nobody has allowed, and in words what is allowed and no longer there."""
    left = [one for one in suspects if not any(entry.covers(one) for entry in allowed)]
    stale = []
    for entry in allowed:
        covered = [one for one in suspects if entry.covers(one)]
        gone = set(entry.values) - {one.digest for one in covered}
        if gone or not covered:
            what = ", ".join(sorted(gone)) or entry.form
            stale.append(f"{entry.file}: {entry.type}: allowed and no longer there ({what})")
    return left, stale


def entries(suspects: list[Suspect]) -> str:
    """The findings as entries for the file of allowed places, the reason left to be written."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in suspects:
        grouped.setdefault((one.file, one.type), []).append(one.digest)
    made = [{"file": file, "type": type_, "values": values, "reason": ""} for (file, type_), values in grouped.items()]
    return yaml.safe_dump(made, sort_keys=False, width=120)


def main() -> int:
    """Scan; the exit code says whether nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    parser.add_argument("--allowed", type=Path, default=ALLOWED, help="the file of allowed places")
    parser.add_argument("--digests", action="store_true", help="print the findings as entries for that file")
    options = parser.parse_args()
    begun = time.monotonic()
    try:
        allowed = load(options.allowed)
    except AllowedError as error:
        print(error)
        return 1
    names = tracked(options.root)
    left, stale = weigh(scan(options.root, names), allowed)
    if options.digests:
        print(entries(left), end="")
        return 1 if left else 0
    for one in left:
        print(f"{one} looks like a secret. Take it out; if it is none, say why in {options.allowed.name}.")
    for line in stale:
        print(f"{line}: remove it from {options.allowed.name}.")
    if not names:
        print(f"{options.root}: found no file in git, needed a checkout.")
    wrong = len(left) + len(stale) + (not names)
    print(f"secrets: {wrong or 'nothing'} wrong in {len(names)} files, {time.monotonic() - begun:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
