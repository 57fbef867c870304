"""What the built-in assistant does with tasks once it is clear with which."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.assistant import wording as say
from app.assistant.matching import Task
from app.assistant.questions import NeedMore
from app.assistant.understand import Kind, Request
from app.toolbox import ToolBox, ToolFailed

PAGE = 500
TASKS_MAX = 2000
AT_ONCE_MAX = 100


async def load_tasks(tools: ToolBox, status: str = "all", query: str = "") -> list[Task]:
    """The person's tasks by number (of more than TASKS_MAX the newest)."""
    arguments: dict[str, Any] = {"status": status} | ({"query": query} if query else {})
    tasks: list[Task] = []
    while len(tasks) < TASKS_MAX:
        offset = {"offset": len(tasks)} if tasks else {}
        page = await tools.call("list_tasks", {**arguments, "limit": PAGE, **offset})
        tasks = page + tasks
        if len(page) < PAGE:
            break
    return tasks


def due_matches(task: Task, due: str, today: date) -> bool:
    """Whether a task is "overdue", due on the day `due`, or, for "until" a day, from today to that day."""
    if due.startswith("until "):
        return bool(task["due_date"]) and today.isoformat() <= task["due_date"] <= due.removeprefix("until ")
    if due == "overdue":
        return bool(task["due_date"]) and task["due_date"] < today.isoformat()
    return task["due_date"] == due


async def _do(request: Request, number: int, tools: ToolBox) -> str:
    """Do it with one task and say so."""
    match request.kind:
        case Kind.COMPLETE:
            task = await tools.call("complete_task", {"task_id": number})
            said = "Completed"
        case Kind.REOPEN:
            task = await tools.call("complete_task", {"task_id": number, "completed": False})
            said = "Opened again:"
        case Kind.DELETE:
            task = await tools.call("delete_task", {"task_id": number})
            said = "Deleted"
        case _:
            changes = {
                "title": request.title,
                "description": request.description,
                "due_date": request.due and request.due.isoformat(),
                "clear_due_date": request.clear_due,
            }
            given = {name: value for name, value in changes.items() if value}
            task = await tools.call("update_task", {"task_id": number, **given})
            due = f", due {request.due}" if request.due else ", without a due date" if request.clear_due else ""
            return f"Changed {say.named(task['task_id'], task['title'])}{due}."
    return f"{said} {say.named(task['task_id'], task['title'])}."


async def carry_out(request: Request, numbers: Sequence[int], tools: ToolBox) -> str:
    """Do it with each task; one that fails keeps no other from being done, and each is accounted for.

    Raises:
        ToolFailed: when there was but one, and it failed.
        NeedMore: when that would be too much at once.
    """
    if len(numbers) > AT_ONCE_MAX:
        raise NeedMore(f"That would be {len(numbers)} tasks; I change at most {AT_ONCE_MAX} at once.")
    if request.kind is Kind.TOGGLE:
        done = {task["id"] for task in await load_tasks(tools, "completed")}
        texts = [
            await carry_out(Request(Kind.REOPEN if number in done else Kind.COMPLETE), [number], tools)
            for number in numbers
        ]
        return "\n".join(texts)
    if len(numbers) == 1:
        return await _do(request, numbers[0], tools)
    texts = []
    for number in numbers:
        try:
            texts.append(await _do(request, number, tools))
        except ToolFailed as failure:
            texts.append(f"Task {number}: {failure}")
    return "\n".join(texts)
