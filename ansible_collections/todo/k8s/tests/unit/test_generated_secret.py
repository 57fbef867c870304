"""A Secret's random values are made once; nothing is regenerated, lost or told."""

import json

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import secret_plan
from ansible_collections.todo.k8s.plugins.module_utils.secret_plan import check_keys, plan_secret, redacted_diff

WANTED = {"PASSWORD": {"generate": 24}, "JWT": {"generate": 32}, "KEY": {"value": ""}}


def made(length, alphabet):
    return "m" * length


def existing(**data):
    return {"data": {key: value.encode() for key, value in data.items()}, "labels": {}, "annotations": {}}


def test_a_new_secret_gets_every_key():
    plan = plan_secret(None, WANTED, {"a": "b"}, made)
    assert plan.create and plan.changed
    assert plan.data == {"PASSWORD": b"m" * 24, "JWT": b"m" * 32, "KEY": b""}
    assert (plan.labels, plan.revision) == ({"a": "b"}, 1)
    assert "created" in plan.msg


def test_an_existing_value_is_never_regenerated():
    plan = plan_secret(existing(PASSWORD="x", JWT="", KEY="sk-1"), WANTED, {}, made)
    assert not plan.changed and plan.data == {}
    assert "unchanged" in plan.msg


def test_a_missing_key_is_added_and_the_others_stay():
    plan = plan_secret(existing(PASSWORD="x", OTHER="y"), WANTED, {}, made)
    assert plan.added == ["JWT", "KEY"] and plan.updated == []
    assert set(plan.data) == {"JWT", "KEY"}


def test_a_given_value_replaces_a_different_one_only():
    have = existing(KEY="old")
    assert plan_secret(have, {"KEY": {"value": "new"}}, {}).updated == ["KEY"]
    assert plan_secret(have, {"KEY": {"value": "new"}}, {}).data == {"KEY": b"new"}
    assert not plan_secret(have, {"KEY": {"value": "old"}}, {}).changed
    assert not plan_secret(have, {"KEY": {"value": ""}}, {}).changed


def test_the_revision_counts_changes_of_the_data_only():
    have = existing(KEY="old") | {"annotations": {secret_plan.REVISION_ANNOTATION: "4"}}
    assert plan_secret(have, {"KEY": {"value": "new"}}, {}).revision == 5
    assert plan_secret(have, {"KEY": {"value": "old"}}, {"a": "b"}).revision == 4
    assert plan_secret(existing(KEY="old"), {"KEY": {"value": "old"}}, {}).revision == 0


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
    plan = plan_secret(have, {"KEY": {"value": "new-value"}, "P": {"generate": 24}}, {"a": "b"}, made)
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


def test_a_right_wish_passes():
    check_keys(WANTED | {"PIN": {"generate": 8, "alphabet": "0123456789"}})
