"""The content store: blobs and trees named by their sha256, so equal bytes are stored once and never overwritten.

`blobs/<sha256>` holds the bytes of one file, `artifacts/<sha256>` the tree that names them. A write is a conditional
put; a server that ignores the condition writes the same bytes again under the same name, which loses nothing.
Every read verifies its checksum.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import ClientError

from blocks.home import home
from blocks.s3 import S3Settings, connect, error_code, read_settings, transient_errors_named
from datasets_registry.artifact import ArtifactRef, FileEntry, Tree

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1 << 20
MULTIPART_ABOVE = 64 << 20
MISSING = {"NoSuchKey", "404", "NotFound"}
ALREADY_THERE = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


class MissingObject(KeyError):
    """An object that should be in the store is not there."""

    def __str__(self) -> str:
        return str(self.args[0])


class CorruptObject(OSError):
    """An object's bytes are not those that its name promises."""


class ObjectStore:
    """A bucket of small JSON objects and content-addressed blobs."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def put(self, key: str, data: bytes, *, absent: bool = False, etag: str | None = None) -> bool:
        """Write `data`; with `absent` only where no such key is, with `etag` only where the object is still that one.

        Returns False where the condition did not hold.
        """
        with transient_errors_named(f"writing {key}"):
            try:
                if absent:
                    self.client.put_object(Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*")
                elif etag is not None:
                    self.client.put_object(Bucket=self.bucket, Key=key, Body=data, IfMatch=etag)
                else:
                    self.client.put_object(Bucket=self.bucket, Key=key, Body=data)
            except ClientError as error:
                if error_code(error) in ALREADY_THERE:
                    return False
                raise
        return True

    def get(self, key: str) -> tuple[bytes, str]:
        """The bytes of `key` and their etag; raises `MissingObject`."""
        with transient_errors_named(f"reading {key}"):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=key)
                return answer["Body"].read(), answer["ETag"]
            except ClientError as error:
                if error_code(error) in MISSING:
                    raise MissingObject(f"{key} is not in bucket {self.bucket}") from error
                raise

    def has(self, key: str) -> bool:
        """Whether `key` is there."""
        with transient_errors_named(f"looking for {key}"):
            try:
                self.client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) in MISSING:
                    return False
                raise
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys under `prefix`, in order."""
        with transient_errors_named(f"listing {prefix}"):
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            ):
                for item in page.get("Contents", []):
                    yield item["Key"]


