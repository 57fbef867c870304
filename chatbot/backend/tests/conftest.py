"""The suite runs the chatbot-backend as a process, beside a real todo-backend and a real PostgreSQL."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from model_server import ModelServer
from todo_testing.fixtures import ada, bob, database, own_postgres, postgres, start, todo  # noqa: F401
from todo_testing.people import Person
from todo_testing.service import CHATBOT_BACKEND, Service

MODEL_KEY = "sk-test-4b7d1e90aa55"
MODEL = {"OPENAI_API_KEY": MODEL_KEY, "OPENAI_MODEL": "scripted-1", "OPENAI_TIMEOUT_SECONDS": "2"}


@pytest.fixture(scope="session")
def chatbot(postgres, database, todo) -> Iterator[Service]:  # noqa: F811
    """The chatbot-backend without a key, ready."""
    service = Service(CHATBOT_BACKEND, postgres.environment(database) | {"TODO_API_URL": todo.url})
    try:
        yield service.wait_ready()
    finally:
        service.stop()


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """An OpenAI-compatible endpoint on loopback that answers by script."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def model_chatbot(postgres, database, todo, model) -> Iterator[Service]:  # noqa: F811
    """The chatbot-backend with that endpoint for a model, ready."""
    environment = MODEL | {"TODO_API_URL": todo.url, "OPENAI_BASE_URL": model.url}
    service = Service(CHATBOT_BACKEND, postgres.environment(database) | environment)
    try:
        yield service.wait_ready()
    finally:
        service.stop()


@pytest.fixture
def sql(postgres, database):  # noqa: F811
    """A connection to the suite's database that commits each statement."""
    with psycopg.connect(postgres.dsn(database), autocommit=True) as connection:
        yield connection


Say = Callable[..., dict[str, Any]]


def talk(client: httpx2.Client) -> Say:
    """Return a function that says something in one conversation and gives the whole answer."""
    state: dict[str, str] = {}

    def say(message: str, new: bool = False) -> dict[str, Any]:
        body = {"message": message} | ({} if new else state)
        response = client.post("/api/chat", json=body)
        assert response.status_code == 200, response.text
        answer = response.json()
        state["conversation_id"] = answer["conversation_id"]
        return answer

    return say


@pytest.fixture
def client(ada: Person, chatbot: Service) -> httpx2.Client:  # noqa: F811
    """Ada's client for the chatbot."""
    return ada.client(chatbot.url)


@pytest.fixture
def say(client: httpx2.Client) -> Say:
    """Ada talks to the built-in assistant."""
    return talk(client)
