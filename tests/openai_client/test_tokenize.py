"""/tokenize and /detokenize, as vLLM has them."""

import pytest

from generation import PROMPT, tokenize

TEXTS = [PROMPT, "Lily's mom said, \"Look!\"", "a  b\n\nc", "Ünïcödé", "日本語", "🙂"]


@pytest.mark.parametrize("text", TEXTS)
def test_round_trip(served, text):
    ids = tokenize(served, text, add_special_tokens=False)
    answer = served.http.post("/detokenize", json={"model": served.model, "tokens": ids})
    assert answer.json() == {"prompt": text}


def test_shape(served):
    answer = served.http.post("/tokenize", json={"prompt": PROMPT}).json()
    assert answer["count"] == len(answer["tokens"])
    assert answer["max_model_len"] == served.max_model_len
    strings = served.http.post("/tokenize", json={"prompt": PROMPT, "return_token_strs": True}).json()["token_strs"]
    assert len(strings) == answer["count"]


def test_reference_ids(stories, golden):
    for case in golden:
        assert tokenize(stories, case["prompt"]) == case["prompt_ids"]


def test_special_tokens_can_be_left_out(stories):
    assert tokenize(stories, PROMPT)[1:] == tokenize(stories, PROMPT, add_special_tokens=False)


def test_messages(served):
    messages = [{"role": "user", "content": PROMPT}]
    with_opening = served.http.post("/tokenize", json={"messages": messages}).json()["count"]
    without = served.http.post("/tokenize", json={"messages": messages, "add_generation_prompt": False}).json()["count"]
    assert with_opening > without > 0


def test_empty(served):
    assert tokenize(served, "", add_special_tokens=False) == []
    assert served.http.post("/detokenize", json={"tokens": []}).json() == {"prompt": ""}


def test_with_v1(served):
    assert served.http.post("/v1/tokenize", json={"prompt": PROMPT}).json()["tokens"] == tokenize(served, PROMPT)
    assert served.http.post("/v1/detokenize", json={"tokens": [5]}).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"prompt": 5}, {"prompt": None}, {"messages": []}, {"prompt": "a", "messages": 5}], ids=str
)
def test_tokenize_refuses(served, body):
    answer = served.http.post("/tokenize", json=body)
    assert (answer.status_code, "error" in answer.json()) == (400, True)


@pytest.mark.parametrize("body", [{}, {"tokens": "a"}, {"tokens": ["a"]}, {"tokens": [-1]}, {"tokens": [10**9]}])
def test_detokenize_refuses(served, body):
    answer = served.http.post("/detokenize", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "tokens")


def test_unknown_model(served):
    answer = served.http.post("/tokenize", json={"model": "no-such-model", "prompt": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
