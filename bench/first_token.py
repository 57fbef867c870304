"""How long a chatbot-backend holds up a model's first token: a real one beside a todo-backend and a PostgreSQL of its
own, and an endpoint on loopback that answers at once, and knows when it was asked and when it answered.

Printed are milliseconds, as JSON: from sending the message to the endpoint being asked, and from the endpoint's first
token to the reader having it, together. Run by bench/app.py, with .venv-app.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "chatbot/backend/tests")]

from model_server import ModelServer, text  # noqa: E402
from todo_testing.people import Person  # noqa: E402
from todo_testing.postgres import Postgres  # noqa: E402
from todo_testing.service import CHATBOT_BACKEND, TODO_BACKEND, Service  # noqa: E402

WARMING = 3


def one_turn(client, model: ModelServer, thread: str | None) -> tuple[float, str]:
    """One message; the milliseconds added, and the thread."""
    model.plan(text("Hello", " there"))
    content = [{"type": "input_text", "text": "Good morning"}]
    given = {"content": content, "attachments": [], "quoted_text": None, "inference_options": {}}
    kind = "threads.add_user_message" if thread else "threads.create"
    body = {"type": kind, "params": {"input": given} | ({"thread_id": thread} if thread else {})}
    seen = None
    sent = time.monotonic()
    with client.stream("POST", "/chatkit", json=body) as response:
        for line in response.iter_lines():
            if '"thread.created"' in line:
                thread = json.loads(line[6:])["thread"]["id"]
            if seen is None and '"delta":"Hello"' in line:
                seen = time.monotonic()
    if seen is None:
        sys.exit("The answer did not come from the model.")
    return ((model.asked_at - sent) + (seen - model.first_token_at)) * 1000, thread


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=50, help="how many messages (default: %(default)s)")
    options = parser.parse_args()
    running: list[Service] = []
    postgres = Postgres()
    try:
        postgres.start()
        environment = postgres.environment(postgres.create_database("first_token")) | {"LOG_LEVEL": "info"}
        running.append(Service(TODO_BACKEND, environment).wait_ready())
        with ModelServer() as model:
            settings = {
                "TODO_API_URL": running[0].url,
                "OPENAI_API_KEY": "none",
                "OPENAI_BASE_URL": model.url,
                "CHAT_MESSAGES_PER_MINUTE": "10000",
            }
            running.append(Service(CHATBOT_BACKEND, environment | settings).wait_ready())
            client = Person(running[0].url).client(running[1].url)
            added, thread = [], None
            for _ in range(WARMING + options.turns):
                milliseconds, thread = one_turn(client, model, thread)
                added.append(milliseconds)
        print(json.dumps(added[WARMING:]))
    finally:
        for service in running:
            service.stop()
        postgres.remove()


if __name__ == "__main__":
    main()
