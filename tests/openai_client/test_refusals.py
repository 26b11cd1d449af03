"""A refusal has the status, the error object and so the exception class that OpenAI's clients know."""

import json
import re

import openai
import pytest

from generation import PROMPT, chat, complete

MESSAGES = [{"role": "user", "content": PROMPT}]


@pytest.fixture(autouse=True)
def unharmed(request):
    """After each refusal the server answers, and holds no memory."""
    yield
    if "served" in request.fixturenames:
        served = request.getfixturevalue("served")
        assert complete(served, max_tokens=2).usage.completion_tokens == 2
        served.process.wait_until_idle()


def refused_as(error, call, param=None):
    with pytest.raises(error) as caught:
        call()
    body = caught.value.body
    assert {"message", "type", "param", "code"} <= body.keys()
    assert body["message"] and "\n" not in body["message"]
    if param is not None:
        assert caught.value.param == param
    return caught.value


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert {"message", "type", "param", "code"} == error.keys()
    return error


CHAT_AND_COMPLETION_FIELDS = [
    ("temperature", -0.1), ("temperature", "hot"), ("temperature", [1]), ("temperature", True),
    ("top_p", 0), ("top_p", 1.1), ("top_p", "a"),
    ("top_k", -2), ("top_k", 1.5), ("top_k", "all"),
    ("min_p", -0.1), ("min_p", 1.1),
    ("presence_penalty", 2.1), ("presence_penalty", -2.1), ("frequency_penalty", 2.1), ("frequency_penalty", "x"),
    ("repetition_penalty", 0), ("repetition_penalty", -1),
    ("n", 0), ("n", -1), ("n", "two"), ("n", 1.5), ("n", 10**6),
    ("max_tokens", -1), ("max_tokens", "many"), ("max_tokens", 1.5), ("max_tokens", 0),
    ("min_tokens", -1), ("min_tokens", "x"), ("min_tokens", 100),
    ("stop", 5), ("stop", [1, 2]), ("stop", {"a": 1}),
    ("stop_token_ids", "x"), ("stop_token_ids", ["x"]), ("stop_token_ids", 7), ("stop_token_ids", [-1]),
    ("logit_bias", []), ("logit_bias", {"x": 1}), ("logit_bias", {"5": "x"}), ("logit_bias", {"5": 101}),
    ("logit_bias", {"5": -101}), ("logit_bias", {"99999999": 1}), ("logit_bias", {"-1": 1}),
    ("seed", "x"), ("seed", 1.5), ("seed", [1]),
    ("stream", "yes"), ("stream", 1),
    ("ignore_eos", "yes"), ("ignore_eos", 1),
    ("stream_options", {"include_usage": True}), ("stream_options", "x"),
]
FIELD_IDS = [f"{name}={json.dumps(value)}" for name, value in CHAT_AND_COMPLETION_FIELDS]


@pytest.mark.parametrize(("name", "value"), CHAT_AND_COMPLETION_FIELDS, ids=FIELD_IDS)
def test_wrong_values_name_the_field(served, name, value):
    field = {"max_tokens": 8, name: value}
    for body, path in (({"messages": MESSAGES}, "/v1/chat/completions"), ({"prompt": PROMPT}, "/v1/completions")):
        error = error_of(served.http.post(path, json=body | field), 400)
        assert error["param"] == name
        assert error["type"] == "invalid_request_error"
        assert name in error["message"]


@pytest.mark.parametrize(
    "messages",
    [[], None, "hello", {}, [1], ["hello"], [{}], [{"role": "user"}], [{"content": "x"}], [{"role": 1, "content": "x"}],
     [{"role": "user", "content": 5}], [{"role": "user", "content": [{"type": "text"}]}],
     [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}],
     [{"role": "user", "content": [{"type": "no-such-type"}]}]],
    ids=json.dumps,
)
def test_wrong_messages(served, messages):
    error = error_of(served.http.post("/v1/chat/completions", json={"messages": messages, "max_tokens": 2}), 400)
    assert error["param"].startswith("messages")


@pytest.mark.parametrize(
    "prompt", [None, 5, {}, [], [[]], "", [""], [1.5], ["a", 5], [[1], "b", None], [-1], [10**9], [[10**9]], [2**70]],
    ids=json.dumps,
)
def test_wrong_prompts(served, prompt):
    error = error_of(served.http.post("/v1/completions", json={"prompt": prompt, "max_tokens": 2}), 400)
    assert error["param"] == "prompt"


@pytest.mark.parametrize(
    "field",
    [{"tool_choice": "required"},
     {"functions": [{"name": "f", "parameters": {}}]},
     {"response_format": {"type": "json_object"}},
     {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}],
    ids=json.dumps,
)
def test_not_yet_supported_in_chat(served, field):
    refused_as(openai.BadRequestError, lambda: chat(served, **field), param=next(iter(field)))


