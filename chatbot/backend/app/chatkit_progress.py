"""A turn as ChatKit's events: what the assistant does as tasks of a workflow item, then the answer as it is spoken.

The words are made here, so that every page that speaks the protocol shows the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    CustomTask,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)

from app.toolbox import ToolCall


@dataclass(frozen=True)
class Words:
    """How a tool is spoken of; {} is the task."""

    doing: str
    done: str
    failed: str


TOOLS = {
    "add_task": Words("Adding a task…", "Added {}", "Could not add {}"),
    "list_tasks": Words(
        "Looking through your tasks…", "Looked through your tasks", "Could not look through your tasks"
    ),
    "complete_task": Words("Completing a task…", "Completed {}", "Could not complete {}"),
    "delete_task": Words("Deleting a task…", "Deleted {}", "Could not delete {}"),
    "update_task": Words("Changing a task…", "Changed {}", "Could not change {}"),
}
REOPENING = Words("Opening a task again…", "Opened {} again", "Could not open {} again")


def _words(call: ToolCall) -> Words:
    if call.name == "complete_task" and call.arguments.get("completed") is False:
        return REOPENING
    return TOOLS.get(call.name, Words(f"{call.name}…", call.name, f"{call.name} failed"))


def _quoted(title: object) -> str:
    return f"“{title}”" if isinstance(title, str) and title else ""


def _numbered(given: dict[str, Any]) -> str:
    number = given.get("task_id", given.get("id"))
    return f"task {number}" if isinstance(number, int) else ""


def _found(result: object) -> str:
    """How many tasks a list has, as the tool or the protocol packs it."""
    match result:
        case {"total": int(amount)}:
            pass
        case list(tasks) | {"tasks": list(tasks)} | {"result": list(tasks)}:
            amount = len(tasks)
        case _:
            return ""
    return f"Found {amount or 'no'} task{'' if amount in (0, 1) else 's'}"


def _within(sentence: str) -> str:
    """A tool's sentence as it goes on behind a colon."""
    sentence = sentence.strip().removesuffix(".")
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def doing(call: ToolCall) -> CustomTask:
    """A call that is under way."""
    return CustomTask(title=_words(call).doing, status_indicator="loading")


def done(call: ToolCall) -> CustomTask:
    """A call with its result. What failed has no tick."""
    words, result = _words(call), call.result
    if isinstance(result, dict) and (why := result.get("error")):
        # The title given to update_task is the one that the task did not get.
        subject = _numbered(call.arguments) or _quoted(call.arguments.get("title")) or "a task"
        return CustomTask(title=f"{words.failed.format(subject)}: {_within(str(why))}", icon="info")
    if call.name == "list_tasks":
        return CustomTask(title=_found(result) or words.done, status_indicator="complete")
    given = result if isinstance(result, dict) else {}
    subject = (
        _quoted(given.get("title"))
        or _quoted(call.arguments.get("title"))
        or _numbered(given)
        or _numbered(call.arguments)
        or "a task"
    )
    return CustomTask(title=words.done.format(subject), status_indicator="complete")


def _broken_off(task: CustomTask) -> CustomTask:
    title = f"{(task.title or '').removesuffix('…')}: stopped"
    return task.model_copy(update={"title": title, "status_indicator": "none"})


def stopped(item: WorkflowItem) -> WorkflowItem:
    """The item after the turn was broken off: nobody knows what came of calls that were under way."""
    tasks = [_broken_off(task) if task.status_indicator == "loading" else task for task in item.workflow.tasks]
    return item.model_copy(update={"workflow": item.workflow.model_copy(update={"tasks": tasks})})


class Narrator:
    """Gives the events of one turn. Items go out as copies: they change before the stream has written them."""

    def __init__(self, answer: AssistantMessageItem, new_workflow: Callable[[], WorkflowItem]):
        self._answer = answer
        self._answering = False
        self._new_workflow = new_workflow
        self._workflow: WorkflowItem | None = None
        self._calls: list[ToolCall] = []

    def said(self, delta: str) -> Iterator[ThreadStreamEvent]:
        """Some text. What was done before is complete then, and stored ahead of the answer."""
        if self._workflow and all(task.status_indicator != "loading" for task in self._workflow.workflow.tasks):
            yield from self._close()
        yield from self._begin_answer()
        update = AssistantMessageContentPartTextDelta(content_index=0, delta=delta)
        yield ThreadItemUpdatedEvent(item_id=self._answer.id, update=update)

    def called(self, call: ToolCall) -> Iterator[ThreadStreamEvent]:
        """A call that begins, or that has its result."""
        index = next((index for index, known in enumerate(self._calls) if known is call), None)
        if index is None:
            self._calls.append(call)
            yield self._add(doing(call))
        elif self._workflow and call.result is not None:
            task = self._workflow.workflow.tasks[index] = done(call)
            update = WorkflowTaskUpdated(task_index=index, task=task)
            yield ThreadItemUpdatedEvent(item_id=self._workflow.id, update=update)

    def ended(self, text: str) -> Iterator[ThreadStreamEvent]:
        """The whole answer."""
        yield from self._close()
        yield from self._begin_answer()
        content = AssistantMessageContent(text=text)
        update = AssistantMessageContentPartDone(content_index=0, content=content)
        yield ThreadItemUpdatedEvent(item_id=self._answer.id, update=update)
        yield ThreadItemDoneEvent(item=self._answer.model_copy(update={"content": [content]}))

    def failed(self) -> Iterator[ThreadStreamEvent]:
        """No answer will come: what was done stays on record."""
        yield from self._close()

    def broken_off(self) -> WorkflowItem | None:
        """What was done of a turn that the reader stopped, if it isn't on record yet."""
        workflow, self._workflow = self._workflow, None
        return stopped(workflow) if workflow else None

    def _begin_answer(self) -> Iterator[ThreadStreamEvent]:
        if not self._answering:
            self._answering = True
            yield ThreadItemAddedEvent(item=self._answer)

    def _add(self, task: CustomTask) -> ThreadStreamEvent:
        if self._workflow is None:
            # As the SDK does it: a workflow that is shown has a task.
            self._workflow = self._new_workflow()
            self._workflow.workflow.tasks.append(task)
            return ThreadItemAddedEvent(item=self._workflow.model_copy(deep=True))
        self._workflow.workflow.tasks.append(task)
        update = WorkflowTaskAdded(task_index=len(self._calls) - 1, task=task)
        return ThreadItemUpdatedEvent(item_id=self._workflow.id, update=update)

    def _close(self) -> Iterator[ThreadStreamEvent]:
        if self._workflow:
            yield ThreadItemDoneEvent(item=stopped(self._workflow))
        self._workflow, self._calls = None, []
