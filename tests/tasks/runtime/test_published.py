"""Names of what is in force, and addresses, are found; a name that nothing has is one sentence."""

import pytest

from blocks.history import promote
from blocks.store import ArtifactStore, MissingObject
from tasks.runtime.published import published


def test_a_name_or_an_address_is_found(prefect_store: ArtifactStore) -> None:
    old, new = (prefect_store.publish("model", [prefect_store.add_file("a", data)]) for data in (b"1", b"2"))
    promote(prefect_store, "model", "sft", old, {})
    promote(prefect_store, "model", "sft", new, {})
    assert published("model", "sft") == new
    assert published("model", old.sha256) == old


def test_a_name_that_nothing_has_is_one_sentence(prefect_store: ArtifactStore) -> None:
    ref = prefect_store.publish("model", [prefect_store.add_file("a", b"1")])
    promote(prefect_store, "model", "sft", ref, {})
    with pytest.raises(MissingObject, match="no model is in force under 'grpo', found sft"):
        published("model", "grpo")
    with pytest.raises(MissingObject, match="no corpus is in force under 'sft', found nothing"):
        published("corpus", "sft")


def test_a_version_is_found_by_name_by_address_and_by_how_far_back_it_is(
    prefect_store: ArtifactStore,
) -> None:
    refs = [
        prefect_store.publish("corpus", [prefect_store.add_file("a", data)]) for data in (b"1", b"2", b"3")
    ]
    for ref in refs:
        promote(prefect_store, "corpus", "main", ref, {})
    assert [published("corpus", f"main~{back}") for back in range(3)] == refs[::-1]
    assert published("corpus", "main") == refs[2]
    assert published("corpus", refs[0].sha256) == refs[0]


def test_a_version_that_never_was_is_one_sentence(prefect_store: ArtifactStore) -> None:
    ref = prefect_store.publish("corpus", [prefect_store.add_file("a", b"1")])
    promote(prefect_store, "corpus", "main", ref, {})
    with pytest.raises(MissingObject, match="main~1 is no corpus: under 'main' there are 1 versions"):
        published("corpus", "main~1")
    with pytest.raises(MissingObject, match="no corpus is in force under 'main~x'"):
        published("corpus", "main~x")