def test_not_yet_supported_in_completions(served):
    refused_as(openai.BadRequestError, lambda: complete(served, suffix="the end"), param="suffix")
    refused_as(openai.BadRequestError, lambda: complete(served, best_of=3), param="best_of")


def test_harmless_forms_of_the_unsupported(served):
    expected = chat(served).choices[0].message.content
    for field in ({"response_format": {"type": "text"}}, {"tools": []}, {"tool_choice": "none"}):
        assert chat(served, extra_body=field).choices[0].message.content == expected


def test_prompt_longer_than_the_context(served):
    """The message has both numbers."""
    length = served.max_model_len + 7
    error = refused_as(openai.BadRequestError, lambda: complete(served, [5] * length, max_tokens=1), param="prompt")
    assert error.code == "context_length_exceeded"
    assert {str(length), str(served.max_model_len)} <= set(re.findall(r"\d+", error.message))


def test_conversation_longer_than_the_context(served):
    long_text = "word " * (2 * served.max_model_len)
    error = refused_as(openai.BadRequestError, lambda: chat(served, long_text), param="messages")
    assert error.code == "context_length_exceeded"
    numbers = [int(number) for number in re.findall(r"\d+", error.message)]
    assert served.max_model_len in numbers and max(numbers) > served.max_model_len


def test_prompt_that_leaves_no_room(served):
    refused_as(openai.BadRequestError, lambda: complete(served, [5] * served.max_model_len, max_tokens=1))
    answer = complete(served, [5] * (served.max_model_len - 1), max_tokens=1)
    assert answer.usage.total_tokens == served.max_model_len


@pytest.mark.parametrize("more", [1, 10**6, 2**31 - 1])
def test_more_output_than_the_context_has_room_for(served, more):
    prompt = [5] * 10
    room = served.max_model_len - len(prompt)
    tokens = min(room + more, 2**31 - 1)
    error = refused_as(openai.BadRequestError, lambda: complete(served, prompt, max_tokens=tokens), param="max_tokens")
    assert str(served.max_model_len) in error.message and str(tokens) in error.message
    assert complete(served, prompt, max_tokens=room).usage.completion_tokens == room


def test_max_completion_tokens_is_named(served):
    call = lambda: chat(served, max_completion_tokens=10**6)
    refused_as(openai.BadRequestError, call, param="max_completion_tokens")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b"null", b'"text"', b"not json", b'{"prompt": "a"', b'{"prompt": "a",}', b"\xff\xfe",
     b'{"prompt": "\xff\xff"}', b'{"prompt": "\xc3"}', b'{"prompt": NaN}', b'{"prompt": "a"} x',
     b"[" * 100000, b'{"a":' * 100000],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"])
def test_bodies_that_are_no_json_object(served, path, body):
    error = error_of(served.http.post(path, content=body, headers={"Content-Type": "application/json"}), 400)
    assert error["type"] == "invalid_request_error"


def test_lone_surrogate(served):
    """A half of a pair is no text: refused or replaced, but never an invalid answer."""
    answer = served.http.post("/v1/completions", content=b'{"prompt": "\\ud83d", "max_tokens": 2, "echo": true}')
    assert answer.status_code in (200, 400)
    json.loads(answer.content.decode("utf-8"))


def test_unknown_route(served):
    error_of(served.http.get("/v1/no-such-route"), 404)
    refused_as(openai.NotFoundError, lambda: served.client.post("/no-such-route", cast_to=object, body={}))
    refused_as(openai.NotFoundError, lambda: served.client.moderations.create(model=served.model, input="a"))


def test_wrong_method(served):
    answer = served.http.get("/v1/completions")
    error_of(answer, 405)
    assert "POST" in answer.headers["allow"]
    error_of(served.http.delete("/v1/models"), 405)


def test_body_over_the_limit(start_server):
    server = start_server("--max-body-size", "64KB")
    client = server.client()
    with pytest.raises(openai.APIStatusError) as caught:
        client.completions.create(model="loci-tiny", prompt="a" * 70000, max_tokens=1)
    assert caught.value.status_code == 413
    assert caught.value.body["type"] == "invalid_request_error"
    assert client.completions.create(model="loci-tiny", prompt=PROMPT, max_tokens=1).choices


def test_header_flood(served):
    answer = served.http.get("/v1/models", headers={"X-Flood": "a" * 1_000_000})
    error_of(answer, 431)


def test_no_validation_error_is_422(served):
    """UnprocessableEntityError is FastAPI's; OpenAI says 400."""
    refused_as(openai.BadRequestError, lambda: complete(served, n="x"), param="n")
