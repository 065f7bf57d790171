"""The public hubs, Hugging Face and ModelScope, by their plain REST: what a repository holds and where its bytes are.

Hugging Face: `/api/{models,datasets}/{repo}/revision/{revision}` names the commit, `.../tree/{commit}` the files page
by page (`Link: <...>; rel="next"`), `[/datasets]/{repo}/resolve/{commit}/{path}` redirects to the bytes. Large files
come with the sha256 of their bytes (`lfs.oid`), small ones with the sha1 that git gives them (`oid`).
ModelScope: `/api/v1/models/{repo}/repo/files`, `/api/v1/datasets/{repo}/repo/tree` (numbered pages), and
`.../repo?Revision=&FilePath=` for the bytes; every file comes with its sha256.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from datasets_registry.artifact import SHA256

Hub = Literal["huggingface", "modelscope", "url"]
Kind = Literal["model", "dataset"]

ADDRESSES = {"huggingface": "https://huggingface.co", "modelscope": "https://www.modelscope.cn"}
VARIABLES = {"huggingface": ("HF_ENDPOINT",), "modelscope": ("MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN")}
TOKEN = "HF_TOKEN"
PATIENCE = httpx.Timeout(30.0, read=60.0)
PAGE = 200
MODELSCOPE_LISTS = 3000
COMMIT = r"^[0-9a-f]{40}$"


class HubProblem(RuntimeError):
    """A hub does not give what was asked for; the message is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file: its path in the repository, where its bytes are, and what its hub promises of them."""

    path: str
    url: str
    size: int | None
    sha256: str | None = None
    git_sha1: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repository at one moment; `commit` is the hub's, or a digest of the listing where the hub names none.

    Raises:
        HubProblem: a path would leave the folder that the files are written to, or two cannot stand side by side.
    """

    hub: Hub
    repository: str
    commit: str
    files: tuple[HubFile, ...]

    def __post_init__(self) -> None:
        paths = {file.path for file in self.files}
        for path in sorted(paths):
            parts = path.split("/")
            outside = {"", ".", ".."} & set(parts) or "\\" in path or not path.isprintable()
            if outside or any("/".join(parts[:end]) in paths for end in range(1, len(parts))):
                raise HubProblem(
                    f"{self.repository} names a file {path!r}, which has no place in a folder; "
                    "nothing was fetched: the hub or the repository is not to be trusted"
                )
        if len(paths) < len(self.files):
            raise HubProblem(f"{self.repository} lists a file twice; nothing was fetched")


class _Commit(BaseModel):
    sha: str = Field(pattern=COMMIT)


class _LargeFile(BaseModel):
    oid: str = Field(pattern=SHA256)
    size: int = Field(ge=0)


class _TreeEntry(BaseModel):
    """A line of Hugging Face's listing."""

    type: str
    path: str
    oid: str
    size: int = Field(default=0, ge=0)
    lfs: _LargeFile | None = None


class _Blob(BaseModel):
    """A line of ModelScope's listing."""

    path: str = Field(alias="Path")
    type: str = Field(alias="Type")
    size: int = Field(alias="Size", ge=0)
    sha256: str = Field(default="", alias="Sha256", pattern=f"^$|{SHA256}")


class _Committer(BaseModel):
    id: str = Field(default="", alias="Id")


class _Listing(BaseModel):
    files: list[_Blob] = Field(alias="Files")
    committer: _Committer | None = Field(default=None, alias="LatestCommitter")


class _Answer(BaseModel):
    data: _Listing = Field(alias="Data")


def endpoint(hub: Hub) -> str:
    """The address of a hub: the mirror that the user's environment names, else the hub's own."""
    for variable in VARIABLES[hub]:
        if found := os.environ.get(variable, "").strip().rstrip("/"):
            return found if "://" in found else f"https://{found}"
    return ADDRESSES[hub]


