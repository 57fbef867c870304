"""What an assistant gets to work with: an MCP client on our own server, which records every call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent, Tool

from app.mcp_server import local_token
from backend_common.logs import get_logger

log = get_logger("tools")

CALL_SECONDS = 30


class ToolFailed(Exception):
    """A tool said no; the text says why, in words for the person."""


@dataclass
class ToolCall:
    """One call, as the API and the database show it."""

    name: str
    arguments: dict[str, Any]
    result: Any = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "arguments": self.arguments, "result": self.result}


OnCall = Callable[[ToolCall], Awaitable[None]]
BeforeChange = Callable[[], Awaitable[None]]
READING = ("list_tasks",)


@dataclass
class ToolBox:
    """The tools, on behalf of one person, during one turn."""

    server: MCPServer
    connect: Callable[[], Awaitable[Client]]
    on_call: OnCall
    before_change: BeforeChange | None = None
    calls: list[ToolCall] = field(default_factory=list)

    async def specifications(self) -> list[Tool]:
        """The tools with their descriptions and input schemas."""
        return await self.server.list_tools()

    async def _finished(self, call: ToolCall) -> CallToolResult:
        """Call a tool. Who stops the turn waits for a call that has begun: what is told of it has to be true."""
        client = await self.connect()
        work = asyncio.ensure_future(client.call_tool(call.name, call.arguments))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work}, timeout=CALL_SECONDS)
            if work.done() and not work.cancelled() and not work.exception():
                self._record(call, work.result())
            raise

    @staticmethod
    def _record(call: ToolCall, result: CallToolResult) -> str:
        """Note what came of a call; the reason if it failed."""
        text = " ".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.is_error:
            why = text.removeprefix(f"Error executing tool {call.name}: ").strip() or "The tool failed."
            call.result = {"error": why}
            return why
        call.result = result.structured_content if result.structured_content is not None else text
        if isinstance(call.result, dict) and call.result.keys() == {"result"}:
            # A list, which structured content can't be.
            call.result = call.result["result"]
        return ""

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call a tool and return its structured result; `on_call` hears of it before and, with the result, after.

        Raises:
            ToolFailed: the call is recorded all the same.
        """
        if self.before_change and name not in READING:
            await self.before_change()
            self.before_change = None
        call = ToolCall(name, arguments)
        self.calls.append(call)
        await self.on_call(call)
        try:
            return await self._run(call)
        finally:
            await self.on_call(call)

    async def _run(self, call: ToolCall) -> Any:
        name = call.name
        try:
            result = await self._finished(call)
        except MCPError as error:
            log.error("tool not answered", tool=name, reason=str(error))
            call.result = {"error": "The tool did not answer."}
            raise ToolFailed(call.result["error"]) from None
        if why := self._record(call, result):
            log.info("tool failed", tool=name)
            raise ToolFailed(why)
        log.info("tool called", tool=name)
        return call.result


class _Connection:
    """A connection to the server in memory, made when it is first needed: a greeting needs none.

    Opening and closing have to be done by one and the same task, and who needs it first may be any: so it has a task of
    its own.
    """

    def __init__(self, server: MCPServer):
        self._server = server
        self._task: asyncio.Task[None] | None = None
        self._done = asyncio.Event()

    async def client(self) -> Client:
        """The client, connected."""
        if self._task is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._hold())
        return await asyncio.shield(self._opened)

    async def _hold(self) -> None:
        try:
            async with Client(self._server, read_timeout_seconds=CALL_SECONDS, cache=None) as client:
                self._opened.set_result(client)
                await self._done.wait()
        except Exception as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)

    async def close(self) -> None:
        """Close it, if it was opened."""
        self._done.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def open_toolbox(
    server: MCPServer, token: str, on_call: OnCall, before_change: BeforeChange | None = None
) -> AsyncIterator[ToolBox]:
    """Tools for the person whom `token` names, by a connection to the server in memory.

    Args:
        server: Ours.
        token: The person's access token.
        on_call: Told of each call before it is made and, with its result, after.
        before_change: Told, once, before the first call that may change a task.
    """
    reset = local_token.set(token)
    connection = _Connection(server)
    try:
        yield ToolBox(server, connection.client, on_call, before_change)
    finally:
        await connection.close()
        local_token.reset(reset)
