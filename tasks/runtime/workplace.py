"""Where a step that runs outside programs does its work: a folder that survives failures and kills, so it can resume.

The folder is named by the action's key. A step that dies leaves it with its checkpoints; the next run of the same
action finds it again; a step that ends well removes it.
"""

import errno
import fcntl
import hashlib
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError
from prefect.logging import get_run_logger

from blocks.history import whoami
from blocks.home import home
from blocks.s3 import StoreUnavailable
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.runtime.live import LineLog, Logger, shown_live
from tasks.runtime.metrics import Metric
from tasks.runtime.programs import Program, ProgramFailed, run_program
from tasks.runtime.steps import RunningStep, running_step

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5
SECONDS_BETWEEN_UPLOADS = 30.0
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class WorkplaceTaken(RuntimeError):
    """Another run does the same action in the same folder."""


@contextmanager
def workplace(store: ArtifactStore, patience: float = PATIENCE_SECONDS) -> Iterator["Workplace"]:
    """The folder of the running step's action, for this process alone; removed where the block ends well.

    Args:
        store: where inputs come from and logs go to.
        patience: seconds to wait for another run of the same action; what a killed run started ends within 40 s.

    Raises:
        WorkplaceTaken: another run is still at the same action.
        ProgramFailed: the disk is full.
    """
    step = running_step()
    folder = home() / "work" / step.key
    with _alone(folder, patience) as lock:
        folder.mkdir(exist_ok=True)
        try:
            yield Workplace(folder, store, step, lock)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            free = shutil.disk_usage(folder).free >> 20
            raise ProgramFailed(
                f"{step.task} could not write to {folder} ({error.strerror}, {free} MiB free): "
                "make room and run again, it goes on from where it was"
            ) from error
        shutil.rmtree(folder)


@dataclass
class Workplace:
    """A folder to work in, and how artifacts get into it and programs run in it."""

    folder: Path
    store: ArtifactStore
    step: RunningStep
    lock: int
    programs: int = field(default=0, init=False)

    def stage(self, ref: ArtifactRef, name: str) -> Path:
        """The files of an artifact in `folder / name`, every checksum verified; what is there already is kept."""
        target = self.folder / name
        for entry in self.store.tree(ref).files:
            path = target / entry.name
            if not (path.exists() and _sha256(path) == entry.sha256):
                self.store.download(entry, path)
        return target

    def run(
        self,
        program: Program,
        metrics: Callable[[], Sequence[Metric]] | None = None,
        total_steps: int | None = None,
    ) -> None:
        """Run a program in the folder; its log, metrics and progress are seen live, its log is kept in the store.

        Args:
            program: what to run.
            metrics: reads what it has measured so far.
            total_steps: how many training steps it will do.

        Raises:
            ProgramFailed: it did not end well.
            ToolProblem: its environment is not installed or not as locked.
        """
        self.programs += 1
        log = self.folder / f"{self.programs}-{program.label}.log"
        logger = get_run_logger()
        logger.info("running %s", shlex.join(program.argv))
        upload = LogUpload(self.store, f"logs/{self.step.task}/{self.step.key}/{log.name}", log, logger)
        with (
            closing(upload),
            closing(LineLog(logger)) as lines,
            shown_live(self.step.task, metrics, total_steps, logger) as show,
        ):

            def every() -> None:
                upload()
                show()

            run_program(program, self.folder, log, lines, every, held=(self.lock,))


class LogUpload:
    """Keeps a copy of a growing log in the store, about every thirty seconds and at the end, without waiting for it."""

    def __init__(self, store: ArtifactStore, key: str, log: Path, logger: Logger) -> None:
        self._store, self._key, self._log, self._logger = store, key, log, logger
        self._thread = ThreadPoolExecutor(1, "log-upload")
        self._last = time.monotonic()
        self._copied = 0
        self._pending: Future[None] | None = None

    def __call__(self) -> None:
        """Start a copy where one is due."""
        done = self._pending is None or self._pending.done()
        if done and time.monotonic() - self._last >= SECONDS_BETWEEN_UPLOADS:
            self._last = time.monotonic()
            self._pending = self._thread.submit(self._copy)

    def close(self) -> None:
        """The last copy, complete."""
        self._thread.submit(self._copy)
        self._thread.shutdown(wait=True)

    def _copy(self) -> None:
        """A store that does not answer costs the copy, not the run."""
        if not self._log.exists() or self._log.stat().st_size == self._copied:
            return
        data = self._log.read_bytes()
        try:
            self._store.put(self._key, data)
        except (StoreUnavailable, ClientError) as error:
            self._logger.warning("the log was not copied to %s: %s", self._key, error)
        else:
            self._copied = len(data)


@contextmanager
def _alone(folder: Path, patience: float) -> Iterator[int]:
    """Hold the lock beside a folder; yields its descriptor, for programs that must outlive us by a moment."""
    path = folder.with_name(f"{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    while (lock := _try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise WorkplaceTaken(
                f"another run ({_text(path)}) is at this very step in {folder}: "
                "wait for it to end and run again, its result is then in the cache"
            )
        time.sleep(PAUSE_SECONDS)
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()} of {whoami()}".encode(), 0)
        yield lock
        path.unlink()
    finally:
        os.close(lock)


def _try_lock(path: Path) -> int | None:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The holder before us may have removed the file that we opened.
        if path.exists() and path.stat().st_ino == os.fstat(lock).st_ino:
            return lock
    except BlockingIOError:
        pass
    os.close(lock)
    return None


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else "just ended"


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
