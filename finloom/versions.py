"""`finloom versions KIND ACTION`: what was in force, what is, and moving the pointer with the evidence recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, get_args

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from blocks import history
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, Pointer, PointerKind
from finloom.index_versions import REFUSALS, difference, require_present, require_sound
from finloom.output import WrongUse, fail, print_json
from finloom.search import DEFAULT_NAME, open_published_store

KINDS: tuple[PointerKind, ...] = get_args(PointerKind)
ACTIONS = ("list", "verify", "diff", "promote", "rollback")


def versions(
    kind: Annotated[str, typer.Argument(help="corpus, index, embedder or model.")],
    action: Annotated[
        str, typer.Argument(help="list, verify, diff OLD NEW, promote VERSION, rollback.")
    ] = "list",
    chosen: Annotated[
        list[str] | None, typer.Argument(metavar="[VERSION]...", help="sha256, or its beginning.")
    ] = None,
    name: Annotated[str, typer.Option(help="The published name.")] = DEFAULT_NAME,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the versions of a published artifact, compare or verify them, and move the pointer."""
    known = {item: item for item in KINDS}
    if kind not in known or action not in ACTIONS:
        raise WrongUse(
            f"wanted `versions {'|'.join(KINDS)} {'|'.join(ACTIONS)}`, found `versions {kind} {action}`"
        )
    store = open_published_store()
    log = history.versions(store, known[kind], name)
    if not log:
        raise WrongUse(f"no {kind} was ever published under {name!r}")
    picked = [_pick(log, prefix).target for prefix in chosen or []]
    if action == "list":
        _list(log, history.current(store, known[kind], name), as_json)
    elif action == "verify":
        _verify(store, known[kind], picked or [log[-1].target], as_json)
    elif action == "diff":
        old, new = _exactly(picked, 2, "diff")
        _diff(store, known[kind], old, new, as_json)
    elif action == "promote":
        (target,) = _exactly(picked, 1, "promote")
        _moved(_promote(store, known[kind], name, target), as_json)
    else:
        _moved(_rollback(store, known[kind], name), as_json)


def _promote(store: ArtifactStore, kind: PointerKind, name: str, target: ArtifactRef) -> Pointer:
    """Put a version in force by hand; an index only if it is sound."""
    evidence: dict[str, JsonValue] = {"by_hand": True}
    if kind == "index":
        with _refusals_told():
            require_sound(store, target)
        evidence["canaries"] = "passed"
    with _refusals_told():
        return history.promote(store, kind, name, target, evidence)


def _rollback(store: ArtifactStore, kind: PointerKind, name: str) -> Pointer:
    """Put the version before in force again; an index only if it is all there."""
    present = history.current(store, kind, name)
    with _refusals_told():
        if kind == "index" and present and present.previous:
            require_present(store, present.previous)
        return history.rollback(store, kind, name)


@contextmanager
def _refusals_told() -> Iterator[None]:
    """What refuses a version ends the command with its sentence, and no pointer moves."""
    try:
        yield
    except (*REFUSALS, history.PointerMoved) as error:
        fail(str(error))


def _pick(log: list[Pointer], prefix: str) -> Pointer:
    found = {pointer.target.sha256: pointer for pointer in log if pointer.target.sha256.startswith(prefix)}
    if len(found) != 1:
        raise WrongUse(
            f"{prefix!r} names {len(found)} versions; `finloom versions {log[0].kind} list` shows all"
        )
    return next(iter(found.values()))


def _exactly(picked: list[ArtifactRef], count: int, action: str) -> list[ArtifactRef]:
    if len(picked) != count:
        raise WrongUse(f"`{action}` takes {count} version{'s' * (count > 1)}, found {len(picked)}")
    return picked


def _list(log: list[Pointer], present: Pointer | None, as_json: bool) -> None:
    in_force = present.target.sha256 if present else None
    if as_json:
        print_json([pointer.model_dump(mode="json") | {"in_force": pointer == present} for pointer in log])
        return
    table = Table("version", "in force", "rows", "bytes", "at", "by")
    for pointer in log:
        mark = "yes" if pointer.target.sha256 == in_force else ""
        size = (str(pointer.target.rows), str(pointer.target.bytes))
        table.add_row(pointer.target.sha256[:12], mark, *size, pointer.at[:19], pointer.by)
    Console().print(table)


def _verify(store: ArtifactStore, kind: PointerKind, refs: list[ArtifactRef], as_json: bool) -> None:
    """Read every byte of the versions and compare with their checksums; indexes are also opened and asked."""
    problems = []
    for ref in refs:
        try:
            _read(store, kind, ref)
        except REFUSALS as error:
            problems.append(str(error))
    if as_json:
        print_json({"verified": [ref.sha256 for ref in refs], "problems": problems})
    if problems:
        fail("; ".join(problems))
    if not as_json:
        asked = ", and the canary questions are answered" if kind == "index" else ""
        typer.echo(f"{', '.join(ref.sha256[:12] for ref in refs)}: every file has its checksum{asked}")


def _read(store: ArtifactStore, kind: PointerKind, ref: ArtifactRef) -> None:
    if kind == "index":
        require_sound(store, ref)
        return
    for entry in store.tree(ref).files:
        store.get_blob(entry.sha256)


def _diff(store: ArtifactStore, kind: PointerKind, old: ArtifactRef, new: ArtifactRef, as_json: bool) -> None:
    before = {file.name: file for file in store.tree(old).files}
    after = {file.name: file for file in store.tree(new).files}
    changes: dict[str, list[str]] = {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(n for n in before.keys() & after.keys() if before[n].sha256 != after[n].sha256),
        "same": sorted(n for n in before.keys() & after.keys() if before[n].sha256 == after[n].sha256),
    }
    with _refusals_told():
        index = difference(store, old, new) if kind == "index" else None
    if as_json:
        print_json(changes | ({"index": index.model_dump(mode="json")} if index else {}))
        return
    typer.echo(
        f"{old.sha256[:12]} -> {new.sha256[:12]}: rows {old.rows} -> {new.rows}, bytes {old.bytes} -> {new.bytes}"
    )
    for what in ("added", "removed", "changed"):
        for file in changes[what]:
            typer.echo(f"  {what} {file}")
    typer.echo(f"  {len(changes['same'])} files are the same")
    if index:
        typer.echo(f"  documents: {index.documents_added} added, {index.documents_removed} removed")
        for setting, (was, now) in index.settings.items():
            typer.echo(f"  {setting}: {was} -> {now}")


def _moved(pointer: Pointer, as_json: bool) -> None:
    if as_json:
        print_json(pointer.model_dump(mode="json"))
    else:
        typer.echo(f"{pointer.kind} {pointer.name}: {pointer.target.sha256[:12]} is in force")
