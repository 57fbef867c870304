"""The built-in assistant's English: what people write, and what is meant."""

import time
from datetime import date

import pytest

from app.assistant.dates import parse_day, split_due
from app.assistant.understand import Intent, Kind, Ref, understand

TODAY = date(2030, 1, 16)  # a Wednesday
T1 = date(2030, 1, 17)
FRIDAY = date(2030, 1, 18)
MONDAY = date(2030, 1, 21)


def add(title, due=None):
    return Intent(Kind.ADD, title=title, due=due)


def listing(status="all", query="", due_only=""):
    return Intent(Kind.LIST, status=status, query=query, due_only=due_only)


def on(kind, *ids, text=""):
    return Intent(kind, Ref(ids=ids, text=text))


CASES = {
    # greetings and the like
    "hi": Intent(Kind.GREETING),
    "Hello there!": Intent(Kind.GREETING),
    "Good morning": Intent(Kind.GREETING),
    "thanks a lot!": Intent(Kind.THANKS),
    "Thank you": Intent(Kind.THANKS),
    "help": Intent(Kind.HELP),
    "Help me please": Intent(Kind.HELP),
    "What can you do?": Intent(Kind.HELP),
    "?": Intent(Kind.HELP),
    # adding
    "add buy milk": add("Buy milk"),
    "Add a task to buy milk.": add("Buy milk"),
    "add task: Buy milk": add("Buy milk"),
    "create a new task called Water the plants": add("Water the plants"),
    'Add "Buy milk" to my list': add("Buy milk"),
    "please add “call mom” to my to-do list, thanks": add("Call mom"),
    "can you add pay rent for me?": add("Pay rent"),
    "remind me to call mom": add("Call mom"),
    "remind me tomorrow to call mom": add("Call mom", T1),
    "Remind me on Friday to submit the report": add("Submit the report", FRIDAY),
    "remind me about the dentist": add("The dentist"),
    "I need to buy groceries": add("Buy groceries"),
    "I have to pay the rent by Friday": add("Pay the rent", FRIDAY),
    "I need to finish the report": add("Finish the report"),
    "I must not forget the keys": add("Not forget the keys"),
    "don't forget to water the plants": add("Water the plants"),
    "todo: learn Rust": add("Learn Rust"),
    "new task: learn Go": add("Learn Go"),
    "add buy milk tomorrow": add("Buy milk", T1),
    "add send invoice by 2030-02-01": add("Send invoice", date(2030, 2, 1)),
    "add renew passport in 3 weeks": add("Renew passport", date(2030, 2, 6)),
    "add party on March 5th": add("Party", date(2030, 3, 5)),
    "add watch Black Friday": add("Watch Black Friday"),
    "add pay rent due Friday": add("Pay rent", FRIDAY),
    "add check that the milk is done": add("Check that the milk is done"),
    "remind me to check that the cake is finished": add("Check that the cake is finished"),
    "I have to complete the form": add("Complete the form"),
    "add notes for the meeting tomorrow": add("Notes for the meeting", T1),
    "add a task": Intent(Kind.ADD),
    "add": Intent(Kind.ADD),
    # listing
    "list": listing(),
    "list tasks": listing(),
    "show me my tasks": listing(),
    "Show all my tasks": listing(),
    "my tasks": listing(),
    "tasks": listing(),
    "what are my tasks?": listing(),
    "what's on my to-do list?": listing(),
    "I need to see my tasks": listing(),
    "how many tasks do I have?": listing(),
    "do I have any tasks?": listing(),
    "what's pending?": listing("pending"),
    "show pending tasks": listing("pending"),
    "what do I have left?": listing("pending"),
    "What do I have to do?": listing("pending"),
    "show my unfinished tasks": listing("pending"),
    "list completed tasks": listing("completed"),
    "what have I completed?": listing("completed"),
    "show me what is done": listing("completed"),
    "which tasks are not done yet?": listing("pending"),
    "what's due today?": listing("pending", due_only="today"),
    "show overdue tasks": listing("pending", due_only="overdue"),
    "find milk": listing(query="milk"),
    "search for tasks about milk": listing(query="milk"),
    "show tasks about milk": listing(query="milk"),
    # completing
    "complete task 3": on(Kind.COMPLETE, 3),
    "complete 3": on(Kind.COMPLETE, 3),
    "mark task 3 as done": on(Kind.COMPLETE, 3),
    "Mark task #3 as complete.": on(Kind.COMPLETE, 3),
    "mark buy milk as done": on(Kind.COMPLETE, text="buy milk"),
    'mark "buy milk" done': on(Kind.COMPLETE, text="buy milk"),
    "task 3 is done": on(Kind.COMPLETE, 3),
    "I finished task 2": on(Kind.COMPLETE, 2),
    "I've already done task number 2": on(Kind.COMPLETE, 2),
    "done with the laundry": on(Kind.COMPLETE, text="laundry"),
    "check off number 4": on(Kind.COMPLETE, 4),
    "tick 4 off": on(Kind.COMPLETE, 4),
    "finish tasks 1, 2 and 5": on(Kind.COMPLETE, 1, 2, 5),
    "complete it": Intent(Kind.COMPLETE, Ref(last=True)),
    "mark that as done": Intent(Kind.COMPLETE, Ref(last=True)),
    "complete the last task": Intent(Kind.COMPLETE, Ref(newest=True)),
    "complete all tasks": Intent(Kind.COMPLETE, Ref(everything=True)),
    "I want to mark task 3 as completed": on(Kind.COMPLETE, 3),
    "I need to complete task 3": on(Kind.COMPLETE, 3),
    "reopen task 3": on(Kind.REOPEN, 3),
    "mark task 3 as not done": on(Kind.REOPEN, 3),
    "mark task 3 as pending": on(Kind.REOPEN, 3),
    "uncomplete 3": on(Kind.REOPEN, 3),
    "toggle task 3": on(Kind.TOGGLE, 3),
    # deleting
    "delete task 3": on(Kind.DELETE, 3),
    "Remove #3 please": on(Kind.DELETE, 3),
    "delete the task buy milk": on(Kind.DELETE, text="buy milk"),
    "remove the milk task": on(Kind.DELETE, text="milk"),
    "get rid of task 2": on(Kind.DELETE, 2),
    "could you please delete task 2?": on(Kind.DELETE, 2),
    "delete all completed tasks": Intent(Kind.DELETE, Ref(everything=True)),
    "delete everything": Intent(Kind.DELETE, Ref(everything=True)),
    # changing
    "rename task 3 to buy oat milk": Intent(Kind.UPDATE, Ref(ids=(3,)), title="buy oat milk"),
    "change task 3 to 'Buy oat milk'": Intent(Kind.UPDATE, Ref(ids=(3,)), title="Buy oat milk"),
    "update the title of task 3 to Buy tea": Intent(Kind.UPDATE, Ref(ids=(3,)), title="Buy tea"),
    "rename buy milk to buy tea": Intent(Kind.UPDATE, Ref(text="buy milk"), title="buy tea"),
    "edit task 2: call dad": Intent(Kind.UPDATE, Ref(ids=(2,)), title="call dad"),
    "buy milk is due tomorrow": Intent(Kind.UPDATE, Ref(text="buy milk"), due=T1),
    "update task 2": Intent(Kind.UPDATE, Ref(ids=(2,))),
    "move task 3 to next Monday": Intent(Kind.UPDATE, Ref(ids=(3,)), due=MONDAY),
    "set the due date of task 3 to tomorrow": Intent(Kind.UPDATE, Ref(ids=(3,)), due=T1),
    "task 3 is due on Friday": Intent(Kind.UPDATE, Ref(ids=(3,)), due=FRIDAY),
    "postpone the rent to 2030-03-01": Intent(Kind.UPDATE, Ref(text="rent"), due=date(2030, 3, 1)),
    "remove the due date of task 3": Intent(Kind.UPDATE, Ref(ids=(3,)), clear_due=True),
    "add a note to task 3: two litres": Intent(Kind.UPDATE, Ref(ids=(3,)), description="two litres"),
    "set the description of task 3 to two litres": Intent(Kind.UPDATE, Ref(ids=(3,)), description="two litres"),
    # nothing of ours
    "What is the capital of France?": Intent(Kind.UNKNOWN),
    "banana": Intent(Kind.UNKNOWN),
    "Füge Milch hinzu": Intent(Kind.UNKNOWN),
    "   ": Intent(Kind.UNKNOWN),
    "😀😀": Intent(Kind.UNKNOWN),
    ";;; DROP TABLE tasks": Intent(Kind.UNKNOWN),
}


