"""/v1/completions without streaming: every form of a prompt, echo, n."""

import pytest

from generation import PROMPT, complete, complete_text, greedy_ids, tokenize

OTHER = "Lily and Tom"


def test_shape(served):
    answer = complete(served, max_tokens=5)
    assert answer.id.startswith("cmpl-")
    assert (answer.object, answer.model) == ("text_completion", served.model)
    choice = answer.choices[0]
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "length", None)
    assert answer.usage.prompt_tokens == len(tokenize(served, PROMPT))
    assert answer.usage.completion_tokens == 5
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 5


def test_default_is_16_tokens(served):
    answer = served.client.completions.create(
        model=served.model, prompt=PROMPT, temperature=0, extra_body={"ignore_eos": True}
    )
    assert answer.usage.completion_tokens == 16


def test_prompt_forms_agree(served):
    """Text, ids, and lists of both mean the same; ids are taken as they are, without a BOS in front."""
    prompts = [PROMPT, OTHER]
    ids = [tokenize(served, prompt) for prompt in prompts]
    texts = [complete_text(served, prompt) for prompt in prompts]
    assert texts[0] != texts[1]
    assert [complete_text(served, x) for x in ids] == texts
    for form in (prompts, ids):
        answer = complete(served, form)
        assert [choice.index for choice in answer.choices] == [0, 1]
        assert [choice.text for choice in answer.choices] == texts
        assert answer.usage.prompt_tokens == len(ids[0]) + len(ids[1])


def test_ids_get_no_bos(served):
    ids = tokenize(served, PROMPT, add_special_tokens=False)
    assert complete(served, ids).usage.prompt_tokens == len(ids)


def test_add_special_tokens_false(served):
    answer = served.client.completions.create(
        model=served.model, prompt=PROMPT, max_tokens=1, extra_body={"add_special_tokens": False}
    )
    assert answer.usage.prompt_tokens == len(tokenize(served, PROMPT, add_special_tokens=False))


def test_n_goes_prompt_by_prompt(served):
    answer = complete(served, [PROMPT, OTHER], n=2)
    texts = [choice.text for choice in answer.choices]
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert texts == [complete_text(served, p) for p in (PROMPT, PROMPT, OTHER, OTHER)]


@pytest.mark.parametrize("form", ["text", "ids"])
def test_echo(served, form):
    prompt = PROMPT if form == "text" else tokenize(served, PROMPT)
    assert complete_text(served, prompt, echo=True) == PROMPT + complete_text(served)


def test_echo_with_logprobs(served):
    """The rows of the prompt come first; the first token has nothing before it to be predicted from."""
    answer = complete(served, max_tokens=4, echo=True, logprobs=2)
    prompt_tokens = len(tokenize(served, PROMPT))
    rows = answer.choices[0].logprobs
    assert len(rows.tokens) == len(rows.token_logprobs) == len(rows.top_logprobs) == prompt_tokens + 4
    assert rows.token_logprobs[0] is None and rows.top_logprobs[0] is None
    assert all(logprob <= 0 for logprob in rows.token_logprobs[1:])
    assert rows.text_offset == sorted(rows.text_offset)
    assert rows.text_offset[prompt_tokens] == len(PROMPT)


def test_scoring_a_text(served):
    """echo with max_tokens 0: log probabilities of a given text; they are those that generating it gave."""
    ids = tokenize(served, PROMPT) + greedy_ids(served, tokens=8)
    scored = complete(served, ids, max_tokens=0, echo=True, logprobs=0).choices[0]
    generated = complete(served, max_tokens=8, logprobs=0).choices[0]
    assert scored.logprobs.token_logprobs[-8:] == generated.logprobs.token_logprobs
    assert scored.text == PROMPT + generated.text


def test_empty_suffix_and_user_are_harmless(served):
    assert complete_text(served, user="someone", suffix=None) == complete_text(served)


def test_prompts_that_are_unlike(served):
    texts = ["a", " ", "\n", "Ünïcödé", "日本語", "🙂", "\u0000", "a" * 100]
    for text in texts:
        assert complete(served, text, max_tokens=3).usage.completion_tokens == 3
    assert len(complete(served, texts, max_tokens=3).choices) == len(texts)
