"""/mcp with the SDK's own client, over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


def run(url: str, token: str, work: Callable[[Client], Awaitable[None]], **options) -> None:
    async def main() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=20, trust_env=False) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), **options) as client,
        ):
            await work(client)

    asyncio.run(main())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_over_http(ada, chatbot, mode):
    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"add_task", "list_tasks", "complete_task", "delete_task", "update_task"}
        assert all(tool.description and tool.output_schema for tool in tools.values())
        assert tools["add_task"].input_schema["required"] == ["title"]
        assert tools["delete_task"].annotations.destructive_hint is True
        assert tools["list_tasks"].annotations.read_only_hint is True

        async def call(tool, **arguments):
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result
            return result.structured_content

        task = await call("add_task", title="From afar", due_date="2031-01-01")
        assert (task["id"], task["due_date"], task["completed"]) == (1, "2031-01-01", False)
        assert (await call("update_task", task_id=1, description="far away"))["description"] == "far away"
        assert (await call("update_task", task_id=1, clear_due_date=True))["due_date"] is None
        assert (await call("complete_task", task_id=1))["completed"] is True
        assert (await call("complete_task", task_id=1))["completed"] is True
        assert (await call("complete_task", task_id=1, completed=False))["completed"] is False
        assert (await call("complete_task", task_id=1))["completed"] is True
        found = await call("list_tasks", status="completed", query="afar")
        assert (found["total"], found["tasks"][0]["title"]) == (1, "From afar")
        assert await call("delete_task", task_id=1) == {"id": 1, "title": "From afar", "deleted": True}

        for tool, arguments, says in (
            ("complete_task", {"task_id": 1}, "You have no task 1."),
            ("update_task", {"task_id": 1}, "Nothing to change"),
            ("add_task", {"title": ""}, "at least 1 character"),
            ("add_task", {"title": "x", "due_date": "soon"}, "date"),
            ("list_tasks", {"status": "gone"}, "pending"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert says in result.content[0].text

    run(chatbot.url, ada.token, work, mode=mode)
    assert ada.tasks() == []


def test_acts_for_the_tokens_owner_only(ada, bob, chatbot):
    bob.add("Bob's")

    async def work(client: Client) -> None:
        assert (await client.call_tool("list_tasks", {})).structured_content["total"] == 0
        assert (await client.call_tool("delete_task", {"task_id": 1})).is_error

    run(chatbot.url, ada.token, work)
    assert len(bob.tasks()) == 1


def test_any_host_name_may_lead_here(ada, chatbot):
    # Behind the frontend's proxy and the node's port the name varies; what guards is the token.
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = ada.headers | {"Accept": "application/json, text/event-stream", "Host": "todo.example:30001"}
    response = chatbot.client.post("/mcp", json=body, headers=headers)
    assert response.status_code == 200
    assert len(response.json()["result"]["tools"]) == 5


def test_bad_tokens_are_refused(chatbot):
    for value in ("Bearer rubbish", "Basic eDp5", "Bearer"):
        response = chatbot.client.post("/mcp", json={}, headers={"Authorization": value})
        assert response.status_code == 401
        assert set(response.json()["error"]) == {"code", "message", "request_id"}
