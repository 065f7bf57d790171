"""What a program writes for a terminal, as plain lines: no colours, no progress bars redrawn, no secrets."""

import codecs
import re
from collections.abc import Iterable, Iterator

LONGEST = 1 << 16
MASK = "******"

# Control sequences (colours, cursor), window titles, two-character escapes.
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


class Lines:
    """Cuts a stream of bytes into clean lines; a progress bar is reduced to its last state.

    A line longer than 65,536 characters comes in pieces.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first, or a secret that contains another would be half shown.
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)
        self._kept = max(map(len, self._secrets), default=0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that `data` completes; blank ones are left out."""
        text = self._rest + self._decoder.decode(data)
        *whole, self._rest = text.replace("\r\n", "\n").split("\n")
        for line in whole:
            yield from self._clean(line)
        self._forget_redrawn()
        if len(self._rest) > LONGEST:
            masked = self.mask(self._rest)
            cut = len(masked) - self._kept
            self._rest = masked[cut:]
            yield from self._clean(masked[:cut])

    def close(self) -> Iterator[str]:
        """The last line, where the stream ended without a line break."""
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        yield from self._clean(rest)

    def mask(self, text: str) -> str:
        """`text` without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def _clean(self, line: str) -> Iterator[str]:
        if last := _last_state(line.split("\r")):
            yield self.mask(_visible(last))

    def _forget_redrawn(self) -> None:
        """Of the states of an unfinished line keep the last that shows something, and the one being drawn."""
        *drawn, drawing = self._rest.split("\r")
        self._rest = f"{_last_state(drawn)}\r{drawing}" if drawn else drawing


def _last_state(states: list[str]) -> str:
    """The last state that shows something; the very last one may only wipe a bar."""
    return next((state for state in reversed(states) if _visible(state)), "")


def _visible(state: str) -> str:
    return INVISIBLE.sub("", ESCAPES.sub("", state)).rstrip()
