"""The typed block that tells Prefect where artifacts and results live, and guards the results that it reads back.

Prefect's own result files are code: a record may name a serializer that unpickles or imports what the bucket says.
This storage hands a record to Prefect only when it is plain JSON, written by our serializer, and when the artifact that
it points at is whole. Anything else counts as no result, so the step runs again and repairs it.
"""

import asyncio

import orjson
from prefect.filesystems import WritableFileSystem
from prefect.serializers import JSONSerializer
from pydantic import Field, SecretStr, ValidationError

from blocks.s3 import S3Settings, StoreNotConfigured, connect
from blocks.store import ArtifactStore, MissingObject, open_store
from datasets_registry.artifact import ArtifactRef

RESULT_SERIALIZER = JSONSerializer(object_encoder=None, object_decoder=None)
"""Plain JSON: no class names are written, none are imported."""

STORE_BLOCK = "finloom-store/artifacts"


class UnsafeResult(ValueError):
    """A stored result is not what finloom writes; it is not decoded."""


class FinloomStore(WritableFileSystem):
    """The S3-compatible store of artifacts, actions, pointers and Prefect results."""

    _block_type_name = "Finloom store"
    _block_type_slug = "finloom-store"
    _description = "The S3-compatible bucket (MinIO, SeaweedFS) that holds finloom's artifacts and results."

    endpoint: str = Field(description="Address of the S3 API, for example http://127.0.0.1:9000")
    access_key: str = Field(description="Access key")
    secret_key: SecretStr = Field(description="Secret key")
    bucket: str = Field(default="finloom", description="Bucket that holds everything")
    region: str = Field(default="us-east-1", description="Region name; MinIO takes any")

    def store(self) -> ArtifactStore:
        """A client for this store."""
        settings = S3Settings.model_validate(self.model_dump(include=set(S3Settings.model_fields)))
        return ArtifactStore(connect(settings), settings.bucket)

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """A result record; raises `UnsafeResult` or `MissingObject`, which Prefect takes for "not cached".

        Prefect calls this with `_sync=True` from synchronous flows, and `aread_path` from asynchronous ones.
        """
        store = self.store()
        content, _ = store.get(f"results/{path}")
        verify_result(content)
        ref = result_ref(content)
        if ref is not None and not store.is_whole(ref):
            raise MissingObject(
                f"results/{path} points at {ref.kind} {ref.sha256}, which is not whole in the store"
            )
        return content

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Store a result record."""
        self.store().put(f"results/{path}", content)

    async def aread_path(self, path: str) -> bytes:
        """`read_path`, off the event loop."""
        return await asyncio.to_thread(self.read_path, path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """`write_path`, off the event loop."""
        await asyncio.to_thread(self.write_path, path, content)


def verify_result(content: bytes) -> None:
    """Refuse any result record but plain JSON of our serializer, before Prefect's decoder sees it."""
    try:
        record = orjson.loads(content)
        found = record["metadata"]["serializer"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnsafeResult(
            f"not a result record of finloom: {error!r}; delete it, the step will run again"
        ) from error
    wanted = RESULT_SERIALIZER.model_dump(mode="json")
    if found != wanted:
        raise UnsafeResult(f"result names serializer {found}, wanted {wanted}; it was not decoded")


def result_ref(content: bytes) -> ArtifactRef | None:
    """The artifact that a verified result record points at, or None where its result is something else."""
    try:
        return ArtifactRef.model_validate(orjson.loads(orjson.loads(content)["result"]))
    except (ValidationError, orjson.JSONDecodeError, TypeError):
        return None


def load_store() -> ArtifactStore:
    """The store of this machine's settings, else the one that the Prefect server's block names."""
    try:
        return open_store()
    except StoreNotConfigured:
        block = FinloomStore.load(STORE_BLOCK.split("/")[1])
        assert isinstance(block, FinloomStore)
        return block.store()


def save_blocks(settings: S3Settings) -> None:
    """Register the block type on the Prefect server and save this store under its name."""
    FinloomStore.register_type_and_schema()
    FinloomStore(**settings.model_dump()).save(STORE_BLOCK.split("/")[1], overwrite=True)
