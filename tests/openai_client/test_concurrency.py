"""The first law over HTTP: beside others, under any scheduling flags, a request says what it says alone."""

import asyncio
import concurrent.futures

import openai
import pytest

from conftest import describe
from generation import complete_text
from server_process import ServerProcess

PROMPTS = [
    "Once upon a time", "Lily and Tom", "The big red dog was", "One day", "The ship", "It was night and", "She said",
    "In the morning", "A long time ago there lived a king, who had", "Tom", "The sea was", "My dear", "When they came",
    "There was no", "He looked at the old man and", "And then the little girl went into the wood",
]
LIMITS = [20 + 13 * (i % 7) for i in range(len(PROMPTS))]
SAMPLINGS = {"greedy": {"temperature": 0}, "sampled": {"temperature": 1.2, "top_p": 0.95, "top_k": 40}}


async def stream_all(process, model, sampling):
    """All PROMPTS at once, streamed."""
    async with process.async_client() as client:

        async def one(index):
            chunks = await client.completions.create(
                model=model, prompt=PROMPTS[index], max_tokens=LIMITS[index], seed=index, stream=True,
                extra_body={"ignore_eos": True} | sampling,
            )
            return "".join([chunk.choices[0].text async for chunk in chunks])

        return await asyncio.gather(*map(one, range(len(PROMPTS))))


def alone(served, sampling):
    return [complete_text(served, prompt, max_tokens=limit, seed=index, **sampling)
            for index, (prompt, limit) in enumerate(zip(PROMPTS, LIMITS))]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_16_streams_say_what_each_says_alone(served, sampling):
    expected = alone(served, SAMPLINGS[sampling])
    for _ in range(3):
        assert asyncio.run(stream_all(served.process, served.model, SAMPLINGS[sampling])) == expected
    served.process.wait_until_idle()


FLAGS = [
    ["--max-num-batched-tokens", "1"],
    ["--max-num-batched-tokens", "7", "--block-size", "1"],
    ["--max-num-seqs", "3"],
    ["--kv-cache-memory", "700KB", "--max-model-len", "128"],
    ["--threads", "3"],
]


@pytest.fixture(scope="module")
def reference(request):
    """What the embedded model says alone, with the default flags."""
    process = ServerProcess(request.config.getoption("--binary"), [])
    texts = {name: alone(describe(process), sampling) for name, sampling in SAMPLINGS.items()}
    process.stop()
    return texts


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_scheduling_flags_change_nothing(start_server, reference, flags):
    server = start_server(*flags)
    for name, sampling in SAMPLINGS.items():
        assert asyncio.run(stream_all(server, "loci-tiny", sampling)) == reference[name]
    server.wait_until_idle()


def test_too_many_waiting_requests_are_refused(start_server):
    """RateLimitError with Retry-After for some; the others are answered."""
    server = start_server("--max-num-seqs", "1", "--max-queued-requests", "1")
    client = server.client()

    def ask(_):
        try:
            return client.completions.create(
                model="loci-tiny", prompt="One day", max_tokens=600, extra_body={"ignore_eos": True}
            )
        except openai.RateLimitError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        results = list(pool.map(ask, range(12)))
    refused = [result for result in results if isinstance(result, openai.RateLimitError)]
    assert 0 < len(refused) < len(results)
    assert all(int(error.response.headers["retry-after"]) > 0 for error in refused)
    assert all(result.usage.completion_tokens == 600 for result in results if result not in refused)
