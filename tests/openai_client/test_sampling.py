"""Each sampling parameter has the effect that it is named for, seen from outside."""

import pytest

from generation import PROMPT, TOKENS, chat, complete, complete_text, eos_id, greedy_ids

HOT = {"temperature": 1.5}
LONG = 80  # tokens; a greedy text of this length repeats itself


def output_tokens(served, **parameters):
    return complete(served, logprobs=0, **parameters).choices[0].logprobs.tokens


def repeats(served, **parameters):
    """How many of LONG greedy tokens had been there before."""
    tokens = output_tokens(served, max_tokens=LONG, **parameters)
    return len(tokens) - len(set(tokens))


def test_temperature_0_is_deterministic(served):
    assert len({complete_text(served) for _ in range(3)}) == 1


def test_temperature_0_ignores_the_seed(served):
    assert complete_text(served, seed=1) == complete_text(served, seed=2) == complete_text(served)


def test_seed_reproduces(served):
    texts = [complete_text(served, seed=seed, **HOT) for seed in range(4)]
    assert texts == [complete_text(served, seed=seed, **HOT) for seed in range(4)]
    assert len(set(texts)) == 4


@pytest.mark.parametrize("seed", [-1, 2**63 - 1, 2**64 - 1])
def test_seeds_at_the_limits(served, seed):
    assert complete_text(served, seed=seed, **HOT) == complete_text(served, seed=seed, **HOT)


def test_without_seed_it_varies(served):
    assert len({complete_text(served, **HOT) for _ in range(4)}) > 1


def test_temperature_spreads(served):
    """Near 0 all seeds agree with greedy; hot, no two agree."""
    cold, hot = ({complete_text(served, seed=s, temperature=t) for s in range(4)} for t in (0.001, 1.5))
    assert cold == {complete_text(served)}
    assert len(hot) == 4


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}], ids=str)
def test_narrowed_to_one_token_is_greedy(served, narrow):
    assert complete_text(served, seed=1, **HOT, **narrow) == complete_text(served)


@pytest.mark.parametrize("off", [{"top_k": 0}, {"top_k": -1}, {"top_p": 1.0}, {"min_p": 0.0}], ids=str)
def test_switched_off_changes_nothing(served, off):
    plain = {**HOT, "top_p": 1.0}  # the embedded model brings a top_p of its own
    assert complete_text(served, seed=1, **{**plain, **off}) == complete_text(served, seed=1, **plain)


def test_top_k_limits_the_choice(served):
    """With top_k 3, the first token of 40 seeds is one of the 3 likeliest."""
    likeliest = complete(served, max_tokens=1, logprobs=3).choices[0].logprobs.top_logprobs[0]
    answer = complete(served, max_tokens=1, n=40, logprobs=0, temperature=2.0, seed=1, top_k=3)
    seen = {choice.logprobs.tokens[0] for choice in answer.choices}
    assert len(seen) > 1 and seen <= likeliest.keys()


def test_logit_bias_bans(served):
    ids = greedy_ids(served)
    assert complete_text(served, logit_bias={str(ids[0]): -100}) != complete_text(served)
    everything_but = {str(token): -100 for token in ids}
    assert not set(output_tokens(served, logit_bias=everything_but)[:1]) & set(output_tokens(served)[:1])


def test_logit_bias_forces(served):
    token = greedy_ids(served)[1]
    expected = output_tokens(served)[1]
    assert output_tokens(served, logit_bias={str(token): 100}, max_tokens=5) == [expected] * 5


PENALTIES = [{"presence_penalty": 2.0}, {"frequency_penalty": 2.0}, {"repetition_penalty": 2.0}]


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_penalties_reduce_repetition(served, penalty):
    assert repeats(served, **penalty) < repeats(served)


def test_negative_penalty_adds_repetition(served):
    assert repeats(served, frequency_penalty=-2.0) > repeats(served)


def test_presence_penalty_counts_once_frequency_each_time(served):
    """A bias of 20 outlives one presence penalty of 2, but not a frequency penalty of 2 for each time."""
    bias = {str(greedy_ids(served)[0]): 20}
    token = output_tokens(served)[0]
    assert output_tokens(served, logit_bias=bias, presence_penalty=2.0) == [token] * TOKENS
    assert output_tokens(served, logit_bias=bias, frequency_penalty=2.0) != [token] * TOKENS


def test_repetition_penalty_sees_the_prompt_the_others_do_not(served):
    """A prompt that holds the greedy token: only the repetition penalty moves the first token."""
    prompt = PROMPT + complete_text(served)
    first = complete_text(served, prompt, max_tokens=1)
    for penalty in ({"presence_penalty": 2.0}, {"frequency_penalty": 2.0}):
        assert complete_text(served, prompt, max_tokens=1, **penalty) == first
    seen = prompt + first
    weak = complete_text(served, seen, max_tokens=LONG)
    assert complete_text(served, seen, max_tokens=LONG, repetition_penalty=5.0) != weak


