"""Measures the running application through its pages' own addresses: answer times of ten users, where it saturates, the
first load in a browser, memory, the built-in assistant's answers, and what is added before a model's first token.

Needs a running `make up`. Ten accounts of its own stay (the same in every run), without tasks.
Usage: make bench-app ARGS='--seconds 60 --write docs/speed.md'
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from table import machine, write

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from chat import Talker, before_first_token  # noqa: E402
from load import Sample, User, percentile, saturated, steady  # noqa: E402
from page import first_load  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from ansible_collections.todo.k8s.plugins.module_utils.check_browser import FLAGS, find_browser  # noqa: E402
from ansible_collections.todo.k8s.plugins.module_utils.checks import account  # noqa: E402
from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError  # noqa: E402

NAMESPACE, CONTEXT, SECRET, KEY = "todo", "todo", "app-secrets", "JWT_SECRET_KEY"
USERS, RATE = 10, 3.0  # of requirements.md, B3
P95_MS, PAINT_MS, SCRIPT_KB, MEMORY_MIB = 50, 1000, 135, 512
LOADS = 5
CHAT_RATE, CHAT_P95_MS = 0.5, 300  # of requirements.md, B4; a message every two seconds is much for a person
FIRST_TOKEN_MS, TURNS = 50, 60
MEMORY_EVERY = 5  # seconds; the kubelet itself looks every 10 to 15
HEAD = ["| what | | p50 | p95 | p99 | goal | |", "|---|---|---|---|---|---|---|"]


class Memory:
    """The working set of each workload's largest pod (MiB), as the kubelet tells it."""

    def __init__(self, kube: Kube) -> None:
        self._kube, self.largest = kube, {}
        self._end = threading.Event()

    def look(self) -> dict[str, float]:
        """How it is now."""
        now: dict[str, float] = {}
        for node in self._read("/api/v1/nodes")["items"]:
            for pod in self._read(f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary")["pods"]:
                if pod["podRef"]["namespace"] != NAMESPACE:
                    continue
                # A Deployment's pod is NAME-HASH-ID.
                name = pod["podRef"]["name"].rsplit("-", 2)[0]
                used = sum((each.get("memory") or {}).get("workingSetBytes", 0) for each in pod.get("containers") or [])
                now[name] = max(now.get(name, 0), used / 2**20)
        return now

    def _read(self, path: str) -> dict:
        answer = self._kube.request("GET", path)
        if answer.status != 200:
            sys.exit(f"{path}: the API server answers {answer.status}; needed: the right to read it.")
        return json.loads(answer.body)

    def during(self, action: Callable[[], list[Sample]]) -> list[Sample]:
        """Do something and keep the largest figures meanwhile."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            watcher = pool.submit(self._watch)
            try:
                samples = action()
            finally:
                self._end.set()
            watcher.result()  # what stopped it stops the measurement
        return samples

    def _watch(self) -> None:
        while True:
            for name, used in self.look().items():
                self.largest[name] = max(self.largest.get(name, 0), used)
            if self._end.wait(MEMORY_EVERY):
                return


def seed(kube: Kube) -> bytes:
    """What the accounts are derived from: a secret of this installation."""
    found = kube.get("secrets", NAMESPACE, SECRET)
    if not found:
        sys.exit(f"Secret {SECRET} of namespace {NAMESPACE}: not found; needed: the application. Run `make up` first.")
    return base64.b64decode(found["data"][KEY])


def verdict(value: float, goal: float, errors: int = 0) -> str:
    """Whether a figure is within its goal; an error never is."""
    return f"**{errors} errors**" if errors else "met" if value <= goal else "**not met**"


def shown(samples: list[Sample]) -> str:
    """Three cells: p50, p95 and p99."""
    return " | ".join(f"{percentile(milliseconds(samples), percent):.0f} ms" for percent in (50, 95, 99))


def milliseconds(samples: list[Sample]) -> list[float]:
    """How long each of them took."""
    return [sample.seconds * 1000 for sample in samples]


def answer_rows(samples: list[Sample]) -> list[str]:
    """One line for all operations and one for each of them."""
    rows = []
    for name in ["all operations", *dict.fromkeys(sample.operation for sample in samples)]:
        chosen = [sample for sample in samples if name in ("all operations", sample.operation)]
        errors = sum(bool(sample.error) for sample in chosen)
        rows.append(
            f"| {USERS} users, {RATE:g} requests/s each | {name} | {shown(chosen)} | p95 {P95_MS} ms |"
            f" {verdict(percentile(milliseconds(chosen), 95), P95_MS, errors)} |"
        )
    return rows


def chat_rows(samples: list[Sample]) -> list[str]:
    """The built-in assistant's answers: all, and each kind of message."""
    rows = []
    for name in ["all messages", *dict.fromkeys(sample.operation for sample in samples)]:
        chosen = [sample for sample in samples if name in ("all messages", sample.operation)]
        errors = sum(bool(sample.error) for sample in chosen)
        rows.append(
            f"| {USERS} users of the built-in assistant, {CHAT_RATE:g} messages/s each | {name} | {shown(chosen)} |"
            f" p95 {CHAT_P95_MS} ms | {verdict(percentile(milliseconds(chosen), 95), CHAT_P95_MS, errors)} |"
        )
    return rows


def first_token_row(added: list[float]) -> str:
    """What the chatbot-backend adds before a model's first token."""
    cells = " | ".join(f"{percentile(added, percent):.0f} ms" for percent in (50, 95, 99))
    name = "added before a model's first token, scripted endpoint, a process of its own"
    return f"| {name} | {len(added)} turns | {cells} | p95 {FIRST_TOKEN_MS} ms |" + (
        f" {verdict(percentile(added, 95), FIRST_TOKEN_MS)} |"
    )


def talk(origin: str, users: list[User], seconds: float) -> list[Sample]:
    """Have the same people talk to the built-in assistant."""
    talkers = [Talker(origin, user.email, user.password) for user in users]
    for talker in talkers:
        talker.sign_in()
    samples = steady(talkers, CHAT_RATE, seconds)
    for talker in talkers:
        talker.forget()
    return samples


def saturation_row(samples: list[Sample], seconds: float) -> str:
    """How much it answers when nobody waits between requests."""
    errors = sum(bool(sample.error) for sample in samples)
    note = f"{errors} errors" if errors else "no error"
    return f"| {USERS} users without a pause | {len(samples) / seconds:.0f} requests/s | {shown(samples)} | | {note} |"


def page_rows(origins: dict[str, str], known: dict[str, str]) -> list[str]:
    """The first load of each page, signed out and signed in."""
    rows = []
    chromium = find_browser(None)
    if not chromium:
        sys.exit("No browser found; needed: Debian's chromium, which `make up` installs.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, origin in origins.items():
            for way, signed in (("signed out", None), ("signed in", known)):
                loads = [first_load(browser, origin, signed) for _ in range(LOADS)]
                paint = [load.paint_ms for load in loads]
                middle, scripts = statistics.median(paint), max(load.script_bytes for load in loads) / 1000
                rows.append(
                    f"| {name} page, largest contentful paint | {way} | {middle:.0f} ms | {max(paint):.0f} ms | |"
                    f" {PAINT_MS} ms | {verdict(middle, PAINT_MS)} |"
                )
                rows.append(
                    f"| {name} page, JavaScript of the first load | {way} | {scripts:.0f} kB | | | {SCRIPT_KB} kB |"
                    f" {verdict(scripts, SCRIPT_KB)} |"
                )
        browser.close()
    return rows


def measure(origins: dict[str, str], seconds: float) -> str:
    """Everything; returns the table."""
    try:
        kube = Kube(context=CONTEXT)
        known = account(seed(kube))
    except KubeError as error:
        sys.exit(str(error))
    password = known["account_password"]
    users = [
        User(origins["Todo"], f"bench-{number}-{known['account_id']}@example.com", password) for number in range(USERS)
    ]
    for user in users:
        user.sign_in()
        user.clear()
    memory = Memory(kube)
    rest = memory.look()
    print(f"{USERS} users, {RATE:g} requests a second each, for {seconds:g} s", flush=True)
    samples = steady(users, RATE, seconds)
    print(f"the same without a pause, for {seconds:g} s", flush=True)
    most = memory.during(lambda: saturated(users, seconds))
    for user in users:
        user.clear()
    print(f"{USERS} users talk to the built-in assistant, for {seconds:g} s", flush=True)
    said = talk(origins["Chatbot"], users, seconds)
    for user in users:
        user.clear()
    print("before a model's first token", flush=True)
    added = before_first_token(TURNS)
    for error in sorted({sample.error for sample in [*samples, *most, *said] if sample.error})[:5]:
        print(f"an answer that was none: {error}")
    print("the pages in a browser", flush=True)
    lines = [
        f"{seconds:g} s each; {machine()}, on which the load and the browser run, too.",
        "",
        *HEAD,
        *answer_rows(samples),
        saturation_row(most, seconds),
        *chat_rows(said),
        first_token_row(added),
        *page_rows(origins, {"email": users[0].email, "password": password}),
    ]
    for name, used in sorted(memory.largest.items()):
        lines.append(
            f"| {name}, memory of its largest pod | {rest.get(name, 0):.0f} MiB at rest | {used:.0f} MiB under load"
            f" | | | {MEMORY_MIB} MiB | {verdict(used, MEMORY_MIB)} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--todo", default="http://127.0.0.1:30000", help="the Todo page (default: %(default)s)")
    parser.add_argument("--chatbot", default="http://127.0.0.1:30001", help="the chat page (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="length of each load (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    options = parser.parse_args()
    text = measure({"Todo": options.todo, "Chatbot": options.chatbot}, options.seconds)
    print(f"\n{text}")
    if options.write:
        write(options.write, text, "app")


if __name__ == "__main__":
    main()
