"""stories260K continues a prompt as the reference does, from GGUF and from safetensors, however it is asked."""

from generation import complete, complete_text, greedy_ids


def expected_text(case):
    assert case["text"].startswith(case["prompt"])
    return case["text"][len(case["prompt"]) :]


def test_prompt_as_text(stories, golden):
    for case in golden:
        response = complete(stories, case["prompt"], max_tokens=len(case["greedy_ids"]))
        assert response.choices[0].text == expected_text(case)
        assert response.usage.prompt_tokens == len(case["prompt_ids"])
        assert response.usage.completion_tokens == len(case["greedy_ids"])


def test_prompt_as_token_ids(stories, golden):
    for case in golden:
        tokens = len(case["greedy_ids"])
        assert complete_text(stories, case["prompt_ids"], max_tokens=tokens) == expected_text(case)


def test_all_prompts_in_one_request(stories, golden):
    tokens = len(golden[0]["greedy_ids"])
    response = complete(stories, [case["prompt"] for case in golden], max_tokens=tokens)
    assert [choice.text for choice in response.choices] == [expected_text(case) for case in golden]


def test_streamed(stories, golden):
    for case in golden:
        chunks = complete(stories, case["prompt"], max_tokens=len(case["greedy_ids"]), stream=True)
        assert "".join(chunk.choices[0].text for chunk in chunks) == expected_text(case)


def test_token_ids(stories, golden):
    for case in golden:
        assert greedy_ids(stories, case["prompt"], len(case["greedy_ids"])) == case["greedy_ids"]
