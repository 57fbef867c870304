"""How a long-running module says what it is doing.

The callback ``todo.k8s.progress`` names a file in the environment variable ``TODO_K8S_PROGRESS`` and prints what is
appended to it while the task still runs. Without the callback the variable is unset and nothing happens.
"""

from __future__ import annotations

import json
import os
import time

ENVIRONMENT_VARIABLE = "TODO_K8S_PROGRESS"


def report(text: str) -> None:
    """Append one line to the progress file; every error is swallowed, because progress must never fail a task.

    :param text: What is being done, in plain words and without secrets; line breaks become spaces.
    """
    path = os.environ.get(ENVIRONMENT_VARIABLE)
    if not path:
        return
    try:
        line = json.dumps({"time": round(time.time(), 3), "text": " ".join(str(text).split())}) + "\n"
        # No O_CREAT: a file that is gone means that nobody reads any more. One write keeps parallel lines whole.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except Exception:  # noqa: S110
        pass
