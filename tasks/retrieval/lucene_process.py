"""The process that Lucene runs in: a program in the lucene environment, asked and answered line by line.

One process serves every index that this process has opened. It starts with the first question, keeps its Java warm, and
ends with the last index that is closed, or with us, whatever ends us: its standard input ends then.
"""

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self, TypedDict

import orjson

from tasks.runtime.programs import environment
from tasks.runtime.tools import find_tool

TOOL = "lucene"
MODULE = "tasks.retrieval.programs.lucene"
TAIL_BYTES = 2000
ATTEMPTS = 2
"""A process that died is started once more; what kills two is not an accident."""


class Hit(TypedDict):
    """A row that Lucene found."""

    doc: int
    score: float


class Answer(TypedDict, total=False):
    """What the program prints: to `--write` how many rows it wrote, to a question the hits, best first, or an error."""

    rows: int
    scoreDocs: list[Hit]
    error: str


class LuceneFailed(RuntimeError):
    """Lucene could not do its work; the message says why."""


class LuceneProcess:
    """One run of the program; `close` ends it."""

    def __init__(self, *arguments: str) -> None:
        """Start it; Java starts while the first line waits.

        Raises:
            ToolProblem: the lucene environment is not installed or not as locked.
        """
        tool = find_tool(TOOL)
        self._said = TemporaryFile()  # noqa: SIM115 closed with the process that writes to it
        self._process = subprocess.Popen(
            [str(tool.program("python")), "-m", MODULE, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=environment(tool, {}),
            # Ctrl-C is ours to answer: we close our questions first.
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None, (
            "it was started with pipes"
        )
        self._input, self._output = self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def tell(self, line: bytes) -> None:
        """Send a line; raises `LuceneFailed` where the process has ended."""
        try:
            self._input.write(line + b"\n")
        except BrokenPipeError as error:
            raise self._failure() from error

    def hear(self, *, last: bool = False) -> Answer:
        """The next line that it prints; `last` tells it first that nothing more will be sent. Raises as `tell` does."""
        try:
            self._input.flush()
            if last:
                self._input.close()
            answer: Answer = orjson.loads(self._output.readline())
        except (BrokenPipeError, orjson.JSONDecodeError) as error:
            raise self._failure() from error
        return answer

    def close(self) -> None:
        """End it."""
        with suppress(BrokenPipeError):
            self._input.close()
        self._output.close()
        self._process.wait()
        self._said.close()

    def _failure(self) -> LuceneFailed:
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - TAIL_BYTES))
        last = self._said.read().decode(errors="replace").strip()
        return LuceneFailed(f"the process that runs Lucene ended; it said last:\n{last or '(nothing)'}")


class WarmLucene:
    """The process that answers for all opened indexes, each counted by its folder; safe to share between threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: LuceneProcess | None = None
        self._open: Counter[str] = Counter()

    def take(self, folder: str) -> None:
        """Say that an index of this folder was opened."""
        with self._turn:
            self._open[folder] += 1

    def give_back(self, folder: str) -> None:
        """Say that it was closed; with the last one the process ends."""
        with self._turn:
            self._open[folder] -= 1
            if self._open[folder] > 0:
                return
            del self._open[folder]
            if self._process and not self._open:
                self._end()
            elif self._process:
                # A process that has died meanwhile has closed it, too.
                with suppress(LuceneFailed):
                    self._answer({"close": folder})

    def ask(self, question: Mapping[str, object]) -> Answer:
        """The answer to one question.

        Raises:
            ToolProblem: the lucene environment is not installed or not as locked.
            LuceneFailed: the process ended, and the one that was started in its place ended too.
        """
        with self._turn:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return self._answer(question)
                except LuceneFailed:
                    self._end()
                    if attempt == ATTEMPTS:
                        raise
        raise AssertionError("the last attempt returned or raised")

    def _answer(self, question: Mapping[str, object]) -> Answer:
        self._process = self._process or LuceneProcess("--serve")
        self._process.tell(orjson.dumps(question))
        return self._process.hear()

    def _end(self) -> None:
        if self._process:
            self._process.close()
        self._process = None


SHARED = WarmLucene()
"""The process of this process's indexes."""
