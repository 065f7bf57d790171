"""What an address is: content trees, action records and pointers, as they are stored.

`artifacts/<sha256>` names content, `actions/<key>/<run>.json` names history, `pointers/<kind>/<name>/` names what is in
force. All carry `format: 1`; a newer format is refused in one sentence instead of being misread.
"""

import hashlib
from typing import Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

FORMAT = 1
SHA256 = r"^[0-9a-f]{64}$"

PointerKind = Literal["corpus", "index", "embedder", "model"]


class UnsupportedFormat(Exception):
    """A stored object was written by a newer finloom."""


class Stored(BaseModel):
    """Anything that is written to the store as JSON; refuses formats newer than this program's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT

    @model_validator(mode="before")
    @classmethod
    def _refuse_newer(cls, value: object) -> object:
        found = value.get("format", FORMAT) if isinstance(value, dict) else FORMAT
        if isinstance(found, int) and found > FORMAT:
            raise UnsupportedFormat(
                f"{cls.__name__} has format {found}, this finloom reads up to {FORMAT}; upgrade finloom to open it"
            )
        return value

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, so that equal values have equal bytes."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read canonical JSON back; raises `UnsupportedFormat` or pydantic's `ValidationError`."""
        return cls.model_validate(orjson.loads(data))


class FileEntry(BaseModel):
    """One file of an artifact: its name inside it, the sha256 and size of its bytes, and how many rows it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str = Field(pattern=SHA256)
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)

    @field_validator("name")
    @classmethod
    def _stays_inside(cls, name: str) -> str:
        if not name or name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise ValueError(
                f"file name {name!r} leaves the artifact's folder; names are relative paths without '..'"
            )
        return name


class ArtifactRef(Stored):
    """The address of an artifact: what it is, the sha256 of its tree, and its totals. Steps pass these, never data."""

    kind: str
    sha256: str = Field(pattern=SHA256)
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)


class Tree(Stored):
    """The content of an artifact: its kind and its files, sorted by name. Its own sha256 is the artifact's."""

    kind: str
    files: tuple[FileEntry, ...]

    def ref(self) -> ArtifactRef:
        """The address of this tree."""
        return ArtifactRef(
            kind=self.kind,
            sha256=hashlib.sha256(self.to_bytes()).hexdigest(),
            rows=sum(file.rows for file in self.files),
            bytes=sum(file.bytes for file in self.files),
        )

    def part(self, name: str) -> list[FileEntry]:
        """The files `name/...` in order: one table of the artifact, cut in shards."""
        return [file for file in self.files if file.name.startswith(f"{name}/")]

    def file(self, name: str) -> FileEntry:
        """The file called `name`; raises `KeyError` with what there is."""
        for entry in self.files:
            if entry.name == name:
                return entry
        raise KeyError(f"{self.kind} has no file {name!r}; it has {[file.name for file in self.files]}")


class Action(Stored):
    """History: one run of one task, what went in, what came out and what it cost."""

    key: str
    run: str
    task: str
    version: str
    inputs: dict[str, ArtifactRef]
    config: dict[str, JsonValue]
    tool_lock: str | None = None
    output: ArtifactRef
    counts: dict[str, int] = {}
    cpu_seconds: float
    wall_seconds: float
    tokens: int = 0
    money: float = 0.0
    started: str
    by: str
    flow_run: str | None = None


class Pointer(Stored):
    """What is in force under a name: an artifact, the evidence that let it in, who moved it and when."""

    kind: PointerKind
    name: str
    target: ArtifactRef
    previous: str | None = None
    evidence: dict[str, JsonValue] = {}
    by: str
    at: str
