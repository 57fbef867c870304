"""What a registry lacks is pushed, what it has is not, and a registry that does not answer is said so."""

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import registry_push
from ansible_collections.todo.k8s.plugins.module_utils.image_store import Answer, StoreError
from ansible_collections.todo.k8s.plugins.modules import registry_image

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
WANTED = registry_push.target("todo-k8s/todo-backend:t1", "registry.example.com/team")


def test_the_last_part_of_the_name_and_the_tag_go_below_the_prefix():
    assert WANTED.named == "registry.example.com/team/todo-backend:t1"
    assert registry_push.target("127.0.0.1:5000/a/b:t2", "localhost").named == "localhost/b:t2"


@pytest.mark.parametrize(
    "prefix", ["registry.example.com", "registry.example.com/team/", "127.0.0.1:5000/a_b/c-d", "localhost/x"]
)
def test_a_prefix_is_a_host_and_a_path(prefix):
    assert registry_push.checked_prefix(prefix) == prefix.rstrip("/")


@pytest.mark.parametrize("prefix", ["", "team", "https://registry.example.com", "registry.example.com/Team", "a b.c/d"])
def test_anything_else_is_refused_by_name(prefix):
    with pytest.raises(registry_push.PushError, match="needed HOST"):
        registry_push.checked_prefix(prefix)


def test_what_is_there_stays():
    assert registry_push.decide(WANTED, Answer(digest=DIGEST), []).digest == DIGEST
    assert not registry_push.decide(WANTED, Answer(digest=DIGEST), [OTHER, DIGEST]).push


def test_a_tag_that_was_moved_is_pushed_again():
    found = registry_push.decide(WANTED, Answer(digest=DIGEST), [OTHER])
    assert found.push and "another image" in found.reason


@pytest.mark.parametrize(
    "said",
    [
        "manifest unknown: manifest unknown",  # recorded: Docker 20.10, Debian's docker-registry
        "errors: denied: requested access to the resource is denied unauthorized: authentication required",
        "name unknown: repository name not known to registry",
    ],
)
def test_what_is_not_there_is_pushed(said):
    assert registry_push.decide(WANTED, Answer(problem=said), []).push


def test_a_registry_that_does_not_answer_is_no_reason_to_push():
    with pytest.raises(registry_push.PushError, match=r"registry.example.com does not answer.*connection refused"):
        registry_push.decide(WANTED, Answer(problem="dial tcp: connection refused"), [])


def test_a_refused_push_names_the_credentials():
    text = registry_push.refusal(WANTED, "unauthorized: authentication required")
    assert "docker login registry.example.com" in text and "CLUSTER_REGISTRY_PASSWORD" in text
    assert "docker login" not in registry_push.refusal(WANTED, "500 Internal Server Error")


class Store:
    """An engine with one image, and a registry without it."""

    def __init__(self):
        self.done = []

    def inspect(self, _reference):
        return {"RepoDigests": []}

    def ask(self, _reference, _seconds, account=None):
        assert account == {"username": "u", "password": "p"}
        return Answer(problem="manifest unknown")

    def tag(self, source, reference):
        self.done.append((source, reference))

    def push(self, wanted, _account):
        self.done.append(wanted.named)
        return DIGEST


ACCOUNT = {"username": "u", "password": "p"}
SOURCE = "todo-k8s/todo-backend:t1"


def test_an_image_is_named_and_pushed():
    store = Store()
    found = registry_image.bring(store, SOURCE, "registry.example.com/team", ACCOUNT, 1, check=False)
    assert store.done == [(SOURCE, WANTED.named), WANTED.named]
    assert found["pushed"] and found["digest"] == DIGEST and found["ref"] == WANTED.named


def test_check_mode_asks_and_does_nothing():
    store = Store()
    assert registry_image.bring(store, SOURCE, "registry.example.com/team", ACCOUNT, 1, check=True)["pushed"]
    assert store.done == []


def test_an_image_that_was_not_built_is_named():
    store = Store()
    store.inspect = lambda _reference: None
    with pytest.raises(StoreError, match="has no such image"):
        registry_image.bring(store, SOURCE, "registry.example.com/team", ACCOUNT, 1, check=False)
