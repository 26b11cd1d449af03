"""Tool calls and reasoning, as the official clients of three APIs see them.

No small model calls tools by itself. The call is forced instead: its beginning stands in the prompt (tool_choice), and
its first token of arguments is made certain.
"""

import pathlib

import anthropic
import openai
import pytest

from server_process import ServerProcess

TEMPLATE = pathlib.Path(__file__).with_name("hermes.jinja")
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT_TOOL = {"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": PARAMETERS}}
RESPONSES_TOOL = {"type": "function", "name": "get_weather", "description": "d", "parameters": PARAMETERS}
MESSAGES_TOOL = {"name": "get_weather", "description": "d", "input_schema": PARAMETERS}
ASK = [{"role": "user", "content": "Weather in Paris?"}]


@pytest.fixture(scope="module")
def server(request):
    process = ServerProcess(request.config.getoption("--binary"), ["--chat-template", TEMPLATE])
    yield process
    process.stop()


@pytest.fixture(scope="module")
def model(server):
    return server.http.get("/v1/models").json()["data"][0]["id"]


@pytest.fixture(scope="module")
def opens(server):
    """A body that makes every token a '{'."""
    ids = server.http.post("/tokenize", json={"prompt": "{", "add_special_tokens": False}).json()["tokens"]
    return {"logit_bias": {str(ids[-1]): 100}, "temperature": 0}


def chat(server, model, opens, **parameters):
    choice = {"type": "function", "function": {"name": "get_weather"}}
    return server.client().chat.completions.create(
        model=model, messages=ASK, tools=[CHAT_TOOL], tool_choice=choice, max_tokens=1, extra_body=opens, **parameters
    )


def test_chat_call(server, model, opens):
    choice = chat(server, model, opens).choices[0]
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "get_weather", "{")
    assert call.id.startswith("call_")
    assert (choice.message.content, choice.finish_reason) == (None, "length")


def test_chat_call_in_a_stream(server, model, opens):
    calls = [call for chunk in chat(server, model, opens, stream=True) for call in chunk.choices[0].delta.tool_calls or []]
    assert {call.index for call in calls} == {0}
    assert (calls[0].function.name, calls[0].function.arguments, calls[0].type) == ("get_weather", "", "function")
    assert all(call.id is None and call.function.name is None for call in calls[1:])
    assert "".join(call.function.arguments for call in calls) == "{"


def test_chat_conversation_with_a_call(server, model):
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = ASK + [{"role": "assistant", "content": None, "tool_calls": [call]},
                      {"role": "tool", "tool_call_id": "1", "content": "Rain."}]
    answer = server.client().chat.completions.create(model=model, messages=messages, tools=[CHAT_TOOL], max_tokens=4)
    assert answer.usage.completion_tokens_details.reasoning_tokens == 0
    prompt = server.http.post("/apply-template", json={"messages": messages}).json()["prompt"]
    assert '{"name": "get_weather", "arguments": {"city": "Paris"}}' in prompt


def test_reasoning(server, model):
    answer = server.client().chat.completions.create(
        model=model, messages=ASK, max_tokens=5, temperature=0,
        extra_body={"chat_template_kwargs": {"enable_thinking": True}, "ignore_eos": True},
    )
    message = answer.choices[0].message
    assert message.content is None
    assert message.reasoning == message.reasoning_content != ""
    assert answer.usage.completion_tokens_details.reasoning_tokens == 5


def test_unknown_function_is_refused(server, model):
    with pytest.raises(openai.BadRequestError) as caught:
        server.client().chat.completions.create(
            model=model, messages=ASK, tools=[CHAT_TOOL], tool_choice={"type": "function", "function": {"name": "f"}}
        )
    assert caught.value.param == "tool_choice"


# ---- Responses


def respond(server, model, opens, **parameters):
    return server.client().responses.create(
        model=model, input=ASK, tools=[{"type": "web_search"}, RESPONSES_TOOL], max_output_tokens=1,
        tool_choice={"type": "function", "name": "get_weather"}, extra_body=opens, **parameters
    )


