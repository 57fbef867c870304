"""The search of the scenario `default` finds a value in every form in which it could lie about."""

import base64
import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[5] / "molecule/default/files/search_secrets.py"
VALUE = b"q3ZtW8xLmN0pRv5K"  # of the least length that is searched for


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("search_secrets", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc", b"password="])
@pytest.mark.parametrize("after", [b"", b"z", b"zy", b"zyx", b"\n"])
def test_a_value_is_found_as_it_is_and_in_base64_wherever_it_begins(script, before, after):
    needles = script.forms(VALUE)
    assert len(VALUE) == script.MIN_LENGTH
    for text in (before + VALUE + after, base64.b64encode(before + VALUE + after)):
        assert any(needle in text for needle in needles)


def test_what_is_looked_for_is_long_enough_not_to_be_met_by_chance(script):
    assert min(map(len, script.forms(VALUE))) >= 12
    other = base64.b64encode(b"password=" + VALUE[::-1])
    assert not any(needle in other for needle in script.forms(VALUE))
