"""On a server that ignores conditional writes nothing is lost: equal keys mean equal bytes, and the log keeps all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks import history
from blocks.history import PointerMoved
from blocks.prefect_blocks import save_blocks
from blocks.s3 import S3Settings, connect
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from tests.fakes.minio_gateway import KEYS, minio_gateway
from tests.system.test_resume import write_documents


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Settings]:
    """A bucket on MinIO's gateway code."""
    with minio_gateway(tmp_path_factory.mktemp("gateway")) as endpoint:
        user, password = KEYS["MINIO_ROOT_USER"], KEYS["MINIO_ROOT_PASSWORD"]
        settings = S3Settings(
            endpoint=endpoint, access_key=user, secret_key=SecretStr(password), bucket="gate"
        )
        connect(settings).create_bucket(Bucket="gate")
        yield settings


@pytest.fixture
def loose_store(gateway: S3Settings) -> ArtifactStore:
    """A store whose conditions are not honoured."""
    return ArtifactStore(connect(gateway), gateway.bucket)


def test_the_condition_is_ignored_here(loose_store: ArtifactStore) -> None:
    assert loose_store.put("tmp/k", b"first", absent=True)
    assert loose_store.put("tmp/k", b"second", absent=True)
    assert loose_store.get("tmp/k")[0] == b"second"


def test_many_writers_of_one_content_leave_it_whole(loose_store: ArtifactStore) -> None:
    def publish(_: int) -> ArtifactRef:
        return loose_store.publish("k", [loose_store.add_file("x", b"the same" * 1000)])

    with ThreadPoolExecutor(8) as pool:
        (ref,) = set(pool.map(publish, range(16)))
    assert loose_store.is_whole(ref)
    assert loose_store.get_blob(loose_store.tree(ref).file("x").sha256) == b"the same" * 1000


def test_of_many_promotions_at_once_every_version_is_kept(loose_store: ArtifactStore) -> None:
    refs = [loose_store.publish("index", [loose_store.add_file("x", bytes([n]))]) for n in range(8)]

    def promote(ref: ArtifactRef) -> None:
        try:
            history.promote(loose_store, "index", "main", ref, {})
        except PointerMoved:
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(promote, refs))
    present = history.current(loose_store, "index", "main")
    assert present is not None
    assert present.target in refs
    assert {pointer.target for pointer in history.versions(loose_store, "index", "main")} == set(refs)


def test_a_flow_makes_the_same_corpus_on_either_server(
    prefect_store: ArtifactStore, gateway: S3Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_documents(tmp_path / "documents.jsonl", 60, seed=5)
    honoured = build_corpus(str(tmp_path / "documents.jsonl"))
    for name, value in (
        KEYS | {"MINIO_ENDPOINT": gateway.endpoint, "FINLOOM_BUCKET": gateway.bucket}
    ).items():
        monkeypatch.setenv(name, value)
    save_blocks(gateway)
    assert build_corpus(str(tmp_path / "documents.jsonl")) == honoured
