"""Clients that go away, clients that half-close, and a server that is told to end."""

import json
import socket
import time

import httpx
import openai
import pytest

from generation import PROMPT
from server_process import DEADLINE_S, poll

# Long enough to be interrupted on any machine.
STREAMS = 48
LONG = {"prompt": [PROMPT] * STREAMS, "max_tokens": 1000, "temperature": 0, "ignore_eos": True}
LONG_TOKENS = STREAMS * 1000


def running(server):
    return server.metric("vllm:num_requests_running") > 0


def send(server, body, path="/v1/completions", more_headers=""):
    """A raw connection on which a request has been sent."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n{more_headers}\r\n"
    connection = socket.create_connection(("127.0.0.1", server.port), DEADLINE_S)
    connection.sendall(head.encode() + data)
    return connection


def read_to_end(connection):
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


@pytest.mark.parametrize("stream", [True, False])
def test_disconnect_frees_all_blocks(start_server, stream):
    server = start_server()
    connection = send(server, LONG | {"stream": stream})
    poll(lambda: running(server), "the request runs")
    connection.close()
    server.wait_until_idle()
    assert server.metric("vllm:generation_tokens_total") < LONG_TOKENS
    assert server.metric("vllm:request_success_total", finished_reason="abort") == STREAMS


def test_closing_a_stream_of_the_client_frees_all_blocks(start_server):
    server = start_server()
    stream = server.client().completions.create(
        model="loci-tiny", prompt=LONG["prompt"], max_tokens=1000, stream=True, extra_body={"ignore_eos": True}
    )
    next(iter(stream))
    stream.close()
    server.wait_until_idle()
    assert server.metric("vllm:generation_tokens_total") < LONG_TOKENS


def test_waiting_requests_can_be_abandoned_too(start_server):
    server = start_server("--max-num-seqs", "1")
    connection = send(server, LONG)
    poll(lambda: server.metric("vllm:num_requests_waiting") > 0, "requests wait")
    connection.close()
    server.wait_until_idle()
    assert server.client().completions.create(model="loci-tiny", prompt=PROMPT, max_tokens=1).choices


@pytest.mark.parametrize("stream", [True, False])
def test_half_closed_client_gets_its_answer(served, stream):
    body = {"prompt": PROMPT, "max_tokens": 200, "temperature": 0, "stream": stream, "ignore_eos": True}
    with send(served.process, body) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b'"finish_reason":"length"') == 1
    if stream:
        assert b"data: [DONE]\n\n" in answer


def test_half_sent_request_harms_nobody(served):
    connection = socket.create_connection(("127.0.0.1", served.process.port), DEADLINE_S)
    connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"prompt\"")
    assert served.http.get("/health/ready").status_code == 200
    connection.close()
    assert served.http.get("/health/ready").status_code == 200


def test_pipelined_requests_are_answered_in_order(served):
    request = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.process.port), DEADLINE_S) as connection:
        connection.sendall(request % b"version" + request % b"v1/models" + request % b"nowhere")
        connection.shutdown(socket.SHUT_WR)
        answer = read_to_end(connection)
    assert answer.index(b'"version"') < answer.index(b'"object":"list"') < answer.index(b"404 Not Found")


def test_sigterm_lets_a_running_stream_finish(start_server):
    """While it does: not ready, new work refused as InternalServerError (503). Then exit status 0."""
    server = start_server()
    body = LONG | {"stream": True, "max_tokens": 300}
    with httpx.stream("POST", f"{server.url}/v1/completions", json=body, timeout=DEADLINE_S, trust_env=False) as answer:
        lines = answer.iter_lines()
        received = [next(lines)]
        server.terminate()
        poll(lambda: server.http.get("/health/ready").status_code == 503, "not ready")
        assert server.http.get("/health/live").status_code == 200
        with pytest.raises(openai.InternalServerError) as caught:
            server.client().completions.create(model="loci-tiny", prompt=PROMPT, max_tokens=1)
        assert caught.value.status_code == 503
        received += lines
    assert received[-2:] in (["data: [DONE]", ""], ["", "data: [DONE]"])
    assert sum('"finish_reason":"length"' in line for line in received) == STREAMS
    assert server.wait() == 0


def test_shutdown_timeout_ends_streams(start_server):
    server = start_server("--shutdown-timeout", "0")
    connection = send(server, LONG | {"stream": True})
    poll(lambda: running(server), "the request runs")
    server.terminate()
    assert server.wait() == 0
    answer = read_to_end(connection)
    assert answer.count(b'"finish_reason":"length"') < STREAMS and b'"finish_reason":"abort"' in answer


def test_second_sigterm_aborts(start_server):
    server = start_server()
    connection = send(server, LONG | {"stream": True})
    poll(lambda: running(server), "the request runs")
    begin = time.monotonic()
    server.terminate()
    poll(lambda: server.http.get("/health/ready").status_code == 503, "not ready")
    server.terminate()
    server.wait()
    assert time.monotonic() - begin < 10
    answer = read_to_end(connection)
    assert answer.count(b'"finish_reason":"length"') < STREAMS
    server.process.returncode = 0  # which status an abort has is not laid down
