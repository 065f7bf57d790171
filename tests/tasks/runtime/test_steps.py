"""Steps under a real Prefect server and a real S3 server: cached, retried, recorded, repaired, and never fooled."""

import os
import pickle
from pathlib import Path

import orjson
import pytest
from prefect import flow
from pydantic import BaseModel

from blocks import history
from blocks.s3 import StoreUnavailable
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.runtime.keys import Identity
from tasks.runtime.steps import Made, step

CALLS: list[str] = []
FAILURES: list[Exception] = []


class Shout(BaseModel):
    mark: str = "!"


@step(Identity("make-raw", "1"), cached=False)
def make_raw(text: str) -> Made:
    store = _store()
    return Made(store.publish("raw", [store.add_file("x", text.encode(), 1)]))


@step(Identity("shout", "1"))
def shout(raw: ArtifactRef, config: Shout, workers: int = 1) -> Made:
    CALLS.append("shout")
    if FAILURES:
        raise FAILURES.pop()
    store = _store()
    text = store.get_blob(store.tree(raw).file("x").sha256).decode().upper() + config.mark
    return Made(store.publish("loud", [store.add_file("y", text.encode(), 1)]), {"letters": len(text)})


@step(Identity("count", "1"))
def count(loud: ArtifactRef) -> Made:
    CALLS.append("count")
    store = _store()
    return Made(store.publish("count", [store.add_file("n", str(loud.bytes).encode())]))


@flow(persist_result=False)
def pipeline(text: str, mark: str = "!", workers: int = 1) -> ArtifactRef:
    return count(shout(make_raw(text), Shout(mark=mark), workers))


def _store() -> ArtifactStore:
    from blocks.prefect_blocks import load_store

    return load_store()


@pytest.fixture(autouse=True)
def _fresh(prefect_store: ArtifactStore) -> None:
    CALLS.clear()
    FAILURES.clear()


def _result_key(store: ArtifactStore, task: str) -> str:
    (key,) = store.keys(f"results/{task}/")
    return key


def test_a_second_run_is_served_from_the_cache(prefect_store: ArtifactStore) -> None:
    first = pipeline("a")
    assert CALLS == ["shout", "count"]
    assert pipeline("a", workers=8) == first
    assert CALLS == ["shout", "count"]


def test_another_config_runs_again(prefect_store: ArtifactStore) -> None:
    pipeline("a")
    pipeline("a", mark="?!")
    assert CALLS == ["shout", "count", "shout", "count"]


def test_an_unchanged_result_stops_the_change_there(prefect_store: ArtifactStore) -> None:
    assert pipeline("a") == pipeline("A")
    assert CALLS == ["shout", "count", "shout"]


def test_a_refreshed_step_runs_again(prefect_store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline("a")
    monkeypatch.setenv("FINLOOM_REFRESH", "shout")
    pipeline("a")
    assert CALLS == ["shout", "count", "shout"]


def test_a_lost_connection_is_tried_again_twice(prefect_store: ArtifactStore) -> None:
    FAILURES.extend([StoreUnavailable("gone"), ConnectionError("reset")])
    pipeline("retry")
    assert CALLS == ["shout", "shout", "shout", "count"]


def test_a_bad_row_is_not_tried_again(prefect_store: ArtifactStore) -> None:
    FAILURES.append(ValueError("bad row"))
    with pytest.raises(ValueError, match="bad row"):
        pipeline("bad")
    assert CALLS == ["shout"]


def test_a_result_whose_object_is_gone_is_made_again(prefect_store: ArtifactStore) -> None:
    ref = pipeline("a")
    (blob,) = prefect_store.tree(ref).files
    prefect_store.client.delete_object(Bucket=prefect_store.bucket, Key=f"blobs/{blob.sha256}")
    CALLS.clear()
    assert pipeline("a") == ref
    assert CALLS == ["count"]
    assert prefect_store.is_whole(ref)


class Harmful:
    def __init__(self, witness: str) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.witness}",)


@pytest.mark.parametrize("kind", ["pickle", "json decoder", "json library", "garbage"])
def test_a_poisoned_result_is_not_decoded_but_made_again(
    prefect_store: ArtifactStore, tmp_path: Path, kind: str
) -> None:
    ref = pipeline("a")
    key = _result_key(prefect_store, "count")
    record = orjson.loads(prefect_store.get(key)[0])
    witness = tmp_path / "it-ran"
    module = tmp_path / "harm.py"
    module.write_text(f"open({str(witness)!r}, 'w')\n")
    poison = {
        "pickle": {"type": "pickle", "picklelib": "pickle"},
        "json decoder": record["metadata"]["serializer"] | {"object_decoder": "os.system"},
        "json library": record["metadata"]["serializer"] | {"jsonlib": "harm"},
        "garbage": "x",
    }[kind]
    record["metadata"]["serializer"] = poison
    if kind == "pickle":
        import base64

        record["result"] = base64.b64encode(pickle.dumps(Harmful(str(witness)))).decode()
    prefect_store.put(key, b"\x80garbage" if kind == "garbage" else orjson.dumps(record))
    CALLS.clear()
    assert pipeline("a") == ref
    assert CALLS == ["count"]
    assert not witness.exists()


def test_every_run_is_in_the_history(prefect_store: ArtifactStore) -> None:
    ref = pipeline("a", mark="?")
    by_task = {action.task: action for action in history.actions(prefect_store)}
    assert sorted(by_task) == ["count", "make-raw", "shout"]
    shouted = by_task["shout"]
    assert shouted.inputs == {"raw": by_task["make-raw"].output}
    assert shouted.config == {"config": {"mark": "?"}, "workers": 1}
    assert shouted.counts == {"letters": 2}
    assert by_task["count"].output == ref
    assert shouted.flow_run == by_task["count"].flow_run is not None
