"""What operators use: health, version, metrics, flags and the config file."""

import re
import subprocess

import pytest

from generation import PROMPT, complete

METRICS = [
    "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc", "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total", "vllm:time_to_first_token_seconds_count", "vllm:inter_token_latency_seconds_count",
    "vllm:e2e_request_latency_seconds_count", "vllm:request_success_total", "loci_kv_blocks_used",
    "loci_kv_blocks_total",
]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health(served, path):
    assert served.http.get(path).status_code == 200
    assert served.http.head(path).content == b""


def test_version(served):
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", served.http.get("/version").json()["version"])


@pytest.mark.parametrize("name", METRICS)
def test_metric_is_there(served, name):
    complete(served, max_tokens=3)
    assert served.process.metric(name, model_name=served.model) >= 0


def test_metrics_are_prometheus_text(served):
    answer = served.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in answer.text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) [\w:]+ .*|[\w:]+(\{[^}]*\})? [0-9.e+-]+", line), line


def test_metrics_count(served):
    names = ["vllm:prompt_tokens_total", "vllm:generation_tokens_total", "vllm:time_to_first_token_seconds_count",
             "vllm:inter_token_latency_seconds_count", "vllm:request_success_total"]
    before = [served.process.metric(name) for name in names]
    usage = complete(served, max_tokens=9).usage
    after = [served.process.metric(name) for name in names]
    assert [b - a for a, b in zip(before, after)] == [usage.prompt_tokens, 9, 1, 8, 1]
    served.process.wait_until_idle()


def test_latencies_add_up(served):
    """Time to the first token and the times between tokens are parts of the whole request."""
    names = ["vllm:time_to_first_token_seconds_sum", "vllm:inter_token_latency_seconds_sum",
             "vllm:e2e_request_latency_seconds_sum"]
    before = [served.process.metric(name) for name in names]
    complete(served, max_tokens=400)
    first, between, whole = (served.process.metric(n) - b for n, b in zip(names, before))
    assert first > 0 and between > 0
    assert first + between <= whole * 1.01


def test_config_file(start_server, tmp_path):
    config = tmp_path / "server.toml"
    config.write_text('served-model-name = ["from-file"]\napi-key = ["secret"]\nmax-model-len = 128\n')
    server = start_server("--config", config)
    model = list(server.client("secret").models.list())[0]
    assert (model.id, model.to_dict()["max_model_len"]) == ("from-file", 128)
    assert server.http.get("/v1/models").status_code == 401


def test_command_line_wins_over_the_config_file(start_server, tmp_path):
    config = tmp_path / "server.toml"
    config.write_text('served-model-name = "from-file"\nmax-model-len = 128\n')
    server = start_server("--config", config, "--max-model-len", "64")
    model = list(server.client().models.list())[0]
    assert (model.id, model.to_dict()["max_model_len"]) == ("from-file", 64)


def run(binary, *arguments):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, timeout=60)


WRONG_FLAGS = [["--no-such-flag"], ["--port", "x"], ["--port", "70000"], ["--max-num-seqs", "0"]]


@pytest.mark.parametrize("flags", WRONG_FLAGS, ids=str)
def test_wrong_flags(binary, flags):
    done = run(binary, "serve", *flags)
    assert done.returncode == 2
    assert flags[0].strip("-") in done.stderr


def test_wrong_config_file(binary, tmp_path):
    config = tmp_path / "server.toml"
    config.write_text("no-such-flag = 5\n")
    done = run(binary, "serve", "--config", config)
    assert done.returncode in (1, 2)
    assert "no-such-flag" in done.stderr
    assert run(binary, "serve", "--config", tmp_path / "absent.toml").returncode in (1, 2)


def test_model_that_is_not_there(binary, tmp_path):
    done = run(binary, "serve", tmp_path / "absent.gguf", "--port", "0")
    assert done.returncode == 1
    assert "absent.gguf" in done.stderr


def test_port_that_is_taken(binary, served):
    done = run(binary, "serve", "--port", served.process.port)
    assert done.returncode == 1
    assert str(served.process.port) in done.stderr


def test_seed_flag_makes_a_fixed_series(start_server):
    def series():
        client = start_server("--seed", "7").client()
        answers = [client.completions.create(model="loci-tiny", prompt=PROMPT, temperature=1.5) for _ in range(3)]
        return [answer.choices[0].text for answer in answers]

    first = series()
    assert first == series()
    assert len(set(first)) == 3


def test_static_page(served):
    answer = served.http.get("/")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
