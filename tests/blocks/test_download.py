"""A file arrives whole and verified or not at all, however often the connection breaks."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.download import PAUSES, Mismatch, download, verify
from blocks.home import CHECKOUT
from blocks.hub import HubFile, HubProblem, open_hub
from tests.fakes.hub import FakeHub, fake_hub

CONTENT = bytes(range(256)) * 4000
NAME = "model.safetensors"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub with one large file."""
    with fake_hub({"models/we/model": {NAME: CONTENT}}) as running:
        yield running


def file_of(hub: FakeHub) -> HubFile:
    url = f"{hub.url}/we/model/resolve/{hub.commit}/{NAME}"
    return HubFile(NAME, url, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def fetch(hub: FakeHub, target: Path) -> tuple[str, int, list[float]]:
    """The sha256, the sum of the bytes that were reported, and the pauses that were made."""
    seen: list[int] = []
    pauses: list[float] = []
    with open_hub("huggingface") as client:
        sha256 = download(client, file_of(hub), target, seen.append, pauses.append)
    return sha256, sum(seen), pauses


def ranges(hub: FakeHub) -> list[str]:
    return [headers.get("range", "") for server, _, headers in hub.asked if server == "cdn"]


def test_a_broken_connection_goes_on_where_it_broke(hub: FakeHub, tmp_path: Path) -> None:
    hub.cuts[NAME] = [300_000, 200_000]
    sha256, reported, pauses = fetch(hub, tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert sha256 == hashlib.sha256(CONTENT).hexdigest() and reported == len(CONTENT)
    assert ranges(hub) == ["", "bytes=300000-", "bytes=500000-"] and len(pauses) == 2
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_next_run_goes_on_too(hub: FakeHub, tmp_path: Path) -> None:
    hub.cuts[NAME] = [400_000] + [0] * 6
    with pytest.raises(HubProblem, match="broke off at 400000 of 1024000 bytes, 6 times in a row"):
        fetch(hub, tmp_path / NAME)
    assert not (tmp_path / NAME).exists()
    hub.asked.clear()
    assert fetch(hub, tmp_path / NAME)[1] == len(CONTENT)
    assert ranges(hub) == ["bytes=400000-"]


def test_a_busy_hub_is_asked_again(hub: FakeHub, tmp_path: Path) -> None:
    hub.busy = 2
    assert fetch(hub, tmp_path / NAME)[2] == list(PAUSES[:2])


def test_a_part_of_another_version_is_not_continued(hub: FakeHub, tmp_path: Path) -> None:
    other = bytes(len(CONTENT))
    hub.instead[NAME], hub.cuts[NAME] = other, [100_000] + [0] * 6
    with pytest.raises(HubProblem):
        fetch(hub, tmp_path / NAME)
    hub.instead.clear()
    hub.asked.clear()
    assert fetch(hub, tmp_path / NAME)[1] == len(CONTENT)
    assert (tmp_path / NAME).read_bytes() == CONTENT and ranges(hub) == ["bytes=100000-", ""]


def test_a_part_that_was_damaged_here_costs_one_download_more(hub: FakeHub, tmp_path: Path) -> None:
    hub.cuts[NAME] = [100_000] + [0] * 6
    with pytest.raises(HubProblem):
        fetch(hub, tmp_path / NAME)
    (tmp_path / f"{NAME}.part").write_bytes(bytes(100_000))
    assert fetch(hub, tmp_path / NAME)[1] == len(CONTENT)
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"!", CONTENT + b"more", CONTENT[:-5]])
def test_other_bytes_than_promised_are_never_published(hub: FakeHub, tmp_path: Path, wrong: bytes) -> None:
    hub.instead[NAME] = wrong
    with pytest.raises(HubProblem, match=rf"{NAME}"):
        fetch(hub, tmp_path / NAME)
    assert not (tmp_path / NAME).exists()


def test_the_token_does_not_follow_a_redirect_to_another_host(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", hub.token)
    fetch(hub, tmp_path / NAME)
    sent = {server: headers.get("authorization") for server, _, headers in hub.asked}
    assert sent == {"hub": "Bearer hf_secret", "cdn": None}


def test_a_full_disk_is_one_sentence(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / f"{NAME}.part").symlink_to(full)
    with pytest.raises(HubProblem, match=r"the disk of .* is full; make room"):
        fetch(hub, tmp_path / NAME)
    assert not (tmp_path / NAME).exists()


def test_other_errors_of_the_disk_stay_what_they_are(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError) as caught:
        fetch(hub, tmp_path / "file" / NAME)
    assert caught.value.errno in (errno.EEXIST, errno.ENOTDIR)


def test_the_checksum_of_git_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"{}")
    right = "9e26dfeeb6e641a33dae4961196235bdb965b21b"
    assert verify(path, HubFile("config.json", "", 2, None, right)) == hashlib.sha256(b"{}").hexdigest()
    with pytest.raises(Mismatch, match="git sha1"):
        verify(path, HubFile("config.json", "", 2, None, "0" * 40))


def test_a_killed_download_goes_on(hub: FakeHub, tmp_path: Path) -> None:
    """kill -9 while it waits for a connection that broke."""
    hub.cuts[NAME] = [600_000] + [0] * 6
    file = file_of(hub)
    program = (
        "import sys\nfrom pathlib import Path\nfrom blocks.download import download\n"
        "from blocks.hub import HubFile, open_hub\n"
        f"download(open_hub('huggingface'), HubFile({file.path!r}, {file.url!r}, {file.size}, {file.sha256!r}), "
        f"Path({str(tmp_path / NAME)!r}), pause=lambda seconds: (print('paused', flush=True), sys.stdin.read()))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None and child.stdout.readline() == b"paused\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert (tmp_path / f"{NAME}.part").stat().st_size == 600_000
    hub.cuts.clear()
    hub.asked.clear()
    fetch(hub, tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == CONTENT and ranges(hub) == ["bytes=600000-"]
