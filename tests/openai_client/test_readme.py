"""What the README tells a newcomer to type works as it stands, but for the port."""

import contextlib
import io
import json
import re
import subprocess

import pytest

from conftest import REPOSITORY


def code_block(language, beginning):
    blocks = re.findall(rf"```{language}\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    return next(block for block in blocks if block.startswith(beginning))


def on_port_of(server, code):
    assert "http://127.0.0.1:8000" in code
    return code.replace("http://127.0.0.1:8000", server.url)


@pytest.fixture
def server(start_server):
    return start_server()


def test_curl(server):
    command = on_port_of(server, code_block("sh", "curl"))
    done = subprocess.run(["bash", "-c", command.replace("curl ", "curl -sS ", 1)], capture_output=True, check=True)
    choice = json.loads(done.stdout)["choices"][0]
    assert choice["message"]["content"].strip()
    assert choice["finish_reason"] in ("stop", "length")


def test_python(server):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(on_port_of(server, code_block("python", "from openai")), "README.md", "exec"), {})
    assert printed.getvalue().strip()
