"""What `finloom up` records, and the lock that lets one `up` or `down` run at a time."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel, Field, ValidationError

from blocks.home import Stack, home, stack_path
from infra.processes import write_private

Report = Callable[[str], None]


class Bucket(BaseModel):
    """What was found out about a bucket when it was prepared."""

    address: str
    conditional_puts: bool
    warnings: tuple[str, ...]


class StackState(Stack):
    """The stack as recorded, with what only infra needs."""

    asked: dict[str, int] = Field(default_factory=dict)
    """The ports that were asked for; `ports` holds those that were free."""

    bucket: Bucket | None = None


def read_state() -> StackState | None:
    """The recorded stack, or None where there is no record that we can read: `up` then finds out anew."""
    try:
        return StackState.model_validate_json(stack_path().read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_state(state: StackState) -> None:
    """Record the stack."""
    write_private(stack_path(), state.model_dump_json(indent=2))


@contextmanager
def exclusive(report: Report) -> Iterator[None]:
    """Hold this home's lock; another `up` or `down` waits, and so do we for it."""
    path = home() / "run" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another `finloom up` or `finloom down` of this home")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
