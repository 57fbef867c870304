"""The parts of the built-in assistant's English; whole messages are in utterances.yaml."""

from datetime import date

import pytest
from hassil import string_matcher

from app.assistant.dates import parse_day, split_due
from app.assistant.grammar import grammars, read
from app.assistant.matching import find, find_about
from app.assistant.understand import REQUEST_MAX, Kind, Said, understand, understand_answer

TODAY = date(2030, 1, 16)  # a Wednesday
FRIDAY = date(2030, 1, 18)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", TODAY),
        ("tonight", TODAY),
        ("Tomorrow", date(2030, 1, 17)),
        ("the day after tomorrow", FRIDAY),
        ("Wednesday", date(2030, 1, 23)),
        ("this friday", FRIDAY),
        ("next Fri", FRIDAY),
        ("next week", date(2030, 1, 23)),
        ("next month", date(2030, 2, 1)),
        ("this weekend", date(2030, 1, 19)),
        ("next weekend", date(2030, 1, 26)),
        ("in two days", FRIDAY),
        ("in a month", date(2030, 2, 16)),
        ("in 999 weeks", date(2049, 3, 10)),
        ("a week from now", date(2030, 1, 23)),
        ("the end of the week", FRIDAY),
        ("the end of the month", date(2030, 1, 31)),
        ("on 3 May", date(2030, 5, 3)),
        ("5 January", date(2031, 1, 5)),
        ("16 January", TODAY),
        ("Jan 5, 2029", date(2029, 1, 5)),
        ("the 21st of Feb", date(2030, 2, 21)),
        ("29 Feb", date(2032, 2, 29)),
        ("20310506", date(2031, 5, 6)),  # 2031-05-06 as text.py hands it on
        ("20300230", None),
        ("Feb 30", None),
        ("Feb 29 2031", None),
        ("in 99999999 weeks", None),
        ("some day", None),
        ("1984", None),
        ("may", None),
        ("morgen", None),
    ],
)
def test_days(text, day):
    assert parse_day(text, TODAY) == day


@pytest.mark.parametrize("today", [date(2030, 1, day) for day in range(14, 21)])
def test_a_weekday_is_one_of_the_next_seven_days(today):
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        day = parse_day(name, today)
        assert (day.weekday(), 1 <= (day - today).days <= 7) == (number, True)


def test_a_day_alone_is_no_title():
    assert split_due("tomorrow", TODAY) == ("tomorrow", None)


TASKS = [
    {"id": number, "title": title}
    for number, title in enumerate(("Buy milk", "Call mom", "Call dad", "Write report", "Tax report"), 1)
]


@pytest.mark.parametrize(
    ("words", "ids", "literal", "sure"),
    [
        ("buy milk", [1], True, True),
        ("MILK", [1], True, True),
        ("call", [2, 3], True, True),
        ("the report about tax", [], False, False),
        ("report tax", [5], True, True),
        ("by milk", [1], False, True),
        ("mlik", [1], False, False),
        ("call mum", [2], False, True),
        ("repotr", [4, 5], False, False),
        ("laundry", [], False, False),
        ("and", [], False, False),
        ("", [], False, False),
        ("!?", [], False, False),
    ],
)
def test_words_find_tasks(words, ids, literal, sure):
    found = find(TASKS, words)
    assert ([task["id"] for task in found.tasks], found.literal, found.sure) == (ids, literal, sure)


def test_all_about_something():
    assert [task["id"] for task in find_about(TASKS, "reports").tasks] == [4, 5]
    assert [task["id"] for task in find_about(TASKS, "calls").tasks] == [2, 3]
    assert find_about(TASKS, "the").tasks == []


@pytest.mark.parametrize(
    ("message", "said", "picked"),
    [
        ("yes", Said.YES, ()),
        ("Yes, please!", Said.YES, ()),
        ("go ahead", Said.YES, ()),
        ("no", Said.NO, ()),
        ("no, thanks", Said.NO, ()),
        ("don't", Said.NO, ()),
        ("all of them", Said.ALL, (4, 7, 9)),
        ("7", Said.PICK, (7,)),
        ("#7", Said.PICK, (7,)),
        ("task 7", Said.PICK, (7,)),
        ("2", Said.PICK, (7,)),
        ("the third one", Said.PICK, (9,)),
        ("the last one", Said.PICK, (9,)),
        ("4 and 9", Said.PICK, (4, 9)),
        ("the first and the third", Said.PICK, (4, 9)),
        ("8", Said.NOTHING, ()),
        ("4 and 8", Said.NOTHING, ()),
        ("yesterday", Said.NOTHING, ()),
        ("yes but not 4", Said.NOTHING, ()),
        ("no idea, delete it", Said.NOTHING, ()),
        ("", Said.NOTHING, ()),
    ],
)
def test_answers(message, said, picked):
    assert understand_answer(message, (4, 7, 9)) == (said, picked)


def test_every_grammar_can_be_read():
    assert set(grammars()) == {"answers", "days", "references", "requests"}
    for name in grammars():
        assert read(name, "x y z") is not None


HARD = [
    "a ",
    "x",
    "mark task ",
    "due ",
    "change a to ",
    "complete 1, ",
    "show done ",
    '"',
    ",",
    "by tomorrow ",
    "remind me to ",
    "please ",
    "move a to tomorrow ",
    "add a note to ",
    "set the due date of ",
    "mark a as not done ",
    "all ",
    "ː: ",
    "can you please ",
    "1 and ",
    "[<{(|)}>] ",
    "2030-01-01 ",
]


@pytest.mark.parametrize("piece", HARD)
def test_no_message_is_much_work(piece, monkeypatch):
    """Counted in steps of the matcher: some 400 for a usual message, 100,000 take about a second. Two {wildcards} in a
    sentence with nothing rare between them would make it millions."""
    steps = 0
    match = string_matcher.match_expression

    def counted(*arguments):
        nonlocal steps
        steps += 1
        return match(*arguments)

    monkeypatch.setattr(string_matcher, "match_expression", counted)
    for start in ("", "delete ", "add "):
        steps = 0
        understand((start + piece * REQUEST_MAX)[:REQUEST_MAX], TODAY)
        assert steps < 50_000
    assert understand(piece * REQUEST_MAX, TODAY).kind in (Kind.TOO_LONG, Kind.UNKNOWN)