def open_hub(hub: Hub) -> httpx.Client:
    """A client for one hub; the token of `HF_TOKEN` goes to Hugging Face or its mirror, never along a redirect."""
    token = os.environ.get(TOKEN) if hub == "huggingface" else None
    headers = {"User-Agent": "finloom"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return httpx.Client(headers=headers, timeout=PATIENCE, follow_redirects=True)


def look(
    client: httpx.Client, hub: Hub, repository: str, kind: Kind, revision: str | None, names: tuple[str, ...]
) -> Snapshot:
    """What a repository holds now.

    Args:
        client: From `open_hub`.
        hub: Which hub; `url` is a folder on a plain web server, which cannot be listed.
        repository: The id on the hub, or the address of the folder.
        kind: The hubs keep models and data sets apart.
        revision: A branch, tag or commit; None is the hub's main branch.
        names: For `url`, the files of the folder; the hubs list theirs.

    Raises:
        HubProblem: no network, no such repository or revision, no permission, or an answer that is no listing.
    """
    match hub:
        case "huggingface":
            return _look_at_huggingface(client, repository, kind, revision or "main")
        case "modelscope":
            return _look_at_modelscope(client, repository, kind, revision or "master")
        case "url":
            return _look_at_folder(client, repository, names)


def _look_at_huggingface(client: httpx.Client, repository: str, kind: Kind, revision: str) -> Snapshot:
    address = endpoint("huggingface")
    api = f"{address}/api/{kind}s/{quote(repository)}"
    door = f"{address}/{'datasets/' if kind == 'dataset' else ''}{quote(repository)}/resolve"
    with answers_named("huggingface", repository):
        answer = client.get(f"{api}/revision/{quote(revision, safe='')}").raise_for_status()
        commit = _Commit.model_validate_json(answer.content).sha
        entries = [entry for entry in _tree(client, f"{api}/tree/{commit}") if entry.type == "file"]
    return Snapshot(
        hub="huggingface",
        repository=repository,
        commit=commit,
        files=tuple(
            HubFile(
                path=entry.path,
                url=f"{door}/{commit}/{quote(entry.path)}",
                size=entry.lfs.size if entry.lfs else entry.size,
                sha256=entry.lfs.oid if entry.lfs else None,
                git_sha1=None if entry.lfs else entry.oid,
            )
            for entry in entries
        ),
    )


def _tree(client: httpx.Client, url: str) -> Iterator[_TreeEntry]:
    """Every entry of a tree. Of a link only the cursor counts: a mirror's may name another host than the mirror."""
    query = {"recursive": "true"}
    while query:
        answer = client.get(url, params=query).raise_for_status()
        yield from TypeAdapter(list[_TreeEntry]).validate_json(answer.content)
        following = answer.links.get("next", {}).get("url", "")
        query = dict(parse_qsl(urlsplit(following).query))


def _look_at_modelscope(client: httpx.Client, repository: str, kind: Kind, revision: str) -> Snapshot:
    api = f"{endpoint('modelscope')}/api/v1/{kind}s/{quote(repository)}/repo"
    with answers_named("modelscope", repository):
        pages = list(_listings(client, api, kind, revision))
    blobs = [blob for page in pages for blob in page.files]
    if kind == "model" and len(blobs) >= MODELSCOPE_LISTS:
        raise HubProblem(
            f"ModelScope lists {MODELSCOPE_LISTS} files at most and {repository} has as many or more; "
            "get it from huggingface"
        )
    files = tuple(
        HubFile(
            path=blob.path,
            url=str(httpx.URL(api, params={"Revision": revision, "FilePath": blob.path})),
            size=blob.size,
            sha256=blob.sha256 or None,
        )
        for blob in blobs
        if blob.type != "tree"
    )
    named = pages[0].committer.id if pages[0].committer else ""
    if not re.fullmatch(COMMIT, named):
        named = _digest(f"{file.path}\0{file.size}\0{file.sha256}" for file in files)
    return Snapshot(hub="modelscope", repository=repository, commit=named, files=files)


def _listings(client: httpx.Client, api: str, kind: Kind, revision: str) -> Iterator[_Listing]:
    """The listing of a model, which comes whole, or that of a data set, which comes in numbered pages."""
    query = {"Revision": revision, "Recursive": "True"}
    number, length = 1, PAGE
    while length == PAGE:
        page = {"PageNumber": str(number), "PageSize": str(PAGE)} if kind == "dataset" else {}
        url = f"{api}/{'tree' if kind == 'dataset' else 'files'}"
        answer = client.get(url, params=query | page).raise_for_status()
        listing = _Answer.model_validate_json(answer.content).data
        yield listing
        number, length = number + 1, len(listing.files) if kind == "dataset" else 0


def _look_at_folder(client: httpx.Client, address: str, names: tuple[str, ...]) -> Snapshot:
    if not names or any(set("*?[") & set(name) for name in names):
        raise HubProblem(f"{address} cannot be listed by a program; fetch its files by hand")
    files, marks = [], []
    for name in names:
        url = f"{address.rstrip('/')}/{quote(name)}"
        with answers_named("url", url):
            answer = client.head(url, headers={"Accept-Encoding": "identity"}).raise_for_status()
        size = answer.headers.get("Content-Length", "")
        files.append(HubFile(path=name, url=url, size=int(size) if size.isdigit() else None))
        marks.append(f"{name}\0{size}\0{answer.headers.get('ETag', '')}")
    return Snapshot(hub="url", repository=address, commit=_digest(marks), files=tuple(files))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


@contextmanager
def answers_named(hub: Hub, what: str) -> Iterator[None]:
    """Turn refusals, lost connections and answers that make no sense into a `HubProblem` of one sentence."""
    at = what if hub == "url" else f"{what} at {endpoint(hub)}"
    mirror = f", or name a mirror by {VARIABLES[hub][0]}" if hub in VARIABLES else ""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise HubProblem(_refusal(hub, at, error.response)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HubProblem(
            f"no answer for {at} ({error!r}): check the network and its proxy{mirror}"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise HubProblem(
            f"the answer for {at} is no listing of a hub ({'.'.join(map(str, first['loc']))}: {first['msg']}); "
            "check that the address is that of a hub"
        ) from error


def _refusal(hub: Hub, at: str, answer: httpx.Response) -> str:
    status, reason = answer.status_code, answer.headers.get("X-Error-Code", "")
    if status in (401, 403) and hub == "huggingface" and reason != "RepoNotFound":
        asked = "the token in HF_TOKEN has no access" if os.environ.get(TOKEN) else "HF_TOKEN is not set"
        return (
            f"{at} is gated or private (answer {status}) and {asked}: accept its terms on its page, "
            "then set HF_TOKEN to a token of that account that may read it"
        )
    if status in (401, 403, 404):
        what = {"RevisionNotFound": "revision", "EntryNotFound": "file"}.get(reason, "repository")
        return f"there is no such public {what}: {at} answered {status}; check the name and the revision"
    return f"{at} answered {status}; try again later, the same command goes on where it stopped"
