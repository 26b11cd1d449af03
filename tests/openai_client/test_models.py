"""/v1/models, and the names that a request may ask for."""

import openai
import pytest

from generation import PROMPT


def test_list(served):
    models = list(served.client.models.list())
    assert [model.id for model in models] == [served.model]
    assert (models[0].object, models[0].owned_by) == ("model", "loci")
    assert models[0].to_dict()["max_model_len"] == served.max_model_len


def test_retrieve(served):
    assert served.client.models.retrieve(served.model) == list(served.client.models.list())[0]


def test_retrieve_unknown(served):
    with pytest.raises(openai.NotFoundError) as caught:
        served.client.models.retrieve("no-such-model")
    assert caught.value.code == "model_not_found"


def test_id_is_the_stem_or_the_folder(stories):
    assert stories.model in ("stories260K-f32", "hf")


@pytest.mark.parametrize("model", ["no-such-model", "", "gpt-4o"])
def test_unknown_model_in_a_request(served, model):
    with pytest.raises(openai.NotFoundError) as caught:
        served.client.completions.create(model=model, prompt=PROMPT, max_tokens=1)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        served.client.chat.completions.create(model=model, messages=[{"role": "user", "content": PROMPT}])


def test_request_without_a_model_gets_the_one_served(served):
    answer = served.http.post("/v1/completions", json={"prompt": PROMPT, "max_tokens": 1})
    assert answer.json()["model"] == served.model


def test_served_names(start_server):
    """Ids with slashes, raw and percent-encoded; more names are accepted, and the answer carries the one asked for."""
    server = start_server("--served-model-name", "maker/tiny", "other")
    client = server.client()
    assert "maker/tiny" in [model.id for model in client.models.list()]
    assert client.models.retrieve("maker/tiny").id == "maker/tiny"
    for path in ("/v1/models/maker/tiny", "/v1/models/maker%2Ftiny", "/v1/models/maker%2ftiny", "/models/maker/tiny"):
        answer = server.http.get(path)
        assert (answer.status_code, answer.json()["id"]) == (200, "maker/tiny"), path
    for name in ("maker/tiny", "other"):
        assert client.completions.create(model=name, prompt=PROMPT, max_tokens=1).choices
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="loci-tiny", prompt=PROMPT, max_tokens=1)
