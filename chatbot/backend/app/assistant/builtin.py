"""The assistant that needs neither key nor network: templates understand, MCP tools do the work.

It changes what was named clearly and asks about everything else; what it asks is kept with its answer, not here.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from app.assistant import Answer, OnText, Turn
from app.assistant import wording as say
from app.assistant.dates import parse_day, split_due
from app.assistant.doing import carry_out, due_matches, load_tasks
from app.assistant.matching import find
from app.assistant.questions import Ask, NeedMore, Question, ask
from app.assistant.resolving import Resolver
from app.assistant.text import Text
from app.assistant.understand import Kind, Request, Said, title_case, understand, understand_answer
from app.toolbox import ToolBox, ToolFailed
from backend_common.logs import get_logger

log = get_logger("built-in-assistant")

TITLE_MAX = 200
DESCRIPTION_MAX = 1000
CHANGES = (
    Kind.COMPLETE,
    Kind.REOPEN,
    Kind.TOGGLE,
    Kind.DELETE,
    Kind.RENAME,
    Kind.DESCRIBE,
    Kind.RESCHEDULE,
)
WARMING = (
    "hello",
    "please show my pending tasks",
    "what is due today?",
    "find milk",
    "add buy milk in 3 weeks",
    "don't forget to call by friday",
    "mark 1 and the milk as done",
    "i finished all groceries tasks",
    "reopen it",
    "rename task 3 to oat milk",
    "set the note of 3 to: x",
    "move task 3 to 3 May",
    "remove the due date of all overdue tasks",
    "delete the last one",
)
"""Together they have every kind of sentence read."""
NOT_A_TITLE = (Kind.LIST, Kind.HELP, Kind.ADD, Kind.GREETING, Kind.THANKS, Kind.TOO_LONG)


class BuiltInAssistant:
    """See app.assistant.Assistant."""

    name = "built-in"

    def warm_up(self) -> None:
        """Have all sentences read: hassil reads them when they are first needed."""
        today = date(2030, 1, 16)
        for message in WARMING:
            understand(message, today)
        understand_answer("the second one", (1, 2))

    async def answer(self, turn: Turn, tools: ToolBox, on_text: OnText) -> Answer:
        """Understand, act, and say what was done; whatever goes wrong becomes an answer, too."""
        question = Question.from_dict(turn.question)
        try:
            answer = Answer(await self._answer(question, turn, tools))
        except NeedMore as need:
            answer = Answer(str(need), need.question and need.question.as_dict())
        except ToolFailed as failure:
            answer = Answer(f"That did not work: {failure}")
        await on_text(answer.text)
        return answer

    async def _answer(self, question: Question | None, turn: Turn, tools: ToolBox) -> str:
        request = understand(turn.message, turn.today)
        log.info("understood", intent=request.kind, asked=question and question.ask)
        if question is not None:
            said = await self._answered(question, request, turn, tools)
            if said is not None:
                return said
            if request.kind is Kind.UNKNOWN:
                raise NeedMore(f"Sorry, I did not understand that. {question.text}", question)
        elif request.kind is Kind.UNKNOWN and understand_answer(turn.message, ())[0] in (Said.YES, Said.NO):
            return say.NOTHING_ASKED
        return await self._act(request, turn, tools)

    async def _act(self, request: Request, turn: Turn, tools: ToolBox) -> str:
        match request.kind:
            case Kind.GREETING:
                return say.GREETING
            case Kind.THANKS:
                return say.THANKS
            case Kind.HELP:
                return say.HELP
            case Kind.TOO_LONG:
                return say.TOO_LONG
            case Kind.ADD:
                return await self._add(request, tools)
            case Kind.LIST:
                return await self._list(request, turn, tools)
            case kind if kind in CHANGES:
                return await self._change(request, turn, tools)
            case _:
                return say.UNKNOWN

    async def _answered(self, question: Question, request: Request, turn: Turn, tools: ToolBox) -> str | None:
        """What comes of the message as an answer to `question`; None when it is none."""
        said, picked = understand_answer(turn.message, question.options)
        wanted = question.request
        text = Text(turn.message)
        if said is Said.NO:
            return "All right, I leave everything as it is."
        match question.ask:
            case Ask.CONFIRM if said in (Said.YES, Said.ALL):
                return await carry_out(wanted, question.options, tools)
            case Ask.CONFIRM if said is Said.PICK:
                return await carry_out(wanted, picked, tools)
            case Ask.CHOOSE if said is Said.YES and len(question.options) == 1:
                return await carry_out(wanted, question.options, tools)
            case Ask.CHOOSE if said in (Said.PICK, Said.ALL):
                return await self._carefully(wanted, picked, tools)
            case Ask.CHOOSE if request.kind is Kind.UNKNOWN:
                tasks = [task for task in await load_tasks(tools) if task["id"] in question.options]
                found = find(tasks, text.plain(text.folded))
                if found.literal and len(found.tasks) == 1:
                    return await carry_out(wanted, (found.tasks[0]["id"],), tools)
            case Ask.TITLE if request.kind not in NOT_A_TITLE:
                title, day = split_due(text.folded, turn.today)
                return await self._add(replace(wanted, title=title_case(text.plain(title)), due=day), tools)
            case Ask.NEW_TITLE if request.kind not in NOT_A_TITLE:
                wanted = replace(wanted, title=text.plain(text.folded))
                self._check_length(wanted)
                return await carry_out(wanted, question.options, tools)
            case Ask.DAY:
                if day := parse_day(text.folded.strip(" .!?"), turn.today):
                    return await carry_out(replace(wanted, due=day), question.options, tools)
        return None

    @staticmethod
    def _check_length(request: Request) -> None:
        if len(request.title) > TITLE_MAX:
            raise NeedMore(f"A title has at most {TITLE_MAX} characters; this one has {len(request.title)}.")
        if len(request.description) > DESCRIPTION_MAX:
            raise NeedMore(f"A note has at most {DESCRIPTION_MAX} characters.")

    async def _add(self, request: Request, tools: ToolBox) -> str:
        if not request.title:
            raise ask(Ask.TITLE, "What shall I add? Say, for example: buy milk by Friday.", request)
        self._check_length(request)
        arguments: dict[str, Any] = {"title": request.title}
        if request.due:
            arguments["due_date"] = request.due.isoformat()
        task = await tools.call("add_task", arguments)
        due = f", due {request.due}" if request.due else ""
        return f"Added {say.named(task['task_id'], task['title'])}{due}."

    async def _list(self, request: Request, turn: Turn, tools: ToolBox) -> str:
        tasks = await load_tasks(tools, request.status, request.query)
        if request.due_filter:
            tasks = [task for task in tasks if due_matches(task, request.due_filter, turn.today)]
        what = say.what_tasks(len(tasks), request.status, request.query, request.due_filter, turn.today)
        if tasks:
            return f"You have {what}:\n{say.lines(tasks)}"
        everything = request.status == "all" and not request.query
        return f"You have {what}.{' Say “add …” to make one.' if everything else ''}"

    async def _change(self, request: Request, turn: Turn, tools: ToolBox) -> str:
        self._check_length(request)
        tasks = await Resolver(request, turn, tools).resolve()
        numbers = tuple(task["id"] for task in tasks)
        if request.kind is Kind.RENAME and not request.title:
            self._one(numbers)
            raise ask(Ask.NEW_TITLE, f"What shall task {numbers[0]} be called?", request, numbers)
        if request.kind is Kind.RESCHEDULE and not (request.due or request.clear_due):
            raise ask(Ask.DAY, "To which day? Say, for example: next Monday, or 3 May.", request, numbers)
        return await self._carefully(request, numbers, tools)

    async def _carefully(self, request: Request, numbers: tuple[int, ...], tools: ToolBox) -> str:
        """Do it, unless it would delete more than one task: then ask first."""
        if request.kind in (Kind.RENAME, Kind.DESCRIBE):
            self._one(numbers)
        if request.kind is Kind.DELETE and len(numbers) > 1:
            tasks = [task for task in await load_tasks(tools) if task["id"] in numbers]
            raise confirm(request, tasks, missing=[n for n in numbers if n not in {task["id"] for task in tasks}])
        return await carry_out(request, numbers, tools)

    @staticmethod
    def _one(numbers: tuple[int, ...]) -> None:
        if len(numbers) != 1:
            raise NeedMore("One at a time, please: which task shall I change? Name it by its number.")


def confirm(request: Request, tasks: list[dict[str, Any]], missing: list[int]) -> NeedMore:
    """Ask whether these tasks are really to be deleted."""
    none = f"You have no task {', '.join(map(str, missing))}. " if missing else ""
    if not tasks:
        return NeedMore(f"{none}Nothing was deleted.")
    these = "this task" if len(tasks) == 1 else f"these {len(tasks)} tasks"
    text = f"{none}Shall I delete {these} for good? Please say yes or no.\n{say.lines(tasks)}"
    return ask(Ask.CONFIRM, text, request, tuple(task["id"] for task in tasks))
