"""A Secret's random values are made once; nothing is regenerated, lost or told."""

import json

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import secret_plan
from ansible_collections.todo.k8s.plugins.module_utils.secret_plan import (
    REVISIONS_ANNOTATION,
    check_keys,
    plan_secret,
    redacted_diff,
)

WANTED = {"PASSWORD": {"generate": 24}, "JWT": {"generate": 32}, "KEY": {"value": ""}}


def made(length, alphabet):
    return "m" * length


def existing(**data):
    return {"data": {key: value.encode() for key, value in data.items()}, "labels": {}, "annotations": {}}


def test_a_new_secret_gets_every_key():
    plan = plan_secret(None, WANTED, {"a": "b"}, make=made, mark=lambda: "m1")
    assert plan.create and plan.changed
    assert plan.data == {"PASSWORD": b"m" * 24, "JWT": b"m" * 32, "KEY": b""}
    assert (plan.labels, plan.revisions) == ({"a": "b"}, dict.fromkeys(WANTED, "m1"))
    assert "created" in plan.msg


def test_an_existing_value_is_never_regenerated():
    plan = plan_secret(existing(PASSWORD="x", JWT="", KEY="sk-1"), WANTED, {}, make=made)
    assert not plan.changed and plan.data == {}
    assert "unchanged" in plan.msg


def test_a_missing_key_is_added_and_the_others_stay():
    plan = plan_secret(existing(PASSWORD="x", OTHER="y"), WANTED, {}, make=made)
    assert plan.added == ["JWT", "KEY"] and plan.updated == []
    assert set(plan.data) == {"JWT", "KEY"}


def test_a_given_value_replaces_a_different_one_only():
    have = existing(KEY="old")
    assert plan_secret(have, {"KEY": {"value": "new"}}, {}).updated == ["KEY"]
    assert plan_secret(have, {"KEY": {"value": "new"}}, {}).data == {"KEY": b"new"}
    assert not plan_secret(have, {"KEY": {"value": "old"}}, {}).changed
    assert not plan_secret(have, {"KEY": {"value": ""}}, {}).changed


def test_a_keys_mark_changes_with_its_value_only():
    have = existing(KEY="old", OTHER="x") | {"annotations": {REVISIONS_ANNOTATION: '{"KEY": "k1", "OTHER": "o1"}'}}
    keys = {"OTHER": {"generate": 8}}
    fresh = {"mark": lambda: "new"}
    assert plan_secret(have, keys | {"KEY": {"value": "new"}}, {}, **fresh).revisions == {"OTHER": "o1", "KEY": "new"}
    assert plan_secret(have, keys | {"KEY": {"value": "old"}}, {"a": "b"}).revisions == {"OTHER": "o1", "KEY": "k1"}
    # Found and never changed: no write only to have a mark.
    plan = plan_secret(existing(KEY="old"), {"KEY": {"value": "old"}}, {})
    assert (plan.revisions, plan.changed) == ({"KEY": "0"}, False)


def test_marks_are_random_so_that_a_secret_made_anew_has_others():
    assert secret_plan.new_mark() != secret_plan.new_mark()


@pytest.mark.parametrize("spoilt", ["", "[1]", "null", "{"])
def test_a_spoilt_annotation_counts_as_none(spoilt):
    have = existing(KEY="old") | {"annotations": {REVISIONS_ANNOTATION: spoilt}}
    assert plan_secret(have, {"KEY": {"value": "old"}}, {}).revisions == {"KEY": "0"}


def test_a_rotated_key_gets_a_new_random_value_and_the_others_stay():
    have = existing(PASSWORD="p", JWT="old", KEY="sk-1")
    plan = plan_secret(have, WANTED, {}, ["JWT"], made, lambda: "new")
    assert (plan.data, plan.rotated) == ({"JWT": b"m" * 32}, ["JWT"])
    assert plan.revisions == {"PASSWORD": "0", "JWT": "new", "KEY": "0"}
    assert redacted_diff(have, plan)["after"]["keys"]["JWT"] == "(hidden, changed)"


