"""The todo-backend's HTTP API, used by the MCP tools with the caller's own token."""

import uuid
from typing import Any

import httpx2

from backend_common.logs import get_logger, request_id

log = get_logger("todo-api")


class TodoApiError(Exception):
    """The todo-backend refused or can't be reached; the text is fit for the person."""


class TodoApi:
    """One connection pool for the whole process."""

    def __init__(self, base_url: str):
        # Retries concern connecting only: a request that may have arrived isn't sent twice.
        transport = httpx2.AsyncHTTPTransport(retries=2)
        timeout = httpx2.Timeout(10, connect=2)
        self._client = httpx2.AsyncClient(base_url=base_url, timeout=timeout, transport=transport, trust_env=False)

    async def close(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    async def problem(self) -> str:
        """Why the todo-backend can't be used now, or an empty string."""
        try:
            response = await self._client.get("/ready", timeout=1)
        except httpx2.HTTPError as error:
            return f"unreachable: {error or type(error).__name__}"
        return "" if response.status_code == 200 else f"answers {response.status_code}: {response.text[:200]}"

    async def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request; once more if the connection broke, as it does when the service restarts, and if sending it
        twice comes to the same. Deleting does not: the second answer would be that there is no such task."""
        try:
            return await self._client.request(method, path, **options)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            if method == "DELETE":
                raise
            return await self._client.request(method, path, **options)

    async def request(self, method: str, path: str, token: str, **options: Any) -> httpx2.Response:
        """Send a request for the person whom `token` names.

        Raises:
            TodoApiError: for every answer that isn't a success, and for none.
        """
        headers = {"Authorization": f"Bearer {token}"}
        if rid := request_id():
            headers["X-Request-ID"] = rid
        if method == "POST":
            # With it the request can be sent again, and still adds one task.
            headers["Idempotency-Key"] = f"chatbot-{uuid.uuid4().hex}"
        try:
            response = await self._send(method, path, headers=headers, **options)
        except httpx2.HTTPError as error:
            why = str(error) or type(error).__name__
            log.error("todo-backend unreachable", method=method, path=path, reason=why)
            if method == "GET" or isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
                raise TodoApiError("The task service can't be reached at the moment; please try again.") from None
            raise TodoApiError(
                "The task service did not answer; whether the change was made is not known. Please look at the list."
            ) from None
        if response.is_success:
            return response
        try:
            message = str(response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = f"The task service answered with status {response.status_code}."
        log.info("todo-backend refused", method=method, path=path, status=response.status_code)
        raise TodoApiError(message)
