"""Hashing: the same effort whoever asks, and never in the way of other requests."""

import asyncio
import threading

import pytest
from starlette.concurrency import run_in_threadpool

from app import security


@pytest.fixture
def verifications(monkeypatch):
    """Counts comparisons with a hash."""
    calls: list[str] = []
    verify = security._passwords.verify
    monkeypatch.setattr(security, "_passwords", CountingHash(verify, calls))
    return calls


class CountingHash:
    def __init__(self, verify, calls):
        self._verify, self._calls = verify, calls

    def verify(self, password, password_hash):
        self._calls.append(password_hash)
        return self._verify(password, password_hash)


def test_an_unknown_account_costs_one_comparison_as_well(verifications):
    known = security.PasswordHash((security.Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1),))
    password_hash = known.hash("right")

    async def check():
        return [
            await security.check_password("right", password_hash),
            await security.check_password("wrong", password_hash),
            await security.check_password("nobody has this password", None),
        ]

    assert asyncio.run(check()) == [True, False, False]
    assert len(verifications) == 3
    # With the same parameters, too: they are the part of a hash before its salt.
    assert len({used.rsplit("$", 2)[0] for used in verifications}) == 1


def test_hashing_takes_no_thread_from_other_requests(monkeypatch):
    go = threading.Event()

    class Slow:
        def hash(self, password):
            go.wait(30)
            return password

    async def main():
        monkeypatch.setattr(security, "_passwords", Slow())
        hashing = [asyncio.create_task(security.hash_password(f"{index}")) for index in range(60)]
        await asyncio.sleep(0)
        # More sign-ups than there are threads, and this one still gets its turn.
        async with asyncio.timeout(10):
            await run_in_threadpool(go.set)
        return await asyncio.gather(*hashing)

    assert asyncio.run(main()) == [f"{index}" for index in range(60)]


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("rules@example.org", "seven77", "at least 8 characters"),
        ("rules@example.org", "x1" * 65, "at most 128 characters"),
        ("rules@example.org", "password123", "one of the most common passwords"),
        ("rules@example.org", " QWERTYUIOP ", "one of the most common passwords"),
        ("rules@example.org", "Rules@Example.ORG", "is the e-mail address"),
        ("rulesrules@example.org", "RulesRules", "is the e-mail address"),
        ("rules@example.org", "zzzzzzzzzzzz", "one character over and over"),
    ],
)
def test_a_weak_password_is_422_with_the_reason(todo, email, password, reason):
    response = todo.client.post("/api/auth/register", json={"email": email, "password": password})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")
    message = response.json()["error"]["message"]
    assert message.startswith("password: ")
    assert reason in message
    assert password not in message


@pytest.mark.parametrize("password", ["ab cd ef", "Tr0ub4dor", "пароль-мой", "x1" * 64])
def test_a_long_enough_password_is_taken(todo, password):
    body = {"email": f"taken-{len(password)}-{ord(password[0])}@example.org", "password": password}
    assert todo.client.post("/api/auth/register", json=body).status_code == 201
    assert todo.client.post("/api/auth/login", json=body).status_code == 200
    todo.client.cookies.clear()


def test_the_list_has_only_what_would_otherwise_be_taken():
    from app.passwords import COMMON, MAX_LENGTH, MIN_LENGTH

    assert len(COMMON) > 50
    assert all(MIN_LENGTH <= len(word) <= MAX_LENGTH and word == word.lower() for word in COMMON)
