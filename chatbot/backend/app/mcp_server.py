"""The MCP server: five tools on the caller's tasks. Served at /mcp and, in memory, to our own assistants."""

import json
from contextvars import ContextVar
from datetime import date
from typing import Annotated, Any, Literal

import httpx2
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

from app.todo_api import TodoApi, TodoApiError
from backend_common.tokens import bearer_token

local_token: ContextVar[str | None] = ContextVar("local_token", default=None)
"""The token of the person for whom this process itself calls a tool; calls over HTTP bring their own."""

TaskId = Annotated[int, Field(ge=1, le=2**31 - 1, description="The task's number, as the person sees it.")]
Title = Annotated[str, Field(min_length=1, max_length=200, description="What is to be done.")]
Description = Annotated[str, Field(max_length=1000, description="Details, if any.")]
DueDate = Annotated[date | None, Field(description="The day it is due, as YYYY-MM-DD.")]


class TaskChange(BaseModel):
    """What was done to a task."""

    task_id: int = Field(description="The task's number.")
    status: Literal["created", "completed", "reopened", "updated", "deleted"] = Field(description="What was done.")
    title: str = Field(description="The task's title.")


class TaskItem(BaseModel):
    """A task in a list."""

    id: int
    title: str
    completed: bool
    due_date: date | None


class TaskItems(BaseModel):
    """Tasks by number. Structured content has to be an object, so the list is its `result`, as the SDK calls it."""

    result: list[TaskItem]


def _items(tasks: list[TaskItem], total: int) -> CallToolResult:
    """The answer of list_tasks: as structured content, and as text one JSON array, where the SDK alone would make a
    piece of text of each task, and none at all of an empty list."""
    structured = TaskItems(result=tasks).model_dump(mode="json")
    texts = [json.dumps(structured["result"], ensure_ascii=False)]
    if total > len(tasks):
        texts.append(f"These are {len(tasks)} of {total} tasks.")
    content = [TextContent(type="text", text=text) for text in texts]
    return CallToolResult(content=content, structured_content=structured)


def _token(context: Context) -> str:
    # A request over HTTP has headers, and then they alone count.
    headers = context.headers
    token = local_token.get() if headers is None else bearer_token(headers.get("authorization"))
    if not token:
        raise ToolError("Please sign in: this needs an access token in the Authorization header.")
    return token


def build_mcp_server(api: TodoApi) -> MCPServer:
    """Make the server with its tools, which reach tasks through `api`."""
    server = MCPServer(
        "todo-tasks",
        title="Tasks",
        description="The signed-in person's to-do list.",
        instructions="Tasks have numbers that count from 1 for each person. Use list_tasks to find a task's number.",
        log_level="WARNING",
        subscriptions=False,
    )

    def changed(status: str, response: httpx2.Response) -> TaskChange:
        task = response.json()
        return TaskChange(task_id=task["id"], status=status, title=task["title"])

    async def send(context: Context, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            return await api.request(method, f"/api/tasks{path}", _token(context), **options)
        except TodoApiError as error:
            raise ToolError(str(error)) from None

    @server.tool(annotations=ToolAnnotations(destructive_hint=False, idempotent_hint=False, open_world_hint=False))
    async def add_task(
        title: Title, context: Context, description: Description = "", due_date: DueDate = None
    ) -> TaskChange:
        """Add a task to the person's list."""
        body = {"title": title, "description": description, "due_date": due_date and due_date.isoformat()}
        return changed("created", await send(context, "POST", "", json=body))

    @server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    async def list_tasks(
        context: Context,
        status: Annotated[
            Literal["all", "pending", "completed"], Field(description="Which tasks: all, open ones, or done ones.")
        ] = "all",
        query: Annotated[
            str, Field(max_length=200, description="Only tasks whose title or description has this.")
        ] = "",
        limit: Annotated[int, Field(ge=1, le=500, description="At most so many, the newest ones.")] = 100,
        offset: Annotated[int, Field(ge=0, le=100_000, description="Leave out so many of the newest.")] = 0,
    ) -> Annotated[CallToolResult, TaskItems]:
        """List the person's tasks by number, or find some by a word."""
        params = {"status": status, "q": query, "limit": limit, "offset": offset}
        response = await send(context, "GET", "", params=params)
        tasks = sorted(map(TaskItem.model_validate, response.json()), key=lambda task: task.id)
        return _items(tasks, int(response.headers.get("x-total-count", len(tasks))))

    @server.tool(annotations=ToolAnnotations(destructive_hint=False, idempotent_hint=True, open_world_hint=False))
    async def complete_task(
        task_id: TaskId,
        context: Context,
        completed: Annotated[bool, Field(description="False opens a completed task again.")] = True,
    ) -> TaskChange:
        """Mark a task as completed, or as open again."""
        response = await send(context, "PATCH", f"/{task_id}", json={"completed": completed})
        return changed("completed" if completed else "reopened", response)

    @server.tool(annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True, open_world_hint=False))
    async def delete_task(task_id: TaskId, context: Context) -> TaskChange:
        """Delete a task for good."""
        task = await send(context, "GET", f"/{task_id}")
        await send(context, "DELETE", f"/{task_id}")
        return changed("deleted", task)

    @server.tool(annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True, open_world_hint=False))
    async def update_task(
        task_id: TaskId,
        context: Context,
        title: Annotated[Title | None, Field(description="The new title; leave out to keep it.")] = None,
        description: Annotated[
            Description | None, Field(description="The new details; leave out to keep them.")
        ] = None,
        due_date: Annotated[DueDate, Field(description="The new day, YYYY-MM-DD; leave out to keep it.")] = None,
        clear_due_date: Annotated[bool, Field(description="True takes the due date away.")] = False,
    ) -> TaskChange:
        """Change a task's title, details or due date; what is left out stays as it is."""
        body: dict[str, Any] = {"title": title, "description": description}
        body = {name: value for name, value in body.items() if value is not None}
        if clear_due_date or due_date:
            body["due_date"] = None if clear_due_date else due_date and due_date.isoformat()
        if not body:
            raise ToolError("Nothing to change: give a title, a description or a due date.")
        return changed("updated", await send(context, "PATCH", f"/{task_id}", json=body))

    return server
