"""Servers for the tests: one a model for all of them, and others with flags of a test's own."""

import json
import pathlib
import types

import pytest

from server_process import ServerProcess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
STORIES = REPOSITORY.parent / "shared/data/models/stories260K"
MODELS = {"embedded": None, "gguf": STORIES / "stories260K-f32.gguf", "hf": STORIES / "hf"}


def pytest_addoption(parser):
    parser.addoption("--binary", required=True, help="the loci program")


def model_arguments(name):
    """The arguments that serve a model of MODELS; skips the test where it is absent."""
    path = MODELS[name]
    if path is None:
        return []
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return [path]


def describe(process):
    """What the tests need of a running server; `model` is the id that it gives itself."""
    model = process.http.get("/v1/models").json()["data"][0]
    return types.SimpleNamespace(
        process=process, http=process.http, client=process.client(), url=process.url, model=model["id"],
        max_model_len=model["max_model_len"],
    )


@pytest.fixture(scope="session")
def binary(request):
    return request.config.getoption("--binary")


@pytest.fixture(scope="session", params=MODELS)
def served(request, binary):
    """A running server for each model; shared by all tests."""
    process = ServerProcess(binary, model_arguments(request.param))
    yield describe(process)
    process.stop()


@pytest.fixture(scope="session", params=["gguf", "hf"])
def stories(request, binary):
    """stories260K, whose greedy continuations are known."""
    process = ServerProcess(binary, model_arguments(request.param))
    yield describe(process)
    process.stop()


@pytest.fixture(scope="session")
def golden():
    path = STORIES / "golden.json"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return json.loads(path.read_text())["cases"]


@pytest.fixture
def start_server(binary):
    """start_server(*flags) -> ServerProcess on the embedded model; stopped after the test, with status 0."""
    processes = []

    def start(*flags):
        processes.append(ServerProcess(binary, flags))
        return processes[-1]

    yield start
    for process in processes:
        process.stop()
