"""The lock that the chart puts in front of the database's server: one at a time, while anything of it lives."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "k8s/helm-charts/todo-app/files/run-locked.sh"


def start(lock: Path, seconds: int, *command: str) -> subprocess.Popen[str]:
    """The script as the chart's pods start it."""
    # As in a pod: a run of the tests in the background ignores SIGINT, which a shell could not undo.
    arguments = ["env", "--default-signal=INT,TERM"]
    arguments += ["/bin/sh", "-c", SCRIPT.read_text(encoding="utf-8"), "run-locked", str(lock), str(seconds), *command]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for(file: Path) -> None:
    """Until a file is there; 10 s at most."""
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline, f"{file}: not there after 10 s"
        time.sleep(0.02)


@pytest.fixture
def holder(tmp_path: Path):
    """A process that has the lock, and says so in a file."""
    process = start(tmp_path / "lock", 5, "/bin/sh", "-c", f"touch {tmp_path}/held; exec sleep 60")
    wait_for(tmp_path / "held")
    yield process
    process.kill()
    process.communicate()


def test_the_command_takes_the_process_over_with_its_arguments_and_status(tmp_path: Path) -> None:
    process = start(tmp_path / "lock", 5, "/bin/sh", "-c", 'echo "$$" "$@"; exit 7', "-", "a b", "c")
    said, _ = process.communicate(timeout=10)
    assert (said, process.returncode) == (f"{process.pid} a b c\n", 7)


def test_a_signal_reaches_the_command_itself(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGINT)
    assert holder.wait(timeout=10) == -signal.SIGINT


def test_a_second_one_waits_and_starts_when_the_first_has_ended(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    second = start(tmp_path / "lock", 30, "echo", "second")
    assert "waiting for another server to end" in second.stdout.readline()
    holder.terminate()
    said, _ = second.communicate(timeout=10)
    assert (said, second.returncode) == ("second\n", 0)


@pytest.mark.usefixtures("holder")
def test_a_second_one_gives_up_and_says_what_to_do(tmp_path: Path) -> None:
    second = start(tmp_path / "lock", 1, "touch", str(tmp_path / "started"))
    said, _ = second.communicate(timeout=10)
    assert second.returncode == 1
    assert f"{tmp_path}/lock is still locked after 1 s: another server has this volume" in said
    assert not (tmp_path / "started").exists()


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_one_that_waits_can_be_stopped(tmp_path: Path, sent: signal.Signals) -> None:
    second = start(tmp_path / "lock", 60, "echo", "second")
    second.stdout.readline()
    second.send_signal(sent)
    said, _ = second.communicate(timeout=10)
    assert (said, second.returncode) == ("", 143)


def test_the_lock_lasts_as_long_as_a_child_of_the_command(tmp_path: Path) -> None:
    first = start(tmp_path / "lock", 5, "/bin/sh", "-c", f"sleep 60 > /dev/null & echo $! > {tmp_path}/child.new")
    first.wait(timeout=10)
    child = int((tmp_path / "child.new").read_text())
    second = start(tmp_path / "lock", 30, "echo", "second")
    assert "waiting for another server to end" in second.stdout.readline()
    subprocess.run(["kill", str(child)], check=True)
    assert second.communicate(timeout=10)[0] == "second\n"
