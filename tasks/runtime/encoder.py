"""Models that embed queries while somebody searches: a small process in the swift environment, asked line by line.

It starts with the first query, answers from one loaded model, and ends when its standard input does: with us, whatever
ends us.
"""

import base64
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import numpy as np
import orjson
from numpy.typing import NDArray

from blocks.store import ArtifactStore, local_copy
from tasks.runtime.programs import environment
from tasks.runtime.tools import find_tool

MODULE = "tasks.embedding.programs.embed"
TEXTS = 256
"""Texts in a request."""
TAIL_BYTES = 2000


class EncoderFailed(RuntimeError):
    """The process that embeds queries ended; the message ends with what it said last."""


class Encoder:
    """One model, loaded in a process of its own; safe to share between threads, which take turns."""

    def __init__(self, model: Path, max_tokens: int) -> None:
        """Start it; the model loads while the first request waits.

        Raises:
            ToolProblem: the swift environment is not installed or not as locked.
        """
        swift = find_tool("swift")
        self._turn = threading.Lock()
        self._said = TemporaryFile()  # noqa: SIM115 closed with the process that writes to it
        self._process = subprocess.Popen(
            [
                str(swift.program("python")),
                "-m",
                MODULE,
                "--serve",
                "--model",
                str(model),
                "--max-tokens",
                str(max_tokens),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=environment(swift, {"HF_HUB_OFFLINE": "1"}),
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows `[texts, dimensions]`; raises `EncoderFailed`."""
        with self._turn:
            parts = [self._ask(texts[start : start + TEXTS]) for start in range(0, max(1, len(texts)), TEXTS)]
        return np.concatenate(parts)

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None, "it was started with pipes"
            pipe.close()
        self._process.wait()
        self._said.close()

    def _ask(self, texts: Sequence[str]) -> NDArray[np.float32]:
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None and answered is not None, "it was started with pipes"
        try:
            asked.write(orjson.dumps({"texts": list(texts)}) + b"\n")
            asked.flush()
            answer = orjson.loads(answered.readline())
        except (BrokenPipeError, orjson.JSONDecodeError) as error:
            self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, self._said.tell() - TAIL_BYTES))
            last = self._said.read().decode(errors="replace").strip()
            raise EncoderFailed(f"the process that embeds queries ended; it said last:\n{last}") from error
        vectors = np.frombuffer(base64.b64decode(answer["vectors"]), "<f4")
        return vectors.reshape(answer["rows"], answer["dimensions"]).astype(np.float32)


class Encoders:
    """Opens models of the artifact store as encoders, each once, and ends them all at the end of a `with` block."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._opened: dict[tuple[str, int], Encoder] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for encoder in self._opened.values():
            encoder.close()
        self._opened.clear()

    def open(self, model_sha256: str, max_tokens: int) -> Encoder:
        """The encoder of a model artifact, which is fetched to this machine on first use.

        Raises:
            ToolProblem: the swift environment is not installed or not as locked.
            MissingObject: the store has no such model.
        """
        key = (model_sha256, max_tokens)
        if key not in self._opened:
            folder = local_copy(self._store, self._store.tree(model_sha256).ref())
            self._opened[key] = Encoder(folder, max_tokens)
        return self._opened[key]