def test_stop_string(served):
    text = complete_text(served)
    stop = text[10:13]
    answer = complete(served, stop=stop)
    assert answer.choices[0].text == text[: text.index(stop)]
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens < TOKENS


def test_stop_list_ends_at_the_earliest(served):
    text = complete_text(served)
    stops = [text[12:15], text[6:9], "never said by anyone"]
    answer = complete(served, stop=stops)
    assert answer.choices[0].text == text[: min(text.index(stop) for stop in stops[:2])]


def test_stop_string_may_stay(served):
    text = complete_text(served)
    stop = text[10:13]
    kept = complete_text(served, stop=stop, include_stop_str_in_output=True)
    assert kept == text[: text.index(stop) + len(stop)]


def test_stop_string_that_never_comes(served):
    answer = complete(served, stop="never said by anyone")
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == (complete_text(served), "length")


def test_chat_stop_string(served):
    text = chat(served).choices[0].message.content
    answer = chat(served, stop=[text[3:5]])
    assert answer.choices[0].message.content == text[: text.index(text[3:5])]
    assert answer.choices[0].finish_reason == "stop"


def test_stop_token_ids(served):
    ids = greedy_ids(served)
    end = next(i for i in range(3, TOKENS) if ids[i] not in ids[:i])
    answer = complete(served, stop_token_ids=[ids[end]])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].text == complete_text(served, max_tokens=end)


def test_stop_reason(served):
    """vLLM's addition: what stopped it."""
    ids = greedy_ids(served)
    assert complete(served, stop_token_ids=[ids[0]]).choices[0].to_dict()["stop_reason"] == ids[0]
    stop = complete_text(served)[5:8]
    assert complete(served, stop=stop).choices[0].to_dict()["stop_reason"] == stop
    assert complete(served).choices[0].to_dict()["stop_reason"] is None


def test_min_tokens_holds_back_stop_tokens(served):
    stop = greedy_ids(served)[0]
    assert complete(served, stop_token_ids=[stop]).usage.completion_tokens <= 1
    assert complete(served, stop_token_ids=[stop], min_tokens=6).usage.completion_tokens >= 6


def test_min_tokens_holds_back_stop_strings(served):
    stop = complete_text(served)[:2]
    assert complete(served, stop=stop).choices[0].text == ""
    assert complete(served, stop=stop, min_tokens=6).usage.completion_tokens >= 6


def test_min_tokens_holds_back_the_end(served):
    end = {str(eos_id(served)): 100}
    assert complete(served, logit_bias=end, ignore_eos=False).usage.completion_tokens <= 1
    answer = complete(served, logit_bias=end, ignore_eos=False, min_tokens=6)
    assert answer.usage.completion_tokens >= 6
    assert answer.choices[0].finish_reason == "stop"


def test_ignore_eos(served):
    end = {str(eos_id(served)): 100}
    ended = complete(served, logit_bias=end, ignore_eos=False)
    assert (ended.choices[0].text, ended.choices[0].finish_reason) == ("", "stop")
    ignored = complete(served, logit_bias=end, ignore_eos=True)
    assert ignored.usage.completion_tokens == TOKENS
    assert ignored.choices[0].finish_reason == "length"


def test_skip_special_tokens(served):
    end = {str(eos_id(served)): 100}
    assert complete_text(served, logit_bias=end, max_tokens=3) == ""
    assert complete_text(served, logit_bias=end, max_tokens=3, skip_special_tokens=False) != ""


def test_n_choices_are_independent_and_reproducible(served):
    first, second = (complete(served, n=4, seed=11, **HOT) for _ in range(2))
    texts = [choice.text for choice in first.choices]
    assert [choice.index for choice in first.choices] == [0, 1, 2, 3]
    assert texts == [choice.text for choice in second.choices]
    assert len(set(texts)) == 4
    assert first.usage.completion_tokens == 4 * TOKENS
    assert first.usage.prompt_tokens == complete(served).usage.prompt_tokens


def test_first_of_n_is_the_one_alone(served):
    assert complete(served, n=3, seed=11, **HOT).choices[0].text == complete_text(served, seed=11, **HOT)


def test_null_means_default(served):
    nulls = dict.fromkeys(["top_p", "n", "stop", "seed", "presence_penalty", "logit_bias", "logprobs", "stream",
                           "stream_options", "user", "best_of", "suffix", "echo", "top_k", "min_tokens"])
    body = {"model": served.model, "prompt": PROMPT, "temperature": 0, "max_tokens": TOKENS, "ignore_eos": True}
    answer = served.http.post("/v1/completions", json=body | nulls)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["text"] == complete_text(served)


def test_unknown_fields_are_ignored(served):
    answer = served.client.completions.create(
        model=served.model, prompt=PROMPT, temperature=0, max_tokens=TOKENS,
        extra_body={"ignore_eos": True, "no_such_field": {"a": [1]}, "metadata": {"k": "v"}, "store": True},
    )
    assert answer.choices[0].text == complete_text(served)
