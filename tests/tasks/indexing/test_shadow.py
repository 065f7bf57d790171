"""A new index takes the old one's place only if it finds no less of what both hold."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from prefect import flow

from blocks.history import current, promote
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, Pointer
from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shadow import ShadowConfig, WorseIndex, ask_both, shadow_questions
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.indexing.soundness import UnsoundIndex
from tasks.indexing.tasks import publish_index
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import MANIFEST
from tasks.runtime.parts import encode_rows

CONFIG = IndexConfig()


def document(number: int, tenant: str = "") -> Document:
    text, title = f"第{number * 7919}号文件，作出安排。", f"编号{number * 7919}"
    return Document(f"d{number:03d}", text, title, None, "s", {"tenant": tenant} if tenant else {})


DOCUMENTS = [document(number) for number in range(60)]


def mixed_up(folder: Path, documents: Sequence[Document], share: float) -> Path:
    """An index in which a share of the documents have the words and vectors of others."""
    middle = int(len(documents) * share)
    wrong = [*documents[1:middle], *documents[:1], *documents[middle:]] if middle else list(documents)
    passages, others = (
        passages_shard([encode_rows(rows).data], CONFIG.passages)["passages"].data
        for rows in (documents, wrong)
    )
    tokens = tokens_shard([others], CONFIG.tokens)["tokens"].data
    vectors = vectors_shard([others], CONFIG.embedding)["vectors"].data
    assemble(folder, [passages], [tokens], [vectors], CONFIG, "0" * 64)
    return folder


@pytest.fixture(scope="module")
def good(build_index: Callable[..., Index]) -> Index:
    return build_index(DOCUMENTS)


def test_an_index_is_as_good_as_itself(good: Index) -> None:
    found = ask_both(good, good, ShadowConfig(queries=40))
    assert found is not None and found.queries == 40
    assert set(found.rr10) == {"bm25", "dense", "hybrid"}
    assert all(one.difference == 0 and one.before > 0.9 for one in found.rr10.values())


def test_one_that_finds_clearly_less_is_refused(good: Index, tmp_path: Path) -> None:
    worse = Index.open(mixed_up(tmp_path / "index", DOCUMENTS, 0.4))
    with pytest.raises(
        WorseIndex, match=r"rr@10 of hybrid search falls from 1\.\d+ to 0\.\d+ on 60 questions"
    ):
        ask_both(good, worse, ShadowConfig())
    assert ask_both(worse, good, ShadowConfig()) is not None, "a rise is welcome"
    allowed = ask_both(good, worse, ShadowConfig(max_drop=0.9))
    assert allowed is not None and allowed.rr10["hybrid"].high < 0


def test_a_fall_that_may_be_chance_is_let_through(good: Index, tmp_path: Path) -> None:
    two_of_sixty = Index.open(mixed_up(tmp_path / "index", DOCUMENTS, 2 / 60))
    found = ask_both(good, two_of_sixty, ShadowConfig(max_drop=0))
    assert found is not None
    assert found.rr10["hybrid"].difference < 0 <= found.rr10["hybrid"].high


def test_questions_are_those_of_documents_that_both_hold_and_stay_the_same(
    good: Index, build_index: Callable[..., Index]
) -> None:
    newer = build_index([*DOCUMENTS[10:], *(document(number) for number in range(60, 90))])
    asked = [each.gold for each in shadow_questions(good, newer, 30)]
    assert len(asked) == 30 and set(asked) <= {each.id for each in DOCUMENTS[10:]}
    before = [each.gold for each in shadow_questions(good, good, 60)]
    assert [name for name in before if name in asked] == asked


def test_too_few_questions_say_nothing(good: Index, build_index: Callable[..., Index]) -> None:
    assert ask_both(build_index(DOCUMENTS[:9]), good, ShadowConfig()) is None
    assert ask_both(good, good, ShadowConfig(queries=0)) is None


def test_a_tenants_documents_are_asked_for_as_that_tenant(build_index: Callable[..., Index]) -> None:
    index = build_index([document(number, "甲") for number in range(20)])
    found = ask_both(index, index, ShadowConfig())
    assert found is not None and found.rr10["hybrid"].before > 0.9


@flow
def publish(index: ArtifactRef) -> ArtifactRef:
    return publish_index(index, "main")


def in_force(store: ArtifactStore) -> Pointer:
    pointer = current(store, "index", "main")
    assert pointer is not None
    return pointer


def test_publishing_asks_the_index_in_force_first(
    prefect_store: ArtifactStore,
    write_index: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    store = prefect_store

    def added(folder: Path) -> ArtifactRef:
        return store.publish("index", store.add_folder(folder))

    first = added(write_index(DOCUMENTS))
    publish(first)
    assert in_force(store).evidence["shadow"] == "nothing else was in force"
    with pytest.raises(WorseIndex):
        publish(added(mixed_up(tmp_path / "worse", DOCUMENTS, 0.4)))
    (tmp_path / "worse" / "days.npy").write_bytes(b"")
    with pytest.raises(UnsoundIndex, match=r"other files than it has \(days\.npy\)"):
        publish(added(tmp_path / "worse"))
    assert in_force(store).target == first
    second = added(write_index([*DOCUMENTS, document(99)]))
    publish(second)
    shadow = in_force(store).evidence["shadow"]
    assert isinstance(shadow, dict) and shadow["against"] == first.sha256 and shadow["queries"] == 60


def test_an_index_in_force_that_cannot_be_opened_does_not_stand_in_the_way(
    prefect_store: ArtifactStore,
    write_index: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    store, folder = prefect_store, mixed_up(tmp_path / "old", DOCUMENTS, 0)
    (folder / MANIFEST).write_bytes(b"{}")
    old = store.publish("index", store.add_folder(folder))
    promote(store, "index", "main", old, {})
    new = store.publish("index", store.add_folder(write_index(DOCUMENTS)))
    publish(new)
    assert in_force(store).target == new
    assert str(in_force(store).evidence["shadow"]).startswith(f"{old.sha256} cannot be asked: ")
