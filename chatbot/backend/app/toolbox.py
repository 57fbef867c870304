"""What an assistant gets to work with: an MCP client on our own server, which records every call."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent, Tool

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


@dataclass
class ToolBox:
    """The tools, on behalf of one person, during one turn."""

    client: Client
    on_call: OnCall
    calls: list[ToolCall] = field(default_factory=list)

    async def specifications(self) -> list[Tool]:
        """The tools with their descriptions and input schemas."""
        return (await self.client.list_tools()).tools

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call a tool and return its structured result; `on_call` hears of it before and, with the result, after.

        Raises:
            ToolFailed: the call is recorded all the same.
        """
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
            result = await self.client.call_tool(name, call.arguments)
        except MCPError as error:
            log.error("tool not answered", tool=name, reason=str(error))
            call.result = {"error": "The tool did not answer."}
            raise ToolFailed(call.result["error"]) from None
        text = " ".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.is_error:
            why = text.removeprefix(f"Error executing tool {name}: ").strip() or "The tool failed."
            call.result = {"error": why}
            log.info("tool failed", tool=name)
            raise ToolFailed(why)
        call.result = result.structured_content if result.structured_content is not None else text
        log.info("tool called", tool=name)
        return call.result


@asynccontextmanager
async def open_toolbox(server: MCPServer, token: str, on_call: OnCall) -> AsyncIterator[ToolBox]:
    """Connect to the server in memory for the person whom `token` names."""
    reset = local_token.set(token)
    try:
        async with Client(server, read_timeout_seconds=CALL_SECONDS, cache=None) as client:
            yield ToolBox(client, on_call)
    finally:
        local_token.reset(reset)
