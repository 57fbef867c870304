"""Tools on a list in memory, for tests of what the built-in assistant understands."""

from dataclasses import dataclass, field
from typing import Any

from app.toolbox import ToolCall, ToolFailed

STATUS = {"add_task": "created", "update_task": "updated", "delete_task": "deleted"}


@dataclass
class FakeTools:
    """Answers as the MCP server does."""

    tasks: list[dict[str, Any]]
    calls: list[ToolCall] = field(default_factory=list)

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        call = ToolCall(name, arguments)
        self.calls.append(call)
        call.result = self._do(name, **arguments)
        return call.result

    def _do(self, name: str, task_id: int = 0, **given: Any) -> Any:
        if name == "list_tasks":
            wanted = {"all": (True, False), "pending": (False,), "completed": (True,)}[given["status"]]
            query = given.get("query", "").casefold()
            found = [t for t in self.tasks if t["completed"] in wanted and query in t["title"].casefold()]
            return [dict(task) for task in found[given.get("offset", 0) :]]
        if name == "add_task":
            task = {"id": self.tasks[-1]["id"] + 1, "completed": False, "due_date": None, **given}
            self.tasks.append(task)
        else:
            task = next((task for task in self.tasks if task["id"] == task_id), None)
            if task is None:
                raise ToolFailed(f"You have no task {task_id}.")
        status = STATUS.get(name)
        if name == "complete_task":
            task["completed"] = given.get("completed", True)
            status = "completed" if task["completed"] else "reopened"
        if name == "delete_task":
            self.tasks.remove(task)
        if name == "update_task":
            task |= {key: value for key, value in given.items() if key in task}
        return {"task_id": task["id"], "status": status, "title": task["title"]}
