"""The data sets and models of the catalog that are on this machine: `home()/data/NAME`, each with a manifest.

A folder appears whole: `blocks.acquire` gathers files in `home()/data/.incoming`, and a rename publishes them.
"""

import shutil
from pathlib import Path

import orjson
from pydantic import ValidationError

from blocks.download import Mismatch, verify
from blocks.home import home
from blocks.hub import Hub, HubFile, Kind
from datasets_registry.artifact import FileEntry, Stored

MANIFEST = "finloom.json"


class NotHeld(LookupError):
    """A data set or model that is needed is not on this machine."""


class Held(Stored):
    """The manifest of a folder.

    `asked` is the revision that was asked for (None: the main branch), `revision` the commit that it was. `wanted` are
    the catalog's patterns, `left_out` what the repository has beyond them; `sha256` is that of the files' artifact.
    """

    name: str
    kind: Kind
    hub: Hub
    repository: str
    asked: str | None
    revision: str
    wanted: tuple[str, ...]
    files: tuple[FileEntry, ...]
    left_out: tuple[str, ...]
    sha256: str
    at: str

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return folder_of(self.name)

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)


def folder_of(name: str) -> Path:
    """Where an entry of the catalog is, once it is here."""
    return home() / "data" / name


def read_held(name: str) -> Held | None:
    """The manifest of an entry, or None where it is not here."""
    try:
        return Held.from_bytes((folder_of(name) / MANIFEST).read_bytes())
    except (FileNotFoundError, ValidationError, orjson.JSONDecodeError):
        return None


def held(name: str) -> Held:
    """The manifest of an entry that must be here with all its files.

    Raises:
        NotHeld: it is not, or files are gone; the message names the command that gets it.
    """
    found = read_held(name)
    if found is None or not is_complete(found):
        raise NotHeld(f"{name} is not on this machine, or not whole; run `finloom data get {name}`")
    return found


def is_complete(known: Held) -> bool:
    """Whether every file is there in its size; quick, bytes are not read."""
    paths = ((known.folder / file.name, file.bytes) for file in known.files)
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def damaged(known: Held) -> list[str]:
    """What is wrong with the files, a sentence each; reads every byte."""
    problems = []
    for file in known.files:
        try:
            verify(known.folder / file.name, HubFile(file.name, "", file.bytes, file.sha256))
        except (Mismatch, OSError) as error:
            problems.append(f"{known.folder / file.name}: {error}")
    return problems


def all_held() -> dict[str, Held]:
    """The manifests of everything that is here, by name."""
    names = sorted(path.parent.name for path in (home() / "data").glob(f"*/{MANIFEST}"))
    return {name: found for name in names if (found := read_held(name))}


def publish(made: Held, incoming: Path) -> None:
    """Put a gathered folder in the place of the one that is there; what a user added to that one moves along."""
    (incoming / MANIFEST).write_bytes(made.to_bytes())
    old = incoming.with_name(f"{made.name}.old")
    if made.folder.exists():
        known = read_held(made.name)
        ours = {MANIFEST, *(file.name for file in (known.files if known else ()))}
        for path in [path for path in made.folder.rglob("*") if path.is_file()]:
            name = path.relative_to(made.folder).as_posix()
            if name not in ours and not (incoming / name).exists():
                (incoming / name).parent.mkdir(parents=True, exist_ok=True)
                path.rename(incoming / name)
        shutil.rmtree(old, ignore_errors=True)
        made.folder.rename(old)
    incoming.rename(made.folder)
    shutil.rmtree(old, ignore_errors=True)
