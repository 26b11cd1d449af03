"""/v1/chat/completions without streaming: the shape of the answer, and the ways to say a conversation."""

import time

import pytest

from generation import PROMPT, chat


def test_shape(served):
    answer = chat(served, max_tokens=5)
    assert answer.id.startswith("chatcmpl-")
    assert answer.object == "chat.completion"
    assert answer.model == served.model
    assert abs(answer.created - time.time()) < 3600
    choice = answer.choices[0]
    assert (choice.index, choice.message.role, choice.logprobs) == (0, "assistant", None)
    assert choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 1 <= answer.usage.completion_tokens <= 5


def test_content_parts_are_joined(served):
    parts = [{"type": "text", "text": "Once upon"}, {"type": "text", "text": "a time"}]
    alone = chat(served, messages=[{"role": "user", "content": parts[:1]}])
    assert alone.choices[0].message.content == chat(served, "Once upon").choices[0].message.content
    both = chat(served, messages=[{"role": "user", "content": parts}])
    assert both.usage.prompt_tokens > alone.usage.prompt_tokens


def test_roles(served):
    messages = [
        {"role": "system", "content": "You tell stories."},
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "Good day."},
        {"role": "user", "content": PROMPT},
    ]
    assert chat(served, messages=messages).usage.prompt_tokens > chat(served).usage.prompt_tokens


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_token_limit(served, field):
    answer = served.client.chat.completions.create(
        model=served.model, messages=[{"role": "user", "content": PROMPT}], extra_body={"ignore_eos": True},
        **{field: 3},
    )
    assert answer.usage.completion_tokens == 3
    assert answer.choices[0].finish_reason == "length"


def test_max_completion_tokens_wins(served):
    answer = chat(served, max_tokens=7, max_completion_tokens=3, extra_body={"ignore_eos": True})
    assert answer.usage.completion_tokens == 3


def test_without_limit_the_context_is_the_limit(served):
    answer = served.client.chat.completions.create(
        model=served.model, temperature=0, messages=[{"role": "user", "content": PROMPT}],
        extra_body={"ignore_eos": True},
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.total_tokens == served.max_model_len


def test_n(served):
    answer = chat(served, n=3, temperature=1.2, seed=5)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) > 1


def test_without_v1(served):
    body = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 8, "temperature": 0}
    answers = [served.http.post(path, json=body) for path in ("/chat/completions", "/v1/chat/completions")]
    assert [answer.status_code for answer in answers] == [200, 200]
    texts = [answer.json()["choices"][0]["message"]["content"] for answer in answers]
    assert texts[0] == texts[1]


def test_prompt_is_what_tokenize_says(served):
    messages = [{"role": "user", "content": PROMPT}]
    tokens = served.http.post("/tokenize", json={"messages": messages}).json()
    assert tokens["count"] == chat(served, messages=messages).usage.prompt_tokens


def test_raw_response_headers(served):
    raw = served.client.chat.completions.with_raw_response.create(
        model=served.model, messages=[{"role": "user", "content": PROMPT}], max_tokens=2
    )
    assert raw.headers["content-type"].startswith("application/json")
    assert raw.parse().object == "chat.completion"
