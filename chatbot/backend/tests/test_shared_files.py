"""The backends are built apart, from folders of their own; what they share is kept the same by this test."""

import pytest
from todo_testing.service import CHATBOT_BACKEND, TODO_BACKEND

SHARED = [
    "app/__main__.py",
    "app/base_settings.py",
    "app/cors.py",
    "app/db.py",
    "app/errors.py",
    "app/lifecycle.py",
    "app/logs.py",
    "app/middleware.py",
    "app/prestart.py",
    "app/probe.py",
    "app/tokens.py",
    "image/finish.py",
    "migrations/env.py",
    "migrations/script.py.mako",
    "alembic.ini",
    "pytest.ini",
    "requirements-test.txt",
    ".dockerignore",
]


@pytest.mark.parametrize("name", SHARED)
def test_same_in_both(name):
    todo, chatbot = (TODO_BACKEND / name).read_text(), (CHATBOT_BACKEND / name).read_text()
    assert todo == chatbot, f"{name} differs: copy the one you changed over the other"


def test_one_environment_serves_both():
    pins = []
    for backend in (TODO_BACKEND, CHATBOT_BACKEND):
        lines = (backend / "requirements.txt").read_text().splitlines()
        pins.append(dict(line.rstrip(" \\").split("==") for line in lines if "==" in line))
    shared = pins[0].keys() & pins[1].keys()
    assert len(shared) > 15
    assert {name: (pins[0][name], pins[1][name]) for name in shared if pins[0][name] != pins[1][name]} == {}
