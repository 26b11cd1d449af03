"""Log probabilities are those of the model's own distribution, whatever sampling did to it."""

import math

import pytest

from generation import PROMPT, chat, complete, greedy_ids, tokenize


def first_row(served, top=5, **parameters):
    """{token text: log probability} of the first position."""
    return complete(served, max_tokens=1, logprobs=top, **parameters).choices[0].logprobs.top_logprobs[0]


def test_chat_shape(served):
    answer = chat(served, max_tokens=6, logprobs=True, top_logprobs=4)
    rows = answer.choices[0].logprobs.content
    assert len(rows) == answer.usage.completion_tokens
    for row in rows:
        assert len(row.top_logprobs) == 4
        assert [t.logprob for t in row.top_logprobs] == sorted((t.logprob for t in row.top_logprobs), reverse=True)
        assert sum(math.exp(t.logprob) for t in row.top_logprobs) <= 1 + 1e-4
        assert bytes(row.bytes).decode(errors="replace") == row.token
    said = b"".join(bytes(row.bytes) for row in rows).decode()
    assert said.startswith(answer.choices[0].message.content)  # the end token has a row too, as in vLLM


def test_chat_without_top(served):
    rows = chat(served, max_tokens=3, logprobs=True).choices[0].logprobs.content
    assert rows and all(row.top_logprobs == [] and row.logprob <= 0 for row in rows)


def test_greedy_choice_is_the_likeliest(served):
    for row in chat(served, logprobs=True, top_logprobs=3).choices[0].logprobs.content:
        assert (row.token, row.logprob) == (row.top_logprobs[0].token, row.top_logprobs[0].logprob)


def test_completion_shape(served):
    answer = complete(served, max_tokens=6, logprobs=3)
    rows = answer.choices[0].logprobs
    assert len(rows.tokens) == len(rows.token_logprobs) == len(rows.top_logprobs) == len(rows.text_offset) == 6
    assert "".join(rows.tokens) == answer.choices[0].text
    for token, logprob, top in zip(rows.tokens, rows.token_logprobs, rows.top_logprobs):
        assert logprob == top[token] == max(top.values())
        assert sum(math.exp(value) for value in top.values()) <= 1 + 1e-4


def test_whole_distribution_sums_to_one(served):
    """The 20 likeliest of a distribution that a bias does not touch, against what is left for all the others."""
    total = sum(math.exp(value) for value in first_row(served, top=20).values())
    assert 0.5 < total <= 1 + 1e-4


def test_chosen_token_is_there_even_if_unlikely(served):
    token = greedy_ids(served)[5]
    rows = complete(served, max_tokens=1, logprobs=1, logit_bias={str(token): 100}).choices[0].logprobs
    assert rows.tokens[0] in rows.top_logprobs[0]
    assert rows.token_logprobs[0] == rows.top_logprobs[0][rows.tokens[0]]


@pytest.mark.parametrize(
    "sampling",
    [{"temperature": 5.0}, {"temperature": 1.0, "top_k": 1}, {"temperature": 1.0, "top_p": 0.01},
     {"logit_bias": {"5": 100}}, {"repetition_penalty": 5.0}, {"presence_penalty": 2.0}, {"min_p": 0.9}],
    ids=str,
)
def test_sampling_does_not_touch_them(served, sampling):
    changed = first_row(served, seed=1, **sampling)
    for token, logprob in first_row(served).items():
        assert changed[token] == logprob


def test_logprobs_do_not_change_the_text(served):
    assert complete(served, logprobs=5).choices[0].text == complete(served).choices[0].text


def test_prompt_logprobs(served):
    """vLLM's field: one entry a prompt token, the first null."""
    answer = complete(served, max_tokens=1, prompt_logprobs=1).choices[0].to_dict()
    entries = answer["prompt_logprobs"]
    ids = tokenize(served, PROMPT)
    assert len(entries) == len(ids) and entries[0] is None
    for token, entry in zip(ids[1:], entries[1:]):
        assert entry[str(token)]["logprob"] <= 0
        assert min(value["rank"] for value in entry.values()) == 1


@pytest.mark.parametrize("top", [21, 100, -2])
def test_too_many(served, top):
    for path, field in (("/v1/completions", {"prompt": PROMPT, "logprobs": top}),
                        ("/v1/chat/completions", {"messages": [{"role": "user", "content": PROMPT}],
                                                  "logprobs": True, "top_logprobs": top})):
        answer = served.http.post(path, json=field)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] in ("logprobs", "top_logprobs")
