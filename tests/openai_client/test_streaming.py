"""Server-sent events: the pieces add up to what is said without streaming, in the order that clients rely on."""

import json

import pytest

from generation import PROMPT, chat, complete


def joined(chunks):
    """The text of each choice."""
    texts = {}
    for chunk in chunks:
        for choice in chunk.choices:
            piece = choice.delta.content if hasattr(choice, "delta") else choice.text
            texts[choice.index] = texts.get(choice.index, "") + (piece or "")
    return texts


def test_chat_adds_up(served):
    whole = chat(served)
    chunks = list(chat(served, stream=True))
    assert joined(chunks) == {0: whole.choices[0].message.content}
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {served.model}


def test_chat_role_comes_first_and_once(served):
    deltas = [chunk.choices[0].delta for chunk in chat(served, stream=True)]
    assert (deltas[0].role, deltas[0].content) == ("assistant", "")
    assert all(delta.role is None for delta in deltas[1:])


@pytest.mark.parametrize("ask", [chat, complete])
def test_finish_reason_comes_once_and_last(served, ask):
    reasons = [chunk.choices[0].finish_reason for chunk in ask(served, stream=True)]
    assert reasons[-1] in ("stop", "length")
    assert all(reason is None for reason in reasons[:-1])


@pytest.mark.parametrize("ask", [chat, complete])
def test_pieces_come_one_by_one(served, ask):
    assert len(list(ask(served, stream=True, max_tokens=8, logit_bias={}))) >= 3


@pytest.mark.parametrize("ask", [chat, complete])
def test_usage_is_the_last_chunk(served, ask):
    *chunks, last = ask(served, stream=True, stream_options={"include_usage": True})
    assert last.choices == []
    assert last.usage == ask(served).usage
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("ask", [chat, complete])
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}])
def test_no_usage_unless_asked_for(served, ask, options):
    chunks = list(ask(served, stream=True, **options))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_several_choices(served):
    whole = chat(served, n=3, temperature=1, seed=3)
    chunks = list(chat(served, n=3, temperature=1, seed=3, stream=True))
    assert joined(chunks) == {choice.index: choice.message.content for choice in whole.choices}
    ends = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert sorted(ends) == [0, 1, 2]


def test_several_prompts(served):
    prompts = [PROMPT, "Lily and Tom"]
    whole = complete(served, prompts)
    assert joined(complete(served, prompts, stream=True)) == {c.index: c.text for c in whole.choices}


def test_chat_logprobs_add_up(served):
    whole = chat(served, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    streamed = []
    for chunk in chat(served, logprobs=True, top_logprobs=2, stream=True):
        if chunk.choices[0].logprobs:
            streamed += chunk.choices[0].logprobs.content
    assert streamed == whole


def test_completion_logprobs_add_up(served):
    whole = complete(served, logprobs=2, echo=True).choices[0].logprobs
    streamed = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for chunk in complete(served, logprobs=2, echo=True, stream=True):
        rows = chunk.choices[0].logprobs
        for name in streamed if rows else []:
            streamed[name] += getattr(rows, name)
    assert streamed == whole.to_dict()


def test_echo_comes_first(served):
    assert joined(complete(served, echo=True, stream=True)) == {0: complete(served, echo=True).choices[0].text}


@pytest.mark.parametrize("stop", ["e", "th", [" a", "."]])
def test_stop_strings_never_leak(served, stop):
    whole = complete(served, stop=stop, max_tokens=40)
    assert joined(complete(served, stop=stop, max_tokens=40, stream=True)) == {0: whole.choices[0].text}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_events_as_bytes(served, path):
    body = {"messages": [{"role": "user", "content": PROMPT}], "prompt": PROMPT, "max_tokens": 4, "stream": True}
    with served.http.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = answer.read().decode().split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    for event in events[:-2]:
        assert event.startswith("data: ") and "\n" not in event
        assert json.loads(event.removeprefix("data: "))["choices"]


def test_refusal_of_a_stream_is_no_stream(served):
    body = {"messages": [], "stream": True}
    answer = served.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/json")


def test_stream_helper_of_the_client(served):
    text = chat(served).choices[0].message.content
    messages = [{"role": "user", "content": PROMPT}]
    with served.client.chat.completions.stream(
        model=served.model, messages=messages, temperature=0, stop=text[6:8]
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "content.delta" in kinds
    assert final.choices[0].message.content == text[: text.index(text[6:8])]
