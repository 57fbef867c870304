"""Sign-up, sign-in, the session cookie, tokens that aren't good."""

import time

import jwt
import psycopg
import pytest
from todo_testing.people import PASSWORD
from todo_testing.service import JWT_KEY, TODO_BACKEND


def test_register_returns_token_user_and_cookie(todo):
    body = {"email": "  New.Person@Example.ORG ", "password": PASSWORD, "name": "New"}
    response = todo.client.post("/api/auth/register", json=body)
    assert response.status_code == 201
    data = response.json()
    assert data["token_type"] == "bearer"
    assert data["user"]["email"] == "new.person@example.org"
    assert data["user"]["name"] == "New"
    claims = jwt.decode(data["access_token"], JWT_KEY, algorithms=["HS256"])
    assert claims["sub"] == str(data["user"]["id"])
    assert claims["iss"] == "todo-backend"
    assert (claims["email"], claims["name"]) == ("new.person@example.org", "New")
    assert len(claims["jti"]) == 32
    assert claims["exp"] - claims["iat"] == 1440 * 60
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"todo_session={data['access_token']};")
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=86400"):
        assert part in cookie
    assert "Secure" not in cookie
    todo.client.cookies.clear()


def test_name_defaults_to_the_local_part(todo):
    body = {"email": "just.me@example.org", "password": PASSWORD}
    assert todo.client.post("/api/auth/register", json=body).json()["user"]["name"] == "just.me"
    todo.client.cookies.clear()