@pytest.mark.parametrize("message", CASES)
def test_understands(message):
    assert understand(message, TODAY) == CASES[message]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", TODAY),
        ("tonight", TODAY),
        ("the day after tomorrow", FRIDAY),
        ("Wednesday", date(2030, 1, 23)),
        ("next month", date(2030, 2, 1)),
        ("in two days", FRIDAY),
        ("the end of the week", FRIDAY),
        ("5 January", date(2031, 1, 5)),
        ("Jan 5, 2029", date(2029, 1, 5)),
        ("21st of Feb", date(2030, 2, 21)),
        ("2030-02-30", None),
        ("Feb 30", None),
        ("in 99999999 weeks", None),
        ("some day", None),
    ],
)
def test_days(text, day):
    assert parse_day(text, TODAY) == day


def test_a_day_alone_is_no_title():
    assert split_due("tomorrow", TODAY) == ("tomorrow", None)


@pytest.mark.parametrize(
    "message",
    [
        "a " * 2000,
        "add " + "x" * 3996,
        "mark " + "task " * 799,
        "due " * 1000,
        "change " + "a to " * 798,
        "complete " + "1, " * 1330,
        "show " + "done " * 799,
        '"' * 4000,
        "," * 4000,
        "by tomorrow " * 333,
        "remind me " + "to " * 1330,
        "please " * 571,
    ],
)
def test_long_messages_are_understood_in_no_time(message):
    began = time.process_time()
    understand(message[:4000], TODAY)
    assert time.process_time() - began < 0.3
