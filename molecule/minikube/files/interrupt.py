"""Kills a start of a Minikube profile at a chosen point, as a power cut or an impatient user would.

Runs the module `todo.k8s.minikube` in a process group of its own, waits until it reports a text, and kills with SIGKILL
the whole group (module and minikube), or the module alone, which leaves minikube an orphan.

usage: interrupt.py ARGUMENTS.json TEXT SECONDS group|module
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODULE = "ansible_collections.todo.k8s.plugins.modules.minikube"
LIMIT = 120


def main(arguments: str, text: str, seconds: str, target: str) -> int:
    """Start, wait for `text` and then `seconds`, kill; 0 when it was killed in time."""
    with tempfile.TemporaryDirectory() as folder:
        progress, parameters = Path(folder) / "progress", Path(folder) / "arguments.json"
        progress.touch()
        parameters.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(arguments)}))
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(parameters)],
            start_new_session=True,
            cwd=ROOT,
            env={**os.environ, "TODO_K8S_PROGRESS": str(progress)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        begun = time.monotonic()
        while text not in progress.read_text():
            if process.poll() is not None or time.monotonic() - begun > LIMIT:
                print(f"never said {text!r}: {process.communicate()[0].decode()[-800:]}")
                return 1
            time.sleep(0.02)
        time.sleep(float(seconds))
        if process.poll() is not None:
            print(f"was done before it could be killed, at {text!r} and {seconds} s")
            return 1
        if target == "group":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        print(f"killed after {time.monotonic() - begun:.1f} s")
        return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
