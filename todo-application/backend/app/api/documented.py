"""What /docs says about answers: every error with its envelope and an example, every header, who may ask."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

TEXT = {"type": "string"}
SECONDS = {"schema": {"type": "integer", "minimum": 1}, "description": "Whole seconds until trying again makes sense."}
ETAG = {"schema": TEXT, "description": "The task's version, for If-Match.", "example": '"3"'}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": ETAG,
    "Location": {"schema": TEXT, "description": "The new task's address.", "example": "/api/tasks/3"},
    "X-Total-Count": {"schema": {"type": "integer", "minimum": 0}, "description": "How many tasks match in all."},
    "Set-Cookie": {"schema": TEXT, "description": "`todo_session`, HttpOnly and SameSite=Lax: the same token."},
}
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`access_token` of POST /api/auth/login.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "todo_session",
        "description": "What browsers have after a sign-in; requests from other origins are refused.",
    },
}
ERRORS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "bad_request": (400, "There was an error parsing the body", {}),
    "unauthenticated": (401, "Please sign in: this needs an access token.", {"WWW-Authenticate": {"schema": TEXT}}),
    "invalid_token": (401, "The access token isn't valid; please sign in again.", {}),
    "session_expired": (401, "The session has expired; please sign in again.", {}),
    "signed_out": (401, "This session was signed out; please sign in again.", {}),
    "wrong_credentials": (401, "The e-mail address or the password is wrong.", {}),
    "cross_site_request": (403, "Refused: the request comes from another site.", {}),
    "not_found": (404, "You have no task 3.", {}),
    "email_taken": (409, "An account with this e-mail address exists already.", {}),
    "precondition_failed": (
        412,
        "Task 3 was changed in the meantime: it is at version 5. Load it and try again.",
        {"ETag": ETAG | {"description": "The version that is there now."}},
    ),
    "too_large": (413, "The request's body is over 1048576 bytes.", {}),
    "invalid_input": (422, "title: String should have at least 1 character", {}),
    "idempotency_key_reused": (
        422,
        "This Idempotency-Key was used for another task in the last 24 hours; a new task needs a new key.",
        {},
    ),
    "too_many_attempts": (429, "Too many failed attempts; please try again in 720 seconds.", {"Retry-After": SECONDS}),
    "internal_error": (500, "Something went wrong on our side.", {}),
    "starting": (503, "Not ready yet: waiting for the database.", {"Retry-After": SECONDS}),
    "database_unavailable": (503, "The database can't be reached at the moment; please try again.", {}),
    "database_busy": (503, "The database is too busy at the moment; nothing was changed, please try again.", {}),
    "cut_off": (503, "The service shuts down; whether this request was carried out is not known.", {}),
}
EVERYWHERE = ("invalid_input", "internal_error", "starting", "database_unavailable", "database_busy", "cut_off")
NOT_SIGNED_IN = ("unauthenticated", "invalid_token", "session_expired", "signed_out")
CHANGING = ("bad_request", "too_large")
OUTCOMES = {200: "Done", 201: "Made", 204: "Done, nothing to say"}


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs.")
    message: str = Field(description="For people.")
    request_id: str | None = Field(description="Also in X-Request-ID and in the log.")


class ErrorOut(BaseModel):
    """The envelope that every error comes in."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    error: ErrorDetail


def _example(code: str, message: str) -> dict[str, Any]:
    return {"value": {"error": {"code": code, "message": message, "request_id": "4bf92f3577b34da6a3ce929d0e0e4736"}}}


def documented(status: int, *codes: str, headers: tuple[str, ...] = (), signed_in: bool = False) -> dict[str, Any]:
    """Arguments for a route: the status of success, its headers, and the errors beside those that all have."""
    responses: dict[int, dict[str, Any]] = {status: {"description": OUTCOMES[status]}}
    if headers:
        responses[status]["headers"] = {name: HEADERS[name] for name in headers}
    for code in (*codes, *(NOT_SIGNED_IN if signed_in else ()), *EVERYWHERE):
        error_status, message, error_headers = ERRORS[code]
        response = responses.setdefault(
            error_status,
            {"model": ErrorOut, "description": "", "headers": {}, "content": {"application/json": {"examples": {}}}},
        )
        response["description"] = ", ".join(filter(None, (response["description"], f"`{code}`")))
        response["headers"] |= error_headers
        response["content"]["application/json"]["examples"][code] = _example(code, message)
    security = {"security": [{name: []} for name in SECURITY_SCHEMES]} if signed_in else {}
    return {"status_code": status, "responses": responses, "openapi_extra": security}
