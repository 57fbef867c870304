"""The callback that shows progress: its pure parts, and one real run of ansible-playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from ansible_collections.todo.k8s.plugins.plugin_utils import progress_view as view

CHECKOUT = Path(__file__).resolve().parents[5]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_stopwatch_adds_up_in_order_of_appearance():
    clock = Clock()
    watch = view.Stopwatch(clock)
    for stage, seconds in (("preflight", 2), ("engine", 5), ("preflight", 1)):
        watch.enter(stage)
        clock.now += seconds
    assert watch.elapsed() == 3
    watch.enter(None)
    assert watch.rows() == [("preflight", 3.0), ("engine", 5.0)]
    assert watch.total() == 8
    assert watch.elapsed() == 0


def test_heartbeat_comes_after_silence_only():
    clock = Clock()
    beat = view.Heartbeat(clock, every=10)
    clock.now += 50
    assert beat.due() is None, "no task runs"
    beat.task("Build the tools")
    clock.now += 9
    assert beat.due() is None
    clock.now += 1
    assert beat.due() == "    … still running: Build the tools (10 s)"
    assert beat.due() is None
    clock.now += 5
    beat.heard()
    clock.now += 9
    assert beat.due() is None
    clock.now += 1
    assert beat.due().endswith("(25 s)")


def test_split_lines_keeps_the_incomplete_rest():
    texts, rest = view.split_lines(b'{"time": 1, "text": "one"}\nplain\n\n{"text": "hal')
    assert texts == ["one", "plain"]
    texts, rest = view.split_lines(rest + b'f"}\n[1]\n')
    assert texts == ["half", "[1]"]
    assert rest == b""


def test_nothing_reads_like_the_recap():
    line = view.progress_line("minikube", 12.4, "localhost : ok=3\nchanged=2 failed=0")
    assert line == "    … minikube 12 s: localhost : ok=3 changed: 2 failed=0"
    assert not re.search(r"changed=[1-9]", line)


def test_table_ends_with_the_total():
    assert view.table([("preflight", 1.25), ("toolchain", 700.0)], 702.04) == [
        "Seconds by stage",
        "  preflight       1.2",
        "  toolchain     700.0",
        "  total         702.0",
    ]


PLAYBOOK = """
- name: Progress
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Sleep and tell
      ansible.builtin.command:
        argv: [{python}, -c, {script}]
      changed_when: false
    - name: Sleep in silence
      ansible.builtin.command: sleep 11
      changed_when: false
"""
SCRIPT = (
    "import os, time, json; p = os.environ['TODO_K8S_PROGRESS']; "
    "open(p, 'a').write(json.dumps({'text': 'file ' + p}) + chr(10)); time.sleep(1)"
)


def test_real_run(tmp_path):
    """Lines appear while the task runs, silence is broken, the table follows the recap, the file goes away."""
    playbook, timings = tmp_path / "play.yml", tmp_path / "timings.jsonl"
    playbook.write_text(PLAYBOOK.format(python=json.dumps(sys.executable), script=json.dumps(SCRIPT)))
    config = tmp_path / "ansible.cfg"
    config.write_text("[defaults]\n")
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT),
        "ANSIBLE_CALLBACKS_ENABLED": "todo.k8s.progress",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "TODO_K8S_TIMINGS": str(timings),
        "LC_ALL": "C.UTF-8",
    }
    environment.pop("TODO_K8S_PROGRESS", None)
    ansible = str(Path(sys.executable).parent / "ansible-playbook")
    command = [ansible, "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", str(playbook)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert "[WARNING]" not in run.stderr
    news = [line for line in lines if line.startswith(view.INDENT)]
    assert re.fullmatch(r"    … playbook \d s: file (/\S+)", news[0])
    assert re.fullmatch(r"    … still running: Sleep in silence \(1[01] s\)", news[1])
    assert lines.index(news[0]) < next(i for i, line in enumerate(lines) if line.startswith("ok: [localhost]"))
    assert not Path(news[0].rsplit(" ", 1)[1]).exists()
    recap = next(i for i, line in enumerate(lines) if line.startswith("PLAY RECAP"))
    assert lines.count("Seconds by stage") == 1
    assert lines.index("Seconds by stage") > recap
    record = json.loads(timings.read_text())
    assert 12 <= record["stages"]["playbook"] <= record["total"] < 60


def test_phases_are_the_seconds_that_a_module_tells():
    assert view.phases_of({"seconds": {"start": 9.5, "why": "slow"}}) == {"start": 9.5}
    assert view.phases_of({"seconds": 3.2}) == {} == view.phases_of({})
