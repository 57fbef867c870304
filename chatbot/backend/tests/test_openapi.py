"""The description at /docs: complete, and what it says of errors is true."""

import pytest

OPERATIONS = {
    ("/api/chat", "post"),
    ("/api/conversations", "get"),
    ("/api/conversations/{conversation_id}", "get"),
    ("/api/conversations/{conversation_id}", "patch"),
    ("/api/conversations/{conversation_id}", "delete"),
    ("/chatkit", "post"),
    ("/health", "get"),
    ("/ready", "get"),
}


@pytest.fixture(scope="module")
def document(chatbot):
    return chatbot.client.get("/openapi.json").json()


def test_every_operation_says_who_may_ask_and_what_can_go_wrong(document):
    found = {
        (path, method): operation for path, item in document["paths"].items() for method, operation in item.items()
    }
    assert found.keys() == OPERATIONS
    for (path, method), operation in found.items():
        probe = path in ("/health", "/ready")
        assert operation.get("security") == (None if probe else [{"bearer": []}, {"cookie": []}]), path
        for status, answer in operation["responses"].items():
            assert "X-Request-ID" in answer["headers"], (path, method, status)
            if status >= "400" and not probe:
                content = answer["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorOut"}
                for code, example in content["examples"].items():
                    assert example["value"]["error"]["code"] == code
    chat = found["/api/chat", "post"]
    assert {"401", "404", "409", "413", "422", "429", "503"} <= chat["responses"].keys()
    assert "Retry-After" in chat["responses"]["429"]["headers"]
    headers = {parameter["name"] for parameter in chat["parameters"] if parameter["in"] == "header"}
    assert headers == {"Idempotency-Key", "X-Time-Zone"}


def test_every_body_has_an_example_that_is_taken(document, client):
    conversation = client.post("/api/chat", json={"message": "hi"}).json()["conversation_id"]
    for path, method in (("/api/chat", "post"), ("/api/conversations/{conversation_id}", "patch")):
        body = document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for example in document["components"]["schemas"][body.rpartition("/")[2]]["examples"]:
            assert client.request(method, path.format(conversation_id=conversation), json=example).status_code == 200


def test_the_page_is_served_from_here(chatbot):
    page = chatbot.client.get("/docs")
    assert page.status_code == 200
    assert "chatbot-backend: API" in page.text
    assert "http" not in page.text
    assert len(chatbot.client.get("/docs/swagger-ui-bundle.js").content) > 1_000_000
