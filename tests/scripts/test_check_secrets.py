"""What looks like a secret in git fails by file and line, and is not printed."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

# Put together here, so that this file holds none of them.
AWS_KEY = "AKIA" + "Q3EGWXJ7" + "NRTZ5MVD"
PRIVATE_KEY = "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj3\n-----END RSA PRIVATE KEY-----\n"
RANDOM = "zV8q" + "Lw2Np5Xk" + "T9rB4mJ7"
HEX = "9f86d081" + "884c7d65" * 7


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the given files in git; says what the check says."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)

    def check(files: dict[str, str], allowed: list | None = None, *more: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        if files:
            subprocess.run(["git", "add", "--", *files], cwd=tmp_path, check=True)
        listed = tmp_path / "allowed.yml"
        listed.write_text(yaml.safe_dump(allowed or []), encoding="utf-8")
        command = [sys.executable, ROOT / "scripts/check_secrets.py", "--root", tmp_path, "--allowed", listed, *more]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return check


@pytest.mark.parametrize(
    ("name", "text", "line", "secret"),
    [
        ("notes.md", f"one\ntwo\nuse {AWS_KEY} here\n", 3, AWS_KEY),
        ("server.key", f"\n{PRIVATE_KEY}", 2, "MIIBOgIBAAJBAKj3"),
        ("values.yaml", f"user: todo\npassword: {RANDOM}\n", 2, RANDOM),
        ("values.yml", f"a: 1\nseed: {HEX}\n", 2, HEX),
        ("flow.yaml", f"a: {{b: c, d: e, f: g}}\nh: {{password: {RANDOM}, i: j}}\nk: {{l: m}}\n", 2, RANDOM),
        ("settings.py", f'x = 1\n\napi_key = "{RANDOM}"\n', 3, RANDOM),
        ("quiet.py", f'api_key = "{RANDOM}"  # pragma: allow' + "list secret\n", 1, RANDOM),
    ],
)
def test_a_planted_secret_fails_by_file_and_line_and_is_not_printed(checkout, name, text, line, secret):
    done = checkout({name: text})
    assert done.returncode == 1, done.stderr
    assert f"{name}:{line}: " in done.stdout
    assert secret not in done.stdout + done.stderr


def test_a_checkout_without_secrets_passes(checkout):
    done = checkout({"values.yaml": "password: ''\nreplicas: 2\n"})
    assert (done.returncode, done.stdout.startswith("secrets: nothing wrong in 1 files")) == (0, True)


def test_a_checkout_without_files_fails(checkout):
    done = checkout({})
    assert done.returncode == 1 and "found no file in git" in done.stdout


def entry_of(checkout, files: dict[str, str]) -> dict:
    """The only finding as an entry for the file of allowed places."""
    done = checkout(files, None, "--digests")
    assert done.returncode == 1
    (entry,) = yaml.safe_load(done.stdout)
    return entry


def test_what_is_listed_with_its_reason_passes_and_nothing_else_in_its_file(checkout):
    files = {"values.yaml": f"password: {RANDOM}\n"}
    entry = {**entry_of(checkout, files), "reason": "Made up for this test."}
    assert checkout(files, [entry]).returncode == 0
    done = checkout({"values.yaml": f"password: {RANDOM}\nother_password: {RANDOM[::-1]}\n"}, [entry])
    assert done.returncode == 1 and "values.yaml:2" in done.stdout and "values.yaml:1" not in done.stdout


def test_what_is_listed_and_gone_fails(checkout):
    entry = {**entry_of(checkout, {"values.yaml": f"password: {RANDOM}\n"}), "reason": "Made up for this test."}
    done = checkout({"values.yaml": "replicas: 2\n"}, [entry])
    assert done.returncode == 1 and "allowed and no longer there" in done.stdout


def test_a_form_covers_lines_that_look_so_entirely(checkout):
    entry = {
        "file": "tool.yml",
        "type": "Hex High Entropy String",
        "form": " +linux/amd64: [0-9a-f]{64}",
        "reason": "Published SHA-256 of releases.",
    }
    assert checkout({"tool.yml": f"sha256:\n  linux/amd64: {HEX}\n"}, [entry]).returncode == 0
    done = checkout({"tool.yml": f"sha256:\n  linux/amd64: {HEX}\n  seed: {HEX[::-1]}\n"}, [entry])
    assert done.returncode == 1 and "tool.yml:3" in done.stdout


@pytest.mark.parametrize(
    "change",
    [{"reason": ""}, {"values": []}, {"form": "x"}, {"file": "*.yaml"}, {"typ": "x"}],
)
def test_a_wrong_entry_is_refused(checkout, change):
    entry = {"file": "a", "type": "Secret Keyword", "values": ["0"], "reason": "Three words long.", **change}
    done = checkout({"a.md": "a\n"}, [entry])
    assert done.returncode == 1 and done.stdout.startswith("allowed.yml: ")
