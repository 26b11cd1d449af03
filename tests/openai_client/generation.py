"""Greedy continuations as the yardstick: their text, and the ids of their tokens."""

PROMPT = "Once upon a time"
TOKENS = 24


def complete(served, prompt=PROMPT, **parameters):
    """A greedy completion of TOKENS tokens unless the parameters say otherwise; returns the response."""
    vllm_fields = ("top_k", "min_p", "repetition_penalty", "stop_token_ids", "min_tokens", "ignore_eos",
                   "include_stop_str_in_output", "skip_special_tokens", "prompt_logprobs")
    extra = {name: parameters.pop(name) for name in vllm_fields if name in parameters}
    extra.setdefault("ignore_eos", True)
    parameters = {"temperature": 0, "max_tokens": TOKENS} | parameters
    return served.client.completions.create(model=served.model, prompt=prompt, extra_body=extra, **parameters)


def complete_text(served, prompt=PROMPT, **parameters):
    return complete(served, prompt, **parameters).choices[0].text


def chat(served, content=PROMPT, **parameters):
    parameters = {"temperature": 0, "max_tokens": TOKENS} | parameters
    messages = parameters.pop("messages", [{"role": "user", "content": content}])
    return served.client.chat.completions.create(model=served.model, messages=messages, **parameters)


def tokenize(served, text, **fields):
    answer = served.http.post("/tokenize", json={"model": served.model, "prompt": text} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["tokens"]


def greedy_ids(served, prompt=PROMPT, tokens=TOKENS):
    """The token ids of the greedy continuation, read back by tokenizing prompt and continuation together."""
    response = complete(served, prompt, max_tokens=tokens)
    prompt_ids = tokenize(served, prompt)
    ids = tokenize(served, prompt + response.choices[0].text)
    assert ids[: len(prompt_ids)] == prompt_ids
    ids = ids[len(prompt_ids) :]
    assert len(ids) == tokens
    return ids


def eos_id(served):
    """The id of the token that ends a completion: alone allowed, it ends it at once."""
    for token in range(16):
        response = complete(served, max_tokens=4, logit_bias={str(token): 100}, ignore_eos=False)
        if response.choices[0].finish_reason == "stop":
            return token
    raise AssertionError("none of the first 16 tokens ends a completion")