def test_response_call(server, model, opens):
    response = respond(server, model, opens)
    (item,) = response.output
    assert (item.type, item.name, item.arguments, item.status) == ("function_call", "get_weather", "{", "incomplete")
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert [tool.name for tool in response.tools] == ["get_weather"]


def test_response_call_in_a_stream(server, model, opens):
    events = list(respond(server, model, opens, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type.removeprefix("response.") for event in events] == [
        "created", "in_progress", "output_item.added", "function_call_arguments.delta", "function_call_arguments.done",
        "output_item.done", "incomplete",
    ]
    assert events[-1].response.output == [events[-2].item]


def test_response_text(server, model):
    response = server.client().responses.create(model=model, input="Hello", instructions="Be brief.", max_output_tokens=4,
                                                temperature=0)
    assert response.status in ("completed", "incomplete")
    assert response.output_text == response.output[0].content[0].text
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.instructions == "Be brief."


def test_response_text_in_a_stream(server, model):
    arguments = {"model": model, "input": "Hello", "max_output_tokens": 8, "temperature": 0}
    whole = server.client().responses.create(**arguments)
    events = list(server.client().responses.create(stream=True, **arguments))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == whole.output_text
    assert events[-1].response.usage == whole.usage


def test_response_needs_no_memory(server, model):
    with pytest.raises(openai.BadRequestError) as caught:
        server.client().responses.create(model=model, input="Hello", previous_response_id="resp_1")
    assert caught.value.param == "previous_response_id"
    assert server.client().responses.create(model=model, input="", max_output_tokens=1).object == "response"


# ---- Messages


def messages_client(server, **options):
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, **options)


def test_message_call(server, model, opens):
    message = messages_client(server).messages.create(
        model=model, max_tokens=1, messages=ASK, tools=[MESSAGES_TOOL], tool_choice={"type": "tool", "name": "get_weather"},
        extra_body=opens,
    )
    (block,) = message.content
    assert (block.type, block.name, block.input) == ("tool_use", "get_weather", {})
    assert message.stop_reason == "max_tokens"


def test_message_text(server, model):
    arguments = {"model": model, "max_tokens": 8, "messages": ASK, "system": "Be brief.", "extra_body": {"temperature": 0}}
    message = messages_client(server).messages.create(**arguments)
    assert (message.type, message.role, message.model) == ("message", "assistant", model)
    assert message.stop_reason in ("end_turn", "max_tokens")
    with messages_client(server).messages.stream(**arguments) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == final.content[0].text == message.content[0].text
    assert final.usage.output_tokens == message.usage.output_tokens
    count = messages_client(server).messages.count_tokens(model=model, messages=ASK, system="Be brief.")
    assert count.input_tokens == message.usage.input_tokens == final.usage.input_tokens


def test_message_conversation(server, model):
    messages = ASK + [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "get_weather", "input": {"city": "Paris"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Rain."}]},
    ]
    message = messages_client(server).messages.create(model=model, max_tokens=4, messages=messages, tools=[MESSAGES_TOOL])
    assert message.usage.output_tokens <= 4


def test_message_refusals(server, model):
    with pytest.raises(anthropic.BadRequestError) as caught:
        messages_client(server).messages.create(model=model, max_tokens=4, messages=[])
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    with pytest.raises(anthropic.NotFoundError) as caught:
        messages_client(server).messages.create(model="no-such-model", max_tokens=4, messages=ASK)
    assert caught.value.body["error"]["type"] == "not_found_error"


def test_message_key(start_server):
    server = start_server("--api-key", "secret")
    with pytest.raises(anthropic.AuthenticationError):
        messages_client(server).messages.create(model="loci-tiny", max_tokens=1, messages=ASK)
    client = anthropic.Anthropic(base_url=server.url, api_key="secret", max_retries=0)
    assert client.messages.create(model="loci-tiny", max_tokens=1, messages=ASK).role == "assistant"
