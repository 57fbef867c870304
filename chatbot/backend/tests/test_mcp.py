"""/mcp with the SDK's own client, over HTTP."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from todo_testing.service import CHATBOT_BACKEND, ROOT


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
        assert task == {"task_id": 1, "status": "created", "title": "From afar"}
        assert (await call("update_task", task_id=1, description="far away")) == task | {"status": "updated"}
        assert ada.tasks()[0]["description"] == "far away"
        for completed, status in ((True, "completed"), (True, "completed"), (False, "reopened"), (True, "completed")):
            assert (await call("complete_task", task_id=1, completed=completed)) == task | {"status": status}
            assert ada.tasks()[0]["completed"] is completed
        listed = {"id": 1, "title": "From afar", "completed": True, "due_date": "2031-01-01"}
        assert await call("list_tasks", status="completed", query="afar") == {"result": [listed]}
        assert await call("list_tasks", status="pending") == {"result": []}
        await call("update_task", task_id=1, clear_due_date=True)
        assert (await call("list_tasks"))["result"][0]["due_date"] is None
        assert await call("delete_task", task_id=1) == task | {"status": "deleted"}

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
        assert (await client.call_tool("list_tasks", {})).structured_content == {"result": []}
        assert (await client.call_tool("delete_task", {"task_id": 1})).is_error

    run(chatbot.url, ada.token, work)
    assert len(bob.tasks()) == 1


def test_a_list_reads_well_as_text(ada, chatbot):
    titles = ["one", "two, “quoted”", "three"]
    for title in titles:
        ada.add(title)

    async def work(client: Client) -> None:
        whole = await client.call_tool("list_tasks", {})
        (text,) = whole.content
        assert json.loads(text.text) == whole.structured_content["result"]
        assert [task["title"] for task in json.loads(text.text)] == titles
        newest = await client.call_tool("list_tasks", {"limit": 2})
        assert [task["id"] for task in newest.structured_content["result"]] == [2, 3]
        assert newest.content[1].text == "These are 2 of 3 tasks."
        rest = await client.call_tool("list_tasks", {"limit": 2, "offset": 2})
        assert [task["id"] for task in rest.structured_content["result"]] == [1]
        nothing = await client.call_tool("list_tasks", {"query": "none of these"})
        assert [part.text for part in nothing.content] == ["[]"]

    run(chatbot.url, ada.token, work)


LISTING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.mark.parametrize(
    "names",
    [
        {"Host": "chatbot-backend:8001"},  # the pages' proxy, also for those who come by a NodePort
        {"Host": "chatbot-backend:8001", "X-Forwarded-Host": "192.168.49.2:30001"},
        {"Host": "chatbot-backend.todo.svc.cluster.local:8001"},
        {"Host": "localhost:8001", "Origin": "http://localhost:6274"},  # port-forward, and the inspector's page
    ],
)
def test_own_names_lead_here(ada, chatbot, names):
    response = chatbot.client.post("/mcp", json=LISTING, headers=ada.headers | ACCEPT | names)
    assert response.status_code == 200
    assert len(response.json()["result"]["tools"]) == 5


@pytest.mark.parametrize(
    ("names", "status", "code"),
    [
        ({"Host": "todo.example:30001"}, 421, "foreign_host"),
        ({"Host": "localhost.evil.example"}, 421, "foreign_host"),
        ({"Host": "chatbot-backend:8001", "Origin": "http://evil.example:30001"}, 403, "foreign_origin"),
        ({"Host": "localhost", "Origin": "null"}, 403, "foreign_origin"),
    ],
)
def test_foreign_names_are_refused(ada, chatbot, names, status, code):
    # A page whose name was made to lead here (DNS rebinding) has its own name in one of the two.
    response = chatbot.client.post("/mcp", json=LISTING, headers=ada.headers | ACCEPT | names)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_other_names_by_setting(postgres, database, todo, start, ada):
    environment = {"TODO_API_URL": todo.url, "MCP_ALLOWED_HOSTS": "chat.example", "CORS_ORIGINS": "https://app.example"}
    service = start(CHATBOT_BACKEND, postgres.environment(database) | environment).wait_ready()

    def status(**names: str) -> int:
        return service.client.post("/mcp", json=LISTING, headers=ada.headers | ACCEPT | names).status_code

    assert [status(Host="chat.example:30001"), status(Host="chat.example", Origin="https://app.example")] == [200, 200]
    assert [status(), status(Host="chat.example", Origin="https://app.example.evil")] == [421, 403]


def test_bad_tokens_are_refused(chatbot):
    for value in ("Bearer rubbish", "Basic eDp5", "Bearer"):
        response = chatbot.client.post("/mcp", json={}, headers={"Authorization": value})
        assert response.status_code == 401
        assert set(response.json()["error"]) == {"code", "message", "request_id"}


INSPECTOR = ROOT / "tests/support/mcp-inspector"


@pytest.fixture(scope="module")
def inspector():
    """The MCP inspector's command line, which nobody here wrote; installed from npm once, at the pinned versions."""
    program = INSPECTOR / "node_modules/.bin/mcp-inspector"
    if not program.exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--omit=dev"], cwd=INSPECTOR, check=True, timeout=300)

    def inspect(url: str, token: str, method: str, *options: str) -> dict:
        command = [program, "--cli", f"{url}/mcp", "--transport", "http", "--header", f"Authorization: Bearer {token}"]
        command += ["--method", method, *options]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(run.stdout)

    return inspect


def test_the_inspector_lists_and_calls_every_tool(ada, chatbot, inspector):
    tools = inspector(chatbot.url, ada.token, "tools/list")["tools"]
    called = []

    def call(tool: str, **arguments: object) -> dict:
        options = [f"{name}={value}" for name, value in arguments.items()]
        called.append(tool)
        options = ["--tool-name", tool, *(["--tool-arg", *options] if options else [])]
        return inspector(chatbot.url, ada.token, "tools/call", *options)

    task = {"task_id": 1, "title": "Buy milk"}
    assert call("add_task", title="Buy milk", due_date="2031-01-01")["structuredContent"] == task | {
        "status": "created"
    }
    assert call("complete_task", task_id=1)["structuredContent"] == task | {"status": "completed"}
    task["title"] = "Buy tea"
    assert call("update_task", task_id=1, title="Buy tea")["structuredContent"] == task | {"status": "updated"}
    listed = [{"id": 1, "title": "Buy tea", "completed": True, "due_date": "2031-01-01"}]
    answer = call("list_tasks", status="completed")
    assert answer["structuredContent"]["result"] == json.loads(answer["content"][0]["text"]) == listed
    assert call("delete_task", task_id=1)["structuredContent"] == task | {"status": "deleted"}
    assert sorted(called) == sorted(tool["name"] for tool in tools)
    gone = call("delete_task", task_id=1)
    assert gone["isError"] is True
    assert "You have no task 1." in gone["content"][0]["text"]