def test_a_rotated_given_key_follows_what_is_given():
    have = existing(KEY="sk-1")
    same = plan_secret(have, {"KEY": {"value": "sk-1"}}, {}, ["KEY"])
    assert not same.changed and "nothing to do" in same.msg
    other = plan_secret(have, {"KEY": {"value": "sk-2"}}, {}, ["KEY"])
    assert (other.data, other.updated) == ({"KEY": b"sk-2"}, ["KEY"])
    none = plan_secret(have, {"KEY": {"value": ""}}, {}, ["KEY"])
    assert (none.data, none.emptied) == ({"KEY": b""}, ["KEY"]) and "none is given" in none.msg
    assert redacted_diff(have, none)["after"]["keys"] == {"KEY": "(empty)"}
    assert not plan_secret(existing(KEY=""), {"KEY": {"value": ""}}, {}, ["KEY"]).changed


def test_what_is_not_empty_is_told_by_name():
    assert secret_plan.non_empty(existing(A="x", B="", C="y"), {"B": b"z", "C": b""}) == ["A", "B"]
    assert secret_plan.non_empty(None, {"B": b""}) == []


def test_labels_are_set_where_they_differ():
    have = existing(KEY="k") | {"labels": {"a": "b", "mine": "1"}}
    assert not plan_secret(have, {"KEY": {"value": "k"}}, {"a": "b"}).changed
    plan = plan_secret(have, {"KEY": {"value": "k"}}, {"a": "c"})
    assert plan.labels == {"a": "c"} and plan.changed and plan.data == {}


def test_an_immutable_secret_is_refused_only_when_it_would_change():
    have = existing(KEY="old") | {"immutable": True}
    assert not plan_secret(have, {"KEY": {"value": "old"}}, {}).changed
    with pytest.raises(ValueError, match="immutable"):
        plan_secret(have, {"KEY": {"value": "new"}}, {})


def test_random_text_is_random_and_of_its_alphabet():
    first, second = (secret_plan.random_text(64) for _ in range(2))
    assert first != second and len(first) == 64
    assert set(first) <= set(secret_plan.DEFAULT_ALPHABET)
    assert set(secret_plan.random_text(200, "0123456789")) <= set("0123456789")


def test_no_value_is_in_the_diff_the_message_or_the_plans_text():
    have = existing(KEY="old-value")
    plan = plan_secret(have, {"KEY": {"value": "new-value"}, "P": {"generate": 24}}, {"a": "b"}, make=made)
    told = json.dumps(redacted_diff(have, plan)) + plan.msg + repr(plan)
    assert "KEY" in told and "hidden, changed" in told and "hidden, new" in told
    for value in ("old-value", "new-value", "m" * 24):
        assert value not in told


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "at least one"),
        ({"a b": {"value": "x"}}, "the name 'a b'"),
        ({"A": "secret-text"}, "found a str"),
        ({"A": {}}, "found neither"),
        ({"A": {"generate": 8, "value": "secret-text"}}, "found both"),
        ({"A": {"generate": 7}}, "found 7"),
        ({"A": {"generate": True}}, "found True"),
        ({"A": {"generate": "secret-text"}}, "found a str"),
        ({"A": {"generate": 20, "alphabet": "aaaaaaaaaaaa"}}, "10 different"),
        ({"A": {"value": 5}}, "Put it in quotes"),
        ({"A": {"value": "secret-text", "alphabet": "0123456789"}}, "beside generate"),
        ({"A": {"generat": 20}}, "found generat"),
    ],
)
def test_a_wrong_wish_is_refused_without_telling_a_value(keys, said):
    with pytest.raises(ValueError, match=said) as caught:
        check_keys(keys)
    assert "secret-text" not in str(caught.value)


def test_an_unknown_key_to_rotate_is_refused():
    with pytest.raises(ValueError, match="found JTW, needed one of PASSWORD, JWT, KEY"):
        check_keys(WANTED, ["JTW"])


def test_a_right_wish_passes():
    check_keys(WANTED | {"PIN": {"generate": 8, "alphabet": "0123456789"}})
