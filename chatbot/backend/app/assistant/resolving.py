"""From what a person called them to the tasks themselves; what is not clear becomes a question."""

from app.assistant import Turn
from app.assistant import wording as say
from app.assistant.doing import due_matches, load_tasks
from app.assistant.matching import Found, Task, find, find_about
from app.assistant.questions import Ask, NeedMore, ask
from app.assistant.references import By, Ref
from app.assistant.understand import Kind, Request
from app.toolbox import ToolBox

WHICH = "Which task do you mean? Name it by its number, for example “task 3”."


def spoken_of(turn: Turn) -> tuple[int, ...]:
    """The tasks that the last answer which did something dealt with, for "it" and "them"."""
    for message in reversed(turn.history):
        results = [call.get("result") for call in message.tool_calls or []]
        dealt = [result for result in results if isinstance(result, dict) and "task_id" in result]
        if dealt:
            return tuple(dict.fromkeys(result["task_id"] for result in dealt if result["status"] != "deleted"))
    return ()


class Resolver:
    """Finds the tasks of one request. The list is read once, and not at all for a single number."""

    def __init__(self, request: Request, turn: Turn, tools: ToolBox):
        self._request = request
        self._turn = turn
        self._tools = tools
        self._tasks: list[Task] | None = None

    async def _all(self) -> list[Task]:
        if self._tasks is None:
            self._tasks = await load_tasks(self._tools)
        return self._tasks

    async def _eligible(self) -> tuple[list[Task], list[Task]]:
        """The tasks that the request would change, and the others."""
        wanted = {Kind.COMPLETE: False, Kind.REOPEN: True}.get(self._request.kind)
        tasks = await self._all()
        if wanted is None:
            return tasks, []
        return (
            [task for task in tasks if task["completed"] == wanted],
            [task for task in tasks if task["completed"] != wanted],
        )

    async def resolve(self) -> list[Task]:
        """The tasks, at least one.

        Raises:
            NeedMore: when it isn't clear which, or when so many are meant that the person has to confirm it.
        """
        ref = self._request.ref
        if ref is None:
            raise NeedMore(WHICH)
        tasks = await self._tasks_of(ref)
        everything = ref.by is By.ALL and ref.status == "all" and not ref.due
        if everything and len(tasks) > 1 and self._request.kind is not Kind.DELETE:
            text = f"Shall I do that with all of these {len(tasks)} tasks? Please say yes or no.\n{say.lines(tasks)}"
            raise ask(Ask.CONFIRM, text, self._request, tuple(task["id"] for task in tasks))
        return tasks

    async def _tasks_of(self, ref: Ref) -> list[Task]:
        match ref.by:
            case By.NUMBERS:
                return [{"id": number} for number in ref.numbers]
            case By.LAST:
                numbers = spoken_of(self._turn)
                if not numbers or (len(numbers) > 1 and not ref.many):
                    raise NeedMore(WHICH)
                return [{"id": number} for number in numbers]
            case By.NEWEST:
                tasks = await self._all()
                return [self._some(tasks, "You have no tasks.")[-1]]
            case By.ALL:
                return await self._everything(ref)
            case By.ABOUT:
                return await self._about(ref)
            case By.SEVERAL:
                return await self._several(ref)
            case _:
                return [await self._by_words(ref)]

    @staticmethod
    def _some(tasks: list[Task], otherwise: str) -> list[Task]:
        if not tasks:
            raise NeedMore(otherwise)
        return tasks

    async def _everything(self, ref: Ref) -> list[Task]:
        tasks, _ = await self._eligible()
        if ref.status != "all":
            tasks = [task for task in tasks if task["completed"] == (ref.status == "completed")]
        if ref.due:
            tasks = [task for task in tasks if due_matches(task, ref.due, self._turn.today)]
        what = say.what_tasks(0, ref.status, "", ref.due, self._turn.today)
        return self._some(tasks, f"You have {what} for that.")

    async def _about(self, ref: Ref) -> list[Task]:
        """All tasks about something. What is only nearly so is asked about."""
        tasks, _ = await self._eligible()
        # "every day" may be words of one title.
        found = find_about(tasks, ref.words)
        self._some(found.tasks, self._not_found(ref.words))
        if not found.literal:
            raise self._which(found)
        return found.tasks

    async def _several(self, ref: Ref) -> list[Task]:
        if ref.words:
            tasks, _ = await self._eligible()
            whole = find(tasks, ref.words)
            if whole.literal and len(whole.tasks) == 1:
                return whole.tasks
        together: dict[int, Task] = {}
        for part in ref.parts:
            try:
                together |= {task["id"]: task for task in await self._tasks_of(part)}
            except NeedMore as need:
                # The other parts would be forgotten with the question.
                raise NeedMore(f"{need}\nNothing was changed yet; please name them all by their numbers.") from None
        return list(together.values())

    async def _by_words(self, ref: Ref) -> Task:
        """The one task that words mean. Deleting needs the words as they are in the title."""
        likely, others = await self._eligible()
        found = find(likely, ref.words)
        if not found.tasks or not found.literal:
            other = find(others, ref.words)
            found = other if other.literal or not found.tasks else found
        self._some(found.tasks, self._not_found(ref.words))
        deleting = self._request.kind is Kind.DELETE
        if len(found.tasks) > 1 or not found.sure or (deleting and not found.literal):
            raise self._which(found)
        return found.tasks[0]

    @staticmethod
    def _not_found(words: str) -> str:
        return f"I found no task “{words}”. Say “show my tasks” to see them, or name one by its number."

    def _which(self, found: Found) -> NeedMore:
        tasks = found.tasks[:10]
        if len(tasks) == 1:
            text = f"Do you mean {say.named(tasks[0]['id'], tasks[0]['title'])}? Please say yes or no."
        else:
            text = f"Which of these do you mean? Name it by its number.\n{say.lines(tasks)}"
        return ask(Ask.CHOOSE, text, self._request, tuple(task["id"] for task in tasks))
