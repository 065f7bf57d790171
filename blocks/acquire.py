"""Bring a data set or model of the catalog to this machine: list, choose, download, verify, publish.

Of a model only plain data is taken: safetensors, JSON, text. Pickled weights and code are never downloaded, and a model
whose configuration names code of its own (`auto_map`) is refused.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import httpx
import orjson

from blocks.download import Mismatch, download, verify
from blocks.holdings import MANIFEST, Held, is_complete, publish, read_held
from blocks.home import home
from blocks.hub import Hub, HubFile, HubProblem, Kind, Snapshot, answers_named, look, open_hub
from datasets_registry.artifact import FileEntry, Tree
from datasets_registry.entries import CatalogEntry

INCOMING = ".incoming"
MARGIN = 64 << 20
"""Bytes that stay free on the disk."""

PLAIN = (
    "*.safetensors",
    "*.json",
    "*.jinja",
    "*.txt",
    "*.md",
    "*.model",
    "*.tiktoken",
    "*license*",
    "*notice*",
)
"""What a model consists of that is data and nothing else."""

NEVER = ("*.py", "*.pkl", "*.pickle", "*.pt", "*.pth", "*.ckpt", "*.joblib", ".git*", "*/.git*")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a download will do: the files that are wanted, those that are not, and the bytes that are here already."""

    snapshot: Snapshot
    files: tuple[HubFile, ...]
    left_out: tuple[str, ...]
    here: int

    @property
    def bytes(self) -> int:
        """The size of all wanted files, as far as the hub tells."""
        return sum(file.size or 0 for file in self.files)


