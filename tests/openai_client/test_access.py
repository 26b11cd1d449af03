"""API keys and web origins: who may call."""

import openai
import pytest

from generation import PROMPT
from server_process import ServerProcess

OPEN = [("GET", "/"), ("GET", "/health"), ("GET", "/health/live"), ("GET", "/health/ready")]
LOCKED = [("GET", "/v1/models"), ("GET", "/models"), ("GET", "/v1/models/loci-tiny"), ("GET", "/version"),
          ("GET", "/metrics"), ("POST", "/v1/chat/completions"), ("POST", "/v1/completions"), ("POST", "/completions"),
          ("POST", "/tokenize"), ("POST", "/detokenize"), ("GET", "/no-such-route"), ("DELETE", "/v1/models")]
ORIGIN = "https://app.example"


@pytest.fixture(scope="module")
def locked(request):
    process = ServerProcess(request.config.getoption("--binary"), ["--api-key", "first", "--api-key", "second"])
    yield process
    process.stop()


@pytest.mark.parametrize("key", ["first", "second"])
def test_right_key(locked, key):
    client = locked.client(key)
    assert list(client.models.list())
    assert client.completions.create(model="loci-tiny", prompt=PROMPT, max_tokens=1).choices


@pytest.mark.parametrize("key", ["wrong", "firs", "firstt", "FIRST", "first,second"])
def test_wrong_key(locked, key):
    with pytest.raises(openai.AuthenticationError) as caught:
        locked.client(key).completions.create(model="loci-tiny", prompt=PROMPT)
    assert caught.value.code == "invalid_api_key"
    assert key not in str(caught.value)


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_open_without_key(locked, method, path):
    assert locked.http.request(method, path).status_code == 200


@pytest.mark.parametrize(("method", "path"), LOCKED)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "first", "Basic Zmlyc3Q="])
def test_locked_without_key(locked, method, path, header):
    answer = locked.http.request(method, path, headers={"Authorization": header} if header is not None else {})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_preflight_needs_no_key(locked):
    answer = locked.http.options(
        "/v1/chat/completions",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os"},
    )
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "*"


def test_no_keys_any_key_passes(served):
    assert list(served.process.client("whatever").models.list())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/models", 200), ("GET", "/health", 200), ("POST", "/v1/completions", 400), ("GET", "/nowhere", 404)],
)
def test_origin_is_echoed_on_every_answer(served, method, path, status):
    answer = served.http.request(method, path, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, ORIGIN)


def test_origin_is_echoed_on_a_refusal_for_want_of_a_key(locked):
    answer = locked.http.get("/v1/models", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, ORIGIN)


def test_origin_is_echoed_on_a_stream(served):
    body = {"prompt": PROMPT, "max_tokens": 2, "stream": True}
    with served.http.stream("POST", "/v1/completions", json=body, headers={"Origin": ORIGIN}) as answer:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        answer.read()


def test_no_origin_no_header(served):
    assert "access-control-allow-origin" not in served.http.get("/v1/models").headers


def test_allowed_origins(start_server):
    server = start_server("--allowed-origins", ORIGIN)
    allowed, other = (server.http.get("/v1/models", headers={"Origin": o}) for o in (ORIGIN, "https://other.example"))
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in other.headers
