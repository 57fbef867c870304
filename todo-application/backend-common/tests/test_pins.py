"""Both backends pin the same versions of what both use: they are tested in one environment."""

from todo_testing.service import CHATBOT_BACKEND, TODO_BACKEND


def test_one_environment_serves_both():
    pins = []
    for backend in (TODO_BACKEND, CHATBOT_BACKEND):
        lines = (backend / "requirements.txt").read_text().splitlines()
        pins.append(dict(line.rstrip(" \\").split("==") for line in lines if "==" in line))
    shared = pins[0].keys() & pins[1].keys()
    assert len(shared) > 15
    assert {name: (pins[0][name], pins[1][name]) for name in shared if pins[0][name] != pins[1][name]} == {}