def get(
    entry: CatalogEntry,
    hub: Hub | None = None,
    revision: str | None = None,
    *,
    update: bool = False,
    announce: Callable[[Plan], None] = lambda plan: None,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> Held:
    """Bring an entry of the catalog to this machine; nothing is asked over the network where it is here.

    Args:
        entry: What to get.
        hub: From where; None is the catalog's hub, or whichever the files that are here came from.
        revision: A branch, tag or commit; None is the catalog's, else the main branch.
        update: Ask the hub although it is here; files that did not change are kept.
        announce: Told what will be fetched, before it is.
        on_bytes: Told of bytes as they arrive; negative counts take back.

    Raises:
        HubProblem: it cannot be had; what was there before stays, and what came so far is used by the next try.
    """
    known = read_held(entry.name)
    if known and not update and _serves(known, entry, hub, revision):
        return known
    hub, repository = source_of(entry, hub)
    asked = revision or (entry.source.revision if hub == entry.source.hub else None)
    with _one_at_a_time(entry.name), open_hub(hub) as client:
        snapshot = look(client, hub, repository, entry.kind, asked, entry.source.files)
        files, left_out = choose(entry, snapshot)
        incoming = _incoming(entry.name, snapshot.commit)
        _keep_unchanged(known, files, incoming)
        plan = Plan(snapshot, files, left_out, sum(map(_here, (incoming / file.path for file in files))))
        announce(plan)
        _refuse_full_disk(plan)
        entries = [_bring(client, plan, file, incoming, entry, on_bytes) for file in files]
        made = _manifest(entry, snapshot, asked, entries, left_out)
        publish(made, incoming)
    return made


def source_of(entry: CatalogEntry, hub: Hub | None) -> tuple[Hub, str]:
    """The hub and the repository there; raises `HubProblem` where the catalog knows none on that hub."""
    source = entry.source
    if entry.access == "manual":
        raise HubProblem(f"{entry.name} cannot be fetched by a program: {entry.notes or source.id}")
    if hub in (None, source.hub):
        return source.hub, source.id
    if hub == "modelscope" and source.mirror:
        return "modelscope", source.mirror
    raise HubProblem(f"the catalog knows no {entry.name} on {hub}; get it from {source.hub}")


def choose(entry: CatalogEntry, snapshot: Snapshot) -> tuple[tuple[HubFile, ...], tuple[str, ...]]:
    """The files of a repository to take, configurations first, and the names of the others.

    Raises:
        HubProblem: a pattern of the catalog matches nothing, or a model has no safetensors.
    """
    patterns = entry.source.files or ("*",)
    for pattern in patterns:
        if not any(fnmatchcase(file.path, pattern) for file in snapshot.files):
            raise HubProblem(
                f"{snapshot.repository} at {snapshot.commit[:12]} has no file {pattern!r} any more; "
                "name an older one by --revision"
            )
    taken = [file for file in snapshot.files if _is_wanted(file.path, patterns, entry.kind)]
    if entry.kind == "model" and not any(file.path.endswith(".safetensors") for file in taken):
        raise HubProblem(
            f"{snapshot.repository} has no safetensors; pickled weights can run code and are never downloaded"
        )
    names = {file.path for file in taken}
    taken.sort(key=lambda file: (not file.path.endswith(".json"), file.path))
    return tuple(taken), tuple(sorted(file.path for file in snapshot.files if file.path not in names))


def _is_wanted(path: str, patterns: tuple[str, ...], kind: Kind) -> bool:
    lower = path.lower()
    if path == MANIFEST or any(fnmatchcase(lower, never) for never in (*NEVER, "*.part", "*.etag")):
        return False
    plain = kind == "dataset" or any(fnmatchcase(lower, pattern) for pattern in PLAIN)
    return plain and any(fnmatchcase(path, pattern) for pattern in patterns)


def _serves(known: Held, entry: CatalogEntry, hub: Hub | None, revision: str | None) -> bool:
    right = hub in (None, known.hub) and known.wanted == entry.source.files
    return right and revision in (None, known.asked, known.revision) and is_complete(known)


def _incoming(name: str, commit: str) -> Path:
    """Where the files of one version gather; what another version left there is deleted."""
    parent = home() / "data" / INCOMING
    mine = parent / f"{name}@{commit[:12]}"
    for other in parent.glob(f"{name}@*"):
        if other != mine:
            shutil.rmtree(other)
    mine.mkdir(parents=True, exist_ok=True)
    return mine


def _keep_unchanged(known: Held | None, files: tuple[HubFile, ...], incoming: Path) -> None:
    """Give the new version the files of the present one that it shares, once they are seen to be sound."""
    present = {file.name: file for file in known.files} if known else {}
    for file in files:
        old, target = present.get(file.path), incoming / file.path
        if known is None or old is None or target.exists() or not (file.sha256 or file.git_sha1):
            continue
        try:
            verify(known.folder / old.name, file)
        except (Mismatch, OSError):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(known.folder / old.name, target)


def _here(path: Path) -> int:
    part = path.with_name(f"{path.name}.part")
    return next((one.stat().st_size for one in (path, part) if one.exists()), 0)


def _refuse_full_disk(plan: Plan) -> None:
    free = shutil.disk_usage(home()).free
    if plan.bytes - plan.here + MARGIN > free:
        raise HubProblem(
            f"{plan.snapshot.repository} needs {(plan.bytes - plan.here) / 2**30:.1f} GiB more and {home()} has "
            f"{free / 2**30:.1f} GiB free; make room or set FINLOOM_HOME to a larger disk"
        )


def _bring(
    client: httpx.Client,
    plan: Plan,
    file: HubFile,
    incoming: Path,
    entry: CatalogEntry,
    on_bytes: Callable[[int], None],
) -> FileEntry:
    """One file whole and verified in the incoming folder."""
    target = incoming / file.path
    if target.exists():
        # A file without `.part` was verified before it got its name.
        on_bytes(target.stat().st_size)
        sha256 = verify(target, HubFile(file.path, file.url, None))
    else:
        with answers_named(plan.snapshot.hub, plan.snapshot.repository):
            sha256 = download(client, file, target, on_bytes)
    if entry.kind == "model" and file.path.endswith(".json"):
        _refuse_code(target, plan.snapshot.repository)
    return FileEntry(name=file.path, sha256=sha256, bytes=target.stat().st_size, rows=0)


def _refuse_code(path: Path, repository: str) -> None:
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return
    if isinstance(content, dict) and "auto_map" in content:
        raise HubProblem(
            f"{path.name} of {repository} names code of its own (auto_map), which finloom never runs; "
            "use a model whose architecture transformers knows"
        )


def _manifest(
    entry: CatalogEntry,
    snapshot: Snapshot,
    asked: str | None,
    files: list[FileEntry],
    left_out: tuple[str, ...],
) -> Held:
    sha256 = Tree(kind=entry.kind, files=tuple(sorted(files, key=lambda file: file.name))).ref().sha256
    as_known = snapshot.hub == entry.source.hub and asked == entry.source.revision
    if entry.sha256 and as_known and sha256 != entry.sha256:
        raise HubProblem(
            f"{entry.name} is not what the catalog knows: found sha256 {sha256}, wanted {entry.sha256}; "
            "nothing was published"
        )
    return Held(
        name=entry.name,
        kind=entry.kind,
        hub=snapshot.hub,
        repository=snapshot.repository,
        asked=asked,
        revision=snapshot.commit,
        wanted=entry.source.files,
        files=tuple(sorted(files, key=lambda file: file.name)),
        left_out=left_out,
        sha256=sha256,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    path = home() / "data" / INCOMING / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HubProblem(f"another `finloom data get {name}` is at work; wait for it") from error
        yield