def test_taken_address_is_409_whatever_the_case(todo, ada):
    body = {"email": ada.email.upper(), "password": PASSWORD}
    response = todo.client.post("/api/auth/register", json=body)
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "email_taken"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "someone@example.org"},
        {"email": "not-an-address", "password": PASSWORD},
        {"email": "a b@example.org", "password": PASSWORD},
        {"email": "a@b", "password": PASSWORD},
        {"email": "a@example..org", "password": PASSWORD},
        {"email": "short@example.org", "password": "seven77"},
        {"email": "long@example.org", "password": "x" * 129},
        {"email": "name@example.org", "password": PASSWORD, "name": "x" * 101},
        {"email": "nul@example.org", "password": PASSWORD, "name": "a\x00b"},
        {"email": None, "password": None},
        [],
    ],
)
def test_bad_registration_is_422(todo, body):
    response = todo.client.post("/api/auth/register", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_input"


def test_validation_message_never_repeats_the_password(todo):
    body = {"email": "x@example.org", "password": "sEcr3t"}
    response = todo.client.post("/api/auth/register", json=body)
    assert response.status_code == 422
    assert "sEcr3t" not in response.text
    assert "password" in response.json()["error"]["message"]


def test_login(todo, ada):
    response = todo.client.post("/api/auth/login", json={"email": ada.email.upper(), "password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["user"] == {"id": ada.id, "email": ada.email, "name": "Ada"}
    assert "todo_session=" in response.headers["set-cookie"]
    todo.client.cookies.clear()


@pytest.mark.parametrize("email", ["{}", "nobody@example.org", "not an address"])
def test_wrong_credentials_are_401_and_tell_nothing(todo, ada, email):
    response = todo.client.post("/api/auth/login", json={"email": email.format(ada.email), "password": "wrong wrong"})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "wrong_credentials"
    assert "set-cookie" not in response.headers


def test_me(ada):
    assert ada.todo.get("/api/auth/me").json() == {"id": ada.id, "email": ada.email, "name": "Ada"}


def test_cookie_serves_as_well_and_logout_clears_it(todo, ada):
    cookie = {"Cookie": f"todo_session={ada.token}"}
    assert todo.client.get("/api/auth/me", headers=cookie).status_code == 200
    response = todo.client.post("/api/auth/logout", headers=cookie)
    assert response.status_code == 204
    assert 'todo_session=""' in response.headers["set-cookie"]
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert todo.client.post("/api/auth/logout").status_code == 204


@pytest.mark.parametrize("way", ["Authorization", "Cookie"])
def test_sign_out_ends_the_session_for_good(todo, start, sql, postgres, database, ada, way):
    headers = {way: f"Bearer {ada.token}" if way == "Authorization" else f"todo_session={ada.token}"}
    body = {"email": ada.email, "password": PASSWORD}
    other = todo.client.post("/api/auth/login", json=body).json()["access_token"]
    todo.client.cookies.clear()
    assert todo.client.post("/api/auth/logout", headers=headers).status_code == 204
    # Signing out twice is no error.
    assert todo.client.post("/api/auth/logout", headers=headers).status_code == 204
    for service in (todo, start(TODO_BACKEND, postgres.environment(database)).wait_ready()):
        for token in ({"Authorization": f"Bearer {ada.token}"}, {"Cookie": f"todo_session={ada.token}"}):
            for method, path in (("GET", "/api/auth/me"), ("GET", "/api/tasks"), ("DELETE", "/api/tasks/1")):
                response = service.client.request(method, path, headers=token)
                assert (response.status_code, response.json()["error"]["code"]) == (401, "signed_out")
                assert response.headers["www-authenticate"] == "Bearer"
    # Other sessions of the same person go on.
    assert todo.client.get("/api/auth/me", headers={"Authorization": f"Bearer {other}"}).status_code == 200
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    kept = "SELECT extract(epoch FROM expires_at) FROM todo.revoked_tokens WHERE token_id = %s"
    # Until the token is not good any more, leeway included.
    assert sql.execute(kept, [claims["jti"]]).fetchone()[0] == claims["exp"] + 5


def test_a_bad_token_can_be_signed_out(todo):
    for headers in ({"Authorization": "Bearer rubbish"}, {"Cookie": "todo_session=rubbish"}, {}):
        response = todo.client.post("/api/auth/logout", headers=headers)
        assert response.status_code == 204
        assert "Max-Age=0" in response.headers["set-cookie"]


def _token(**changes):
    now = int(time.time())
    claims = {"sub": "1", "email": "x@example.org", "name": "x", "iss": "todo-backend", "jti": "1f"}
    # Made when tests are collected and sent when their turn has come.
    claims |= {"iat": now, "exp": now + 24 * 60 * 60} | changes
    return {key: value for key, value in claims.items() if value is not None}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("rubbish", "invalid_token"),
        (jwt.encode(_token(), "another-key-that-is-long-enough-000", "HS256"), "invalid_token"),
        (jwt.encode(_token(), None, "none"), "invalid_token"),
        (jwt.encode(_token(iss="somebody-else"), JWT_KEY, "HS256"), "invalid_token"),
        (jwt.encode(_token(exp=None), JWT_KEY, "HS256"), "invalid_token"),
        (jwt.encode(_token(jti=None), JWT_KEY, "HS256"), "invalid_token"),
        (jwt.encode(_token(sub="one"), JWT_KEY, "HS256"), "invalid_token"),
        (jwt.encode(_token(sub="999999"), JWT_KEY, "HS256"), "invalid_token"),
        (jwt.encode(_token(exp=int(time.time()) - 60), JWT_KEY, "HS256"), "session_expired"),
    ],
)
def test_bad_tokens_are_401(todo, token, code):
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"todo_session={token}"}):
        response = todo.client.get("/api/auth/me", headers=headers)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == code
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "X-Forwarded-Host": "evil.example"}, 403),
        # Another port of the same host is another application, though it shares the cookie.
        ({"Origin": "http://127.0.0.1:30000"}, 403),
        ({"Origin": "http://localhost:30001", "X-Forwarded-Host": "localhost:30000"}, 403),
        ({"Origin": "http://localhost:30001", "Host": "localhost:30000"}, 403),
        ({"Origin": "http://localhost:30000", "Host": "localhost:30000"}, 201),
        ({"Origin": "http://192.168.49.2:30000", "X-Forwarded-Host": "192.168.49.2:30000"}, 201),
        ({"Origin": "HTTP://Todo.Example", "X-Forwarded-Host": "todo.example:80"}, 201),
        ({"Origin": "https://todo.example:443", "X-Forwarded-Host": "todo.example"}, 201),
        ({"Origin": "http://todo.example:443", "X-Forwarded-Host": "todo.example"}, 403),
        ({"Origin": "http://[::1]:30000", "X-Forwarded-Host": "[::1]:30000"}, 201),
        ({"Origin": "http://localhost:30000", "Host": "localhost:30000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost:30001", "Host": "localhost:30000", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://[", "Host": "["}, 403),
        ({"Origin": "http://localhost:30000", "Host": "["}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example", "X-Forwarded-Host": "localhost:30000"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_cookie_is_refused_from_other_sites(todo, ada, headers, status):
    cookie = {"Cookie": f"todo_session={ada.token}"}
    response = todo.client.post("/api/tasks", json={"title": "x"}, headers=cookie | headers)
    assert response.status_code == status
    # Reading is safe, and a Bearer token isn't sent unasked.
    assert todo.client.get("/api/tasks", headers=cookie | headers).status_code == 200
    assert todo.client.post("/api/tasks", json={"title": "x"}, headers=ada.headers | headers).status_code == 201
    # Signing somebody out is a change, too, with or without the cookie that other sites can't send along.
    for sent in (headers, cookie | headers):
        response = todo.client.post("/api/auth/logout", headers=sent)
        assert response.status_code == (204 if status == 201 else 403)
        assert ("set-cookie" in response.headers) == (status == 201)
    assert todo.client.get("/api/auth/me", headers=cookie).status_code == (401 if status == 201 else 200)


def test_form_posts_are_not_taken_for_json(todo, ada):
    # A cross-site form could otherwise sign a browser in as somebody else.
    text = f'{{"email": "{ada.email}", "password": "{PASSWORD}"}}'
    response = todo.client.post("/api/auth/login", content=text, headers={"Content-Type": "text/plain"})
    assert response.status_code == 422


def test_passwords_are_stored_as_argon2id_only(postgres, database, ada):
    with psycopg.connect(postgres.dsn(database)) as connection:
        row = connection.execute("SELECT password_hash FROM todo.users WHERE email = %s", [ada.email]).fetchone()
    assert row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