class ArtifactStore(ObjectStore):
    """The content store proper: blobs, and trees of them."""

    def put_blob(self, data: bytes) -> str:
        """Store `data` and return its sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.put(f"blobs/{sha256}", data, absent=True)
        return sha256

    def put_file(self, source: BinaryIO) -> tuple[str, int]:
        """Store a seekable file of any size in bounded memory; returns its sha256 and its size in bytes."""
        digest, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        source.seek(0)
        key = f"blobs/{digest.hexdigest()}"
        if self.has(key):
            return digest.hexdigest(), size
        if size <= MULTIPART_ABOVE:
            self.put(key, source.read(), absent=True)
        else:
            with transient_errors_named(f"uploading {key}"):
                self.client.upload_fileobj(source, self.bucket, key)
        return digest.hexdigest(), size

    def get_blob(self, sha256: str) -> bytes:
        """The bytes named `sha256`, verified; raises `MissingObject` or `CorruptObject`."""
        data, _ = self.get(f"blobs/{sha256}")
        _verify(f"blobs/{sha256}", hashlib.sha256(data).hexdigest(), sha256)
        return data

    def read(self, ref: ArtifactRef, name: str) -> bytes:
        """The bytes of one file of an artifact, verified.

        Raises:
            KeyError: the artifact has no file of that name.
        """
        return self.get_blob(self.tree(ref).file(name).sha256)

    def download(self, entry: FileEntry, target: Path) -> None:
        """Write a file of an artifact to `target`: it appears there whole and verified, or not at all."""
        digest = hashlib.sha256()
        partial = target.with_name(f"{target.name}.partial")
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as out:
            for chunk in self._stream(f"blobs/{entry.sha256}"):
                digest.update(chunk)
                out.write(chunk)
        _verify(f"blobs/{entry.sha256}", digest.hexdigest(), entry.sha256)
        partial.replace(target)

    @contextmanager
    def open_file(self, entry: FileEntry) -> Iterator[BinaryIO]:
        """The verified bytes of an artifact's file as a file on disk that is gone afterwards, for files of any size."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            self.download(entry, path)
            with path.open("rb") as opened:
                yield opened

    def publish(self, kind: str, files: Iterable[FileEntry]) -> ArtifactRef:
        """Store the tree of `files`, whose blobs are stored already, and return its address."""
        tree = Tree(kind=kind, files=tuple(sorted(files, key=lambda file: file.name)))
        ref = tree.ref()
        self.put(f"artifacts/{ref.sha256}", tree.to_bytes(), absent=True)
        return ref

    def add_file(self, name: str, data: bytes, rows: int = 0) -> FileEntry:
        """Store `data` as the file `name` of an artifact to be."""
        return FileEntry(name=name, sha256=self.put_blob(data), bytes=len(data), rows=rows)

    def add_folder(self, folder: Path) -> list[FileEntry]:
        """Store every file of a folder, by its path inside it."""
        entries = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            with path.open("rb") as source:
                sha256, size = self.put_file(source)
            entries.append(
                FileEntry(name=path.relative_to(folder).as_posix(), sha256=sha256, bytes=size, rows=0)
            )
        return entries

    def tree(self, ref: ArtifactRef | str) -> Tree:
        """The tree of an artifact, by its address or sha256, verified."""
        sha256 = ref if isinstance(ref, str) else ref.sha256
        data, _ = self.get(f"artifacts/{sha256}")
        _verify(f"artifacts/{sha256}", hashlib.sha256(data).hexdigest(), sha256)
        return Tree.from_bytes(data)

    def is_whole(self, ref: ArtifactRef) -> bool:
        """Whether the tree and every blob of an artifact are there (not whether their bytes are right)."""
        try:
            tree = self.tree(ref)
        except (MissingObject, CorruptObject):
            return False
        return all(self.has(f"blobs/{sha256}") for sha256 in sorted({file.sha256 for file in tree.files}))

    def materialise(self, ref: ArtifactRef, folder: Path) -> Path:
        """Make a folder with an artifact's files, keeping those that are there already; returns it."""
        for entry in self.tree(ref).files:
            target = folder / entry.name
            if not (target.exists() and target.stat().st_size == entry.bytes):
                self.download(entry, target)
        return folder

    def blobs(self, entries: Sequence[FileEntry]) -> Iterator[bytes]:
        """The bytes of some files of an artifact, one at a time."""
        for entry in entries:
            yield self.get_blob(entry.sha256)

    def _stream(self, key: str) -> Iterator[bytes]:
        with transient_errors_named(f"reading {key}"):
            try:
                body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
            except ClientError as error:
                if error_code(error) in MISSING:
                    raise MissingObject(f"{key} is not in bucket {self.bucket}") from error
                raise
            yield from body.iter_chunks(CHUNK)


def open_store(settings: S3Settings | None = None) -> ArtifactStore:
    """The artifact store of `settings`, else of this machine's stack."""
    chosen = settings or read_settings()
    return ArtifactStore(connect(chosen), chosen.bucket)


def local_copy(store: ArtifactStore, ref: ArtifactRef) -> Path:
    """The folder of an artifact's files on this machine, fetched on first use."""
    return store.materialise(ref, home() / "cache" / ref.sha256)


def _verify(key: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise CorruptObject(
            f"{key} has sha256 {found}, wanted {wanted}: the object was changed or damaged; "
            "delete it and run the flow again, the step that made it will repair it"
        )
