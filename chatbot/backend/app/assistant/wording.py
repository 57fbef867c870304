"""What the built-in assistant says about tasks."""

from collections.abc import Sequence
from datetime import date, timedelta

from app.assistant.matching import Task

SHOWN_MAX = 50
EXAMPLES = """• add buy milk by Friday
• show my pending tasks (or completed, overdue, due today)
• complete task 3, or: complete 1 and 4
• rename task 3 to buy oat milk
• move task 3 to next Monday
• delete task 3"""
GREETING = "Hello! I look after your tasks. Say “show my tasks”, “add buy milk”, or “help”."
THANKS = "You're welcome!"
HELP = f"I am the built-in assistant and look after your tasks. You can say, for example:\n{EXAMPLES}"
UNKNOWN = f"Sorry, I did not understand that. I am the built-in assistant and know plain requests such as:\n{EXAMPLES}"
TOO_LONG = f"Sorry, that is too long for me. I am the built-in assistant and know short requests such as:\n{EXAMPLES}"
NOTHING_ASKED = "There is nothing to confirm at the moment. Say “help” to see what I can do."


def line(task: Task) -> str:
    """A task in a list."""
    due = f" (due {task['due_date']})" if task["due_date"] else ""
    return f"{task['id']}. {'✓ ' if task['completed'] else ''}{task['title']}{due}"


def lines(tasks: Sequence[Task], total: int | None = None) -> str:
    """A list of tasks, cut off where it would not be read any more."""
    shown = [line(task) for task in tasks[:SHOWN_MAX]]
    rest = (len(tasks) if total is None else total) - len(shown)
    return "\n".join([*shown, *([f"… and {rest} more."] if rest > 0 else [])])


def named(number: int, title: str) -> str:
    """A task in a sentence."""
    return f"task {number}, “{title}”"


def day_word(day: str, today: date) -> str:
    """A day in a sentence: "today", "tomorrow", or the date."""
    near = {today.isoformat(): "today", (today + timedelta(days=1)).isoformat(): "tomorrow"}
    return near.get(day, day)


def what_tasks(count: int, status: str, query: str, due: str, today: date) -> str:
    """ "2 pending tasks due today", "no tasks with “milk”"."""
    kind = "" if status == "all" else f"{status} "
    about = f" with “{query}”" if query else ""
    if due:
        about += " overdue" if due == "overdue" else f" due {day_word(due, today)}"
    return f"{count or 'no'} {kind}task{'' if count == 1 else 's'}{about}"
