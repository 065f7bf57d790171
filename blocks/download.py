"""One file from the web to disk: it goes on where it was broken off, and appears whole and verified or not at all.

Bytes go to `NAME.part`, beside it the ETag of the version they belong to; another version starts anew. The last step is
a rename, after the checksum was right.
"""

import errno
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from blocks.hub import HubFile, HubProblem

CHUNK = 1 << 20
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try; a try that brought bytes starts the row again."""

WORTH_A_TRY = {408, 429, 500, 502, 503, 504}


class Interrupted(Exception):
    """A try ended before the file did."""


class Mismatch(Exception):
    """The bytes are not those that the hub promised."""


def download(
    client: httpx.Client,
    file: HubFile,
    target: Path,
    on_bytes: Callable[[int], None] = lambda count: None,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Fetch a file to `target`; returns the sha256 of its bytes.

    Args:
        client: From `blocks.hub.open_hub`; redirects to other hosts do not get its token.
        file: What to fetch, with the size and checksum that were promised; those that are None are not checked.
        target: Where it appears when it is whole. `target.part` and `target.etag` hold what is there until then.
        on_bytes: Told of bytes as they arrive, with what was there already first; a negative count takes back.
        pause: Waits some seconds between tries.

    Raises:
        HubProblem: broken off too often, wrong bytes, or no room on the disk.
        httpx.HTTPStatusError: refused or not there; `blocks.hub.answers_named` has the sentence.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    found = _size(part)
    on_bytes(found)
    try:
        _fetch(client, file, part, on_bytes, pause)
        try:
            sha256 = verify(part, file)
        except Mismatch:
            if not found:
                raise
            # What an earlier run left may be what is wrong.
            _discard(part, on_bytes)
            _fetch(client, file, part, on_bytes, pause)
            sha256 = verify(part, file)
    except Mismatch as error:
        _discard(part, on_bytes)
        raise HubProblem(
            f"{file.path}: {error}; it was deleted: the hub or a proxy changed it, try again or use another mirror"
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise HubProblem(
            f"the disk of {target.parent} is full; make room or set FINLOOM_HOME to a larger disk, "
            "the same command goes on where it stopped"
        ) from error
    part.replace(target)
    _etag(part).unlink(missing_ok=True)
    return sha256


def verify(path: Path, file: HubFile) -> str:
    """The sha256 of a file on disk, once it has the size and the checksum that its hub promised.

    Raises:
        Mismatch: it has not.
    """
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise Mismatch(f"found {size} bytes, wanted {file.size}")
    sha256, git_sha1 = hashlib.sha256(), hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            sha256.update(chunk)
            if file.git_sha1:
                git_sha1.update(chunk)
    if file.sha256 and sha256.hexdigest() != file.sha256:
        raise Mismatch(f"found sha256 {sha256.hexdigest()}, wanted {file.sha256}")
    if file.git_sha1 and git_sha1.hexdigest() != file.git_sha1:
        raise Mismatch(f"found git sha1 {git_sha1.hexdigest()}, wanted {file.git_sha1}")
    return sha256.hexdigest()


def _fetch(
    client: httpx.Client,
    file: HubFile,
    part: Path,
    on_bytes: Callable[[int], None],
    pause: Callable[[float], None],
) -> None:
    """All bytes to `part`, in as many tries as it takes while each brings some."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _try(client, file, part, on_bytes)
            return
        except (Interrupted, httpx.TransportError) as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures > len(PAUSES):
                raise HubProblem(
                    f"{file.path} broke off at {_size(part)} of {file.size} bytes, {failures} times in a row "
                    f"({error!r}); run the same command again, it goes on from there"
                ) from error
            pause(PAUSES[max(failures - 1, 0)])


def _try(client: httpx.Client, file: HubFile, part: Path, on_bytes: Callable[[int], None]) -> None:
    have = _size(part)
    known = _etag(part).read_text() if _etag(part).exists() else ""
    if have and (not known or (file.size is not None and have > file.size)):
        _discard(part, on_bytes)
        have = 0
    if have and have == file.size:
        return
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", file.url, headers=headers) as answer:
        if answer.status_code in WORTH_A_TRY:
            raise Interrupted(f"answer {answer.status_code}")
        if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            answer.raise_for_status()
        etag = answer.headers.get("ETag", "")
        if have and not (_goes_on(answer, have) and etag == known):
            _discard(part, on_bytes)
            if answer.status_code != httpx.codes.OK:
                raise Interrupted("the hub has another version than the part that is here")
        _etag(part).write_text(etag)
        with part.open("ab") as out:
            # As they come: pieces of a wanted size would be lost with the connection.
            for chunk in answer.iter_raw():
                out.write(chunk)
                on_bytes(len(chunk))
                if file.size is not None and out.tell() > file.size:
                    raise Mismatch(f"found more than the {file.size} bytes that were promised")
    if file.size is not None and _size(part) < file.size:
        raise Interrupted("the answer ended early")


def _goes_on(answer: httpx.Response, have: int) -> bool:
    """Whether an answer brings the bytes after those that are here."""
    range_ = answer.headers.get("Content-Range", "")
    return answer.status_code == httpx.codes.PARTIAL_CONTENT and range_.startswith(f"bytes {have}-")


def _etag(part: Path) -> Path:
    return part.with_suffix(".etag")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _discard(part: Path, on_bytes: Callable[[int], None]) -> None:
    on_bytes(-_size(part))
    part.unlink(missing_ok=True)
    _etag(part).unlink(missing_ok=True)
