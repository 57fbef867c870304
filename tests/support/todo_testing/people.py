"""People who use the services in tests."""

import itertools
import os

import httpx2

_count = itertools.count(1)
PASSWORD = "correct horse battery"  # noqa: S105 - a test's


class Person:
    """A registered person with a client for each service that carries their token."""

    def __init__(self, todo_url: str, name: str = "Ada"):
        self.email = f"{name.lower()}-{os.getpid()}-{next(_count)}@example.org"
        body = {"email": self.email, "password": PASSWORD, "name": name}
        response = httpx2.post(f"{todo_url}/api/auth/register", json=body, timeout=15, trust_env=False)
        assert response.status_code == 201, response.text
        self.token: str = response.json()["access_token"]
        self.id: int = response.json()["user"]["id"]
        self.headers = {"Authorization": f"Bearer {self.token}"}
        self.todo = self.client(todo_url)

    def client(self, url: str) -> httpx2.Client:
        """A client for the service at `url`, signed in as this person."""
        return httpx2.Client(base_url=url, headers=self.headers, timeout=30, trust_env=False)

    def add(self, title: str, **fields: object) -> dict:
        """Add a task through the todo-backend and return it."""
        response = self.todo.post("/api/tasks", json={"title": title, **fields})
        assert response.status_code == 201, response.text
        return response.json()

    def tasks(self, **query: object) -> list[dict]:
        """Their tasks, as the todo-backend has them."""
        response = self.todo.get("/api/tasks", params=query)
        assert response.status_code == 200, response.text
        return response.json()
