"""Pointers move by one conditional write, and lose nothing when they race."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from blocks import history
from blocks.history import PointerMoved
from blocks.store import ArtifactStore, MissingObject
from datasets_registry.artifact import Action, ArtifactRef


def artifact(store: ArtifactStore, content: bytes) -> ArtifactRef:
    return store.publish("corpus", [store.add_file("x", content)])


def test_a_promotion_is_in_force_with_its_evidence(store: ArtifactStore) -> None:
    ref = artifact(store, b"1")
    history.promote(store, "corpus", "main", ref, {"rows": 3})
    present = history.current(store, "corpus", "main")
    assert present is not None
    assert (present.target, present.evidence, present.previous) == (ref, {"rows": 3}, None)
    assert history.names(store, "corpus") == ["main"]


def test_promoting_what_is_in_force_adds_no_version(store: ArtifactStore) -> None:
    ref = artifact(store, b"1")
    assert history.promote(store, "corpus", "main", ref, {}) == history.promote(
        store, "corpus", "main", ref, {"x": 1}
    )
    assert len(history.versions(store, "corpus", "main")) == 1


def test_rollback_returns_to_the_version_before(store: ArtifactStore) -> None:
    old, new = artifact(store, b"1"), artifact(store, b"2")
    history.promote(store, "corpus", "main", old, {})
    history.promote(store, "corpus", "main", new, {})
    assert history.rollback(store, "corpus", "main").target == old
    assert [pointer.target for pointer in history.versions(store, "corpus", "main")] == [old, new, old]


def test_there_is_no_rollback_before_the_first_version(store: ArtifactStore) -> None:
    history.promote(store, "corpus", "main", artifact(store, b"1"), {})
    with pytest.raises(MissingObject, match="no earlier version"):
        history.rollback(store, "corpus", "main")


def test_of_many_promotions_at_once_one_wins_and_every_version_is_kept(store: ArtifactStore) -> None:
    refs = [artifact(store, bytes([number])) for number in range(8)]

    def promote(ref: ArtifactRef) -> bool:
        try:
            history.promote(store, "corpus", "main", ref, {})
        except PointerMoved:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(promote, refs))
    present = history.current(store, "corpus", "main")
    assert any(won)
    assert present is not None
    assert present.target in refs
    assert {pointer.target for pointer in history.versions(store, "corpus", "main")} == set(refs)


def record(store: ArtifactStore, task: str, output: ArtifactRef, **inputs: ArtifactRef) -> None:
    action = Action(
        key=f"key-{task}", run="r1", task=task, version="1", inputs=inputs, config={}, output=output, cpu_seconds=0.1,
        wall_seconds=0.2, started=history.now(), by=history.whoami(),
    )  # fmt: skip
    history.record_action(store, action)


def test_lineage_walks_from_a_result_to_what_it_was_made_of(store: ArtifactStore) -> None:
    raw, corpus, other, index = (artifact(store, bytes([number])) for number in range(4))
    record(store, "publish", index, index=index)
    record(store, "assemble", index, corpus=corpus)
    record(store, "clean", corpus, raw=raw)
    record(store, "unrelated", other, raw=raw)
    record(store, "ingest", raw)
    record(store, "publish", index, index=index)
    assert [action.task for action in history.lineage(store, index)] == ["ingest", "clean", "assemble"]


def test_actions_are_found_by_key(store: ArtifactStore) -> None:
    ref = artifact(store, b"1")
    for key, run in [("k1", "r1"), ("k1", "r2"), ("k2", "r3")]:
        action = Action(
            key=key, run=run, task="t", version="1", inputs={"raw": ref}, config={}, output=ref, cpu_seconds=0.1,
            wall_seconds=0.2, started=history.now(), by=history.whoami(),
        )  # fmt: skip
        history.record_action(store, action)
    assert [action.run for action in history.actions(store, "k1")] == ["r1", "r2"]
    assert len(list(history.actions(store))) == 3
