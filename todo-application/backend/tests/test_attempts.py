"""Guessing passwords: few attempts for an account, more from an address, counted by all replicas together."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest
from todo_testing.people import PASSWORD, Person
from todo_testing.service import TODO_BACKEND, Service

ACCOUNT, ADDRESS, WINDOW = 3, 6, 600


@pytest.fixture(scope="module")
def replicas(postgres):
    environment = postgres.environment(postgres.create_database("attempts")) | {
        "SIGN_IN_FAILURES_PER_ACCOUNT": str(ACCOUNT),
        "SIGN_IN_FAILURES_PER_ADDRESS": str(ADDRESS),
        "SIGN_IN_WINDOW_SECONDS": str(WINDOW),
        "TRUSTED_PROXIES": "127.0.0.0/8, ::1",
    }
    services = [Service(TODO_BACKEND, environment) for _ in range(2)]
    try:
        yield [service.wait_ready() for service in services]
    finally:
        for service in services:
            service.stop()


@pytest.fixture
def sql(postgres, replicas):
    with psycopg.connect(postgres.dsn("attempts"), autocommit=True) as connection:
        connection.execute("DELETE FROM todo.sign_in_failures")
        yield connection


@pytest.fixture
def person(replicas, sql):
    return Person(replicas[0].url)


def sign_in(service, email, password="wrong wrong", address="192.0.2.1", path="login") -> httpx2.Response:
    body = {"email": email, "password": password}
    response = service.client.post(f"/api/auth/{path}", json=body, headers={"X-Forwarded-For": address})
    service.client.cookies.clear()
    return response


def assert_refused(response):
    assert (response.status_code, response.json()["error"]["code"]) == (429, "too_many_attempts")
    assert 0 < int(response.headers["retry-after"]) <= WINDOW
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("known", [True, False])
def test_an_account_is_closed_on_every_replica_and_from_everywhere(replicas, person, known):
    email = person.email if known else "nobody@example.org"
    answers = [sign_in(replicas[index % 2], email, address=f"192.0.2.{index}") for index in range(ACCOUNT)]
    assert [answer.status_code for answer in answers] == [401] * ACCOUNT
    for replica in replicas:
        assert_refused(sign_in(replica, f" {email.upper()} ", PASSWORD, address="198.51.100.1"))


def test_an_address_is_closed_for_every_account(replicas, person):
    for index in range(ADDRESS):
        assert sign_in(replicas[index % 2], f"somebody-{index}@example.org").status_code == 401
    for replica in replicas:
        assert_refused(sign_in(replica, person.email, PASSWORD))
        assert_refused(sign_in(replica, "new@example.org", PASSWORD, path="register"))
    # Refused attempts don't count: nobody is locked out from an address that is closed.
    for _ in range(ACCOUNT + 1):
        sign_in(replicas[0], person.email)
    assert sign_in(replicas[0], person.email, PASSWORD, address="192.0.2.2").status_code == 200


def test_asking_which_addresses_are_taken_counts(replicas, person):
    answers = [sign_in(replicas[0], person.email, PASSWORD, path="register") for _ in range(ADDRESS + 1)]
    assert [answer.status_code for answer in answers] == [409] * ADDRESS + [429]


def test_success_costs_nothing_and_clears_the_account(replicas, person):
    for _ in range(ADDRESS + 1):
        assert sign_in(replicas[0], person.email, PASSWORD).status_code == 200
    for index in range(ADDRESS + 1):
        response = sign_in(replicas[0], f"n{index}-{person.email}", PASSWORD, path="register")
        assert response.status_code == 201
    for _ in range(2):
        for _ in range(ACCOUNT - 1):
            assert sign_in(replicas[1], person.email).status_code == 401
        assert sign_in(replicas[0], person.email, PASSWORD).status_code == 200


def test_attempts_at_the_same_time_do_not_get_past(replicas, person):
    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda index: sign_in(replicas[index % 2], person.email).status_code, range(24)))
    assert sorted(codes) == [401] * ACCOUNT + [429] * (24 - ACCOUNT)


def test_the_window_ends(replicas, person, sql):
    for _ in range(ACCOUNT):
        sign_in(replicas[0], person.email)
    sql.execute("UPDATE todo.sign_in_failures SET expires_at = now()")
    for _ in range(ACCOUNT):
        assert sign_in(replicas[0], person.email).status_code == 401
    assert_refused(sign_in(replicas[0], person.email))


def test_what_was_typed_is_not_stored(replicas, person, sql):
    sign_in(replicas[0], "my-password-by-mistake")
    rows = sql.execute("SELECT subject FROM todo.sign_in_failures").fetchall()
    assert len(rows) == 3  # the account, its address, and the address that signed `person` up
    assert all(len(subject) == 64 and set(subject) <= set("0123456789abcdef") for (subject,) in rows)


def test_a_network_counts_as_one_address_with_ipv6(replicas, sql):
    for index in range(ADDRESS):
        sign_in(replicas[0], f"x{index}@example.org", address=f"2001:db8::{index}")
    assert_refused(sign_in(replicas[0], "y@example.org", address="2001:db8::ffff"))
    assert sign_in(replicas[0], "y@example.org", address="2001:db8:0:1::").status_code == 401


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("203.0.113.7", "192.0.2.1", "", "203.0.113.7"),
        ("203.0.113.7", "192.0.2.1", "10.0.0.0/8", "203.0.113.7"),
        ("10.1.2.3", None, "10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.3", "192.0.2.1", "10.0.0.0/8", "192.0.2.1"),
        ("10.1.2.3", "192.0.2.66, 192.0.2.1", "10.0.0.0/8", "192.0.2.1"),
        ("10.1.2.3", "192.0.2.1, 10.9.9.9", "10.0.0.0/8", "192.0.2.1"),
        ("10.1.2.3", "10.7.7.7", "10.0.0.0/8", "10.7.7.7"),
        ("10.1.2.3", "unknown", "10.0.0.0/8", "10.1.2.3"),
        ("::ffff:10.1.2.3", "2001:db8::5", "10.0.0.0/8", "2001:db8::5"),
        ("fe80::1%eth0", "192.0.2.1", "fe80::/10", "192.0.2.1"),
    ],
)
def test_only_trusted_proxies_name_the_address(peer, forwarded, trusted, address):
    from fastapi import Request

    from app.client_address import client_address
    from app.settings import Settings

    settings = Settings(postgres_password="good-enough-1", jwt_secret_key="k1y2" * 10, trusted_proxies=trusted or ())
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})
    assert client_address(request, settings.trusted_proxies) == address
