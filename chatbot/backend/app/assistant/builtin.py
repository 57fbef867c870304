"""The assistant that needs neither key nor network: rules understand, MCP tools do the work."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from app.assistant import OnText, Turn
from app.assistant.understand import Intent, Kind, Ref, understand
from app.toolbox import ToolBox, ToolFailed
from backend_common.logs import get_logger

log = get_logger("built-in-assistant")

Task = dict[str, Any]
TITLE_MAX = 200
SHOWN_MAX = 50
EXAMPLES = """• add buy milk by Friday
• show my pending tasks
• complete task 3
• rename task 3 to buy oat milk
• move task 3 to next Monday
• delete task 3"""
HELP = f"I am the built-in assistant and look after your tasks. You can say, for example:\n{EXAMPLES}"
UNKNOWN = f"Sorry, I did not understand that. I am the built-in assistant and know plain requests such as:\n{EXAMPLES}"


class NeedMore(Exception):
    """What is missing or unclear, as a question to the person."""


def _line(task: Task) -> str:
    due = f" (due {task['due_date']})" if task["due_date"] else ""
    return f"{task['id']}. {'✓ ' if task['completed'] else ''}{task['title']}{due}"


def _named(task: Task) -> str:
    return f"task {task['id']}, “{task['title']}”"


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def find_by_words(tasks: list[Task], text: str) -> list[Task]:
    """The tasks that `text` may mean: the same title, else one that contains it, else one with all its words."""
    wanted = _words(text)
    joined = " ".join(wanted)
    if not wanted:
        return []
    rules: list[Callable[[list[str]], bool]] = [
        lambda words: words == wanted,
        lambda words: f" {joined} " in f" {' '.join(words)} ",
        lambda words: set(wanted) <= set(words),
        lambda words: joined in " ".join(words),
    ]
    for rule in rules:
        if found := [task for task in tasks if rule(_words(task["title"]))]:
            return found
    return []


def spoken_of(turn: Turn) -> tuple[int, ...]:
    """The tasks that the last answers dealt with, for "it" and "that one"."""
    for message in reversed(turn.history):
        ids = [
            call["result"]["id"]
            for call in message.tool_calls or []
            if isinstance(call.get("result"), dict) and "id" in call["result"] and call["name"] != "delete_task"
        ]
        if ids:
            return (ids[-1],)
    return ()


class BuiltInAssistant:
    """See app.assistant.Assistant."""

    name = "built-in"

    async def answer(self, turn: Turn, tools: ToolBox, on_text: OnText) -> str:
        """Understand, act, and say what was done; whatever goes wrong becomes an answer, too."""
        intent = understand(turn.message, datetime.now(UTC).date())
        log.info("understood", intent=intent.kind)
        try:
            text = await self._act(intent, turn, tools)
        except NeedMore as question:
            text = str(question)
        except ToolFailed as failure:
            text = f"That did not work: {failure}"
        await on_text(text)
        return text

    async def _act(self, intent: Intent, turn: Turn, tools: ToolBox) -> str:
        match intent.kind:
            case Kind.GREETING:
                return "Hello! I look after your tasks. Say “show my tasks”, “add buy milk”, or “help”."
            case Kind.THANKS:
                return "You're welcome!"
            case Kind.HELP:
                return HELP
            case Kind.ADD:
                return await self._add(intent, tools)
            case Kind.LIST:
                return await self._list(intent, tools)
            case Kind.COMPLETE | Kind.REOPEN | Kind.TOGGLE:
                return await self._mark(intent, turn, tools)
            case Kind.DELETE:
                return await self._delete(intent, turn, tools)
            case Kind.UPDATE:
                return await self._update(intent, turn, tools)
            case _:
                return UNKNOWN

    async def _add(self, intent: Intent, tools: ToolBox) -> str:
        if not intent.title:
            raise NeedMore("What shall I add? Say, for example: add buy milk by Friday.")
        if len(intent.title) > TITLE_MAX:
            raise NeedMore(f"A title has at most {TITLE_MAX} characters; this one has {len(intent.title)}.")
        arguments: dict[str, Any] = {"title": intent.title}
        if intent.due:
            arguments["due_date"] = intent.due.isoformat()
        task = await tools.call("add_task", arguments)
        due = f", due {task['due_date']}" if task["due_date"] else ""
        return f"Added {_named(task)}{due}."

    async def _list(self, intent: Intent, tools: ToolBox) -> str:
        arguments: dict[str, Any] = {"status": intent.status}
        if intent.query:
            arguments["query"] = intent.query
        found = await tools.call("list_tasks", arguments)
        tasks, total = found["tasks"], found["total"]
        kind = "" if intent.status == "all" else f"{intent.status} "
        about = f" with “{intent.query}”" if intent.query else ""
        if intent.due_only:
            tasks = [task for task in tasks if _is_due(task, intent.due_only, datetime.now(UTC).date())]
            total = len(tasks)
            about += f" {intent.due_only}" if intent.due_only == "overdue" else f" due {intent.due_only}"
        if not tasks:
            hint = "" if intent.query or kind else " Say “add …” to make one."
            return f"You have no {kind}tasks{about}.{hint}"
        lines = [_line(task) for task in tasks[:SHOWN_MAX]]
        if total > len(lines):
            lines.append(f"… and {total - len(lines)} more.")
        return f"You have {total} {kind}task{'' if total == 1 else 's'}{about}:\n" + "\n".join(lines)

    async def _find(
        self, intent: Intent, turn: Turn, tools: ToolBox, prefer_completed: bool | None = None
    ) -> list[int]:
        """The numbers of the tasks that are meant, or NeedMore."""
        ref = intent.ref
        if ref.everything:
            raise NeedMore("I change tasks one by one, to be on the safe side. Which one? Name it by its number.")
        ids = spoken_of(turn) if ref.last else ref.ids
        if ids:
            return list(ids)
        if ref.last or not ref:
            raise NeedMore("Which task do you mean? Name it by its number, for example “task 3”.")
        tasks = (await tools.call("list_tasks", {"limit": 500}))["tasks"]
        return [_choose(tasks, ref, prefer_completed)["id"]]

    async def _mark(self, intent: Intent, turn: Turn, tools: ToolBox) -> str:
        prefer = {Kind.COMPLETE: False, Kind.REOPEN: True}.get(intent.kind)
        done: list[str] = []
        for number in await self._find(intent, turn, tools, prefer):
            completed = intent.kind == Kind.COMPLETE
            if intent.kind == Kind.TOGGLE:
                tasks = (await tools.call("list_tasks", {"limit": 500}))["tasks"]
                now = next((task for task in tasks if task["id"] == number), None)
                completed = not (now and now["completed"])
            task = await self._try(tools, "complete_task", {"task_id": number, "completed": completed}, done)
            done.append(f"{'Completed' if task['completed'] else 'Opened again:'} {_named(task)}.")
        return "\n".join(done)

    async def _delete(self, intent: Intent, turn: Turn, tools: ToolBox) -> str:
        done: list[str] = []
        for number in await self._find(intent, turn, tools):
            task = await self._try(tools, "delete_task", {"task_id": number}, done)
            done.append(f"Deleted {_named(task)}.")
        return "\n".join(done)

    async def _update(self, intent: Intent, turn: Turn, tools: ToolBox) -> str:
        changes: dict[str, Any] = {}
        if intent.title:
            changes["title"] = intent.title
        if intent.description:
            changes["description"] = intent.description
        if intent.due:
            changes["due_date"] = intent.due.isoformat()
        if intent.clear_due:
            changes["clear_due_date"] = True
        if not changes:
            which = f"task {intent.ref.ids[0]}" if intent.ref.ids else "task 3"
            raise NeedMore(f"What shall I change? Say, for example: rename {which} to buy oat milk.")
        if len(intent.title) > TITLE_MAX:
            raise NeedMore(f"A title has at most {TITLE_MAX} characters; this one has {len(intent.title)}.")
        numbers = await self._find(intent, turn, tools)
        if len(numbers) > 1:
            raise NeedMore("One at a time, please: which task shall I change?")
        task = await tools.call("update_task", {"task_id": numbers[0], **changes})
        due = f", due {task['due_date']}" if task["due_date"] else ""
        return f"Changed {_named(task)}{due}."

    @staticmethod
    async def _try(tools: ToolBox, name: str, arguments: dict[str, Any], done: list[str]) -> Task:
        """Call a tool for one of several tasks; a failure keeps the account of what was done before it."""
        try:
            return await tools.call(name, arguments)
        except ToolFailed as failure:
            raise ToolFailed("\n".join([str(failure), *done])) from None


def _is_due(task: Task, when: str, today: date) -> bool:
    if not task["due_date"]:
        return False
    days = (date.fromisoformat(task["due_date"]) - today).days
    return {"overdue": days < 0, "today": days == 0, "tomorrow": days == 1}[when]


def _choose(tasks: list[Task], ref: Ref, prefer_completed: bool | None) -> Task:
    """The one task that is meant; NeedMore when there is none or more than one."""
    if ref.newest:
        if not tasks:
            raise NeedMore("You have no tasks.")
        return max(tasks, key=lambda task: task["id"])
    found = find_by_words(tasks, ref.text)
    if len(found) > 1 and prefer_completed is not None:
        found = [task for task in found if task["completed"] == prefer_completed] or found
    if not found:
        raise NeedMore(f"I found no task “{ref.text}”. Say “show my tasks” to see them, or name one by its number.")
    if len(found) > 1:
        lines = "\n".join(_line(task) for task in found[:10])
        raise NeedMore(f"Which of these do you mean? Name it by its number.\n{lines}")
    return found[0]
