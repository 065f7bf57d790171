"""How an index describes the model of its vectors; the flow's test runs the steps."""

from blocks.store import ArtifactStore
from tasks.embedding.tasks import model_embedding
from tasks.retrieval.config import EncodeConfig


def test_a_tuned_model_is_given_text_as_in_its_training(prefect_store: ArtifactStore) -> None:
    store, trained = prefect_store, EncodeConfig(instruction="检索", max_tokens=77)
    config = store.add_file("config.json", b'{"hidden_size": 64}')
    base = store.publish("model", [config])
    tuned = store.publish(
        "model", [config, store.add_file("encode.json", trained.model_dump_json().encode())]
    )
    assert (model_embedding(tuned).instruction, model_embedding(tuned).max_tokens) == ("检索", 77)
    assert model_embedding(base).max_tokens == EncodeConfig().max_tokens
    assert model_embedding(base, trained).model_dump() == {
        **trained.model_dump(), "kind": "model", "model_sha256": base.sha256, "dimensions": 64,
    }  # fmt: skip
