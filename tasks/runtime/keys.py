"""Cache keys of our own, from plain values only.

Prefect's INPUTS policy hashes pydantic inputs together with the path their class was imported by, so a run from the
command line and one from a worker would not share entries; TASK_SOURCE does not see the pure modules that do the work.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as package_version

import orjson
from pydantic import BaseModel

from datasets_registry.artifact import ArtifactRef
from tasks.runtime.tools import find_tool

REFRESH = "FINLOOM_REFRESH"
"""Environment variable: comma-separated step names that run again although they are cached; `all` is every step."""

EXECUTION_ONLY = frozenset({"workers", "device", "done"})
"""Arguments that say how a step runs, not what it makes; they never enter a key."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two runs of a step the same besides inputs: name, stage version, the packages and tools that shape it.

    `packages` are of our own environment, `tools` are environments of `finloom tools install`, by their lock files.
    """

    name: str
    version: str
    packages: Sequence[str] = ()
    tools: Sequence[str] = ()

    def key(self, arguments: Mapping[str, object]) -> str:
        """The sha256 that names an action: identity, inputs by content, configs by what differs from their defaults.

        Raises:
            ToolProblem: a tool of the step is not installed, or not as locked.
        """
        plain: dict[str, object] = {
            "task": self.name,
            "version": self.version,
            "packages": {name: package_version(name) for name in self.packages},
            "arguments": {
                name: plain_value(name, value)
                for name, value in arguments.items()
                if name not in EXECUTION_ONLY
            },
        }
        if self.tools:
            plain["tools"] = self.tool_locks()
        return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def tool_locks(self) -> dict[str, str]:
        """The sha256 of the lock file of every tool; raises `ToolProblem` where one is not installed as locked."""
        return {name: find_tool(name).lock for name in self.tools}

    def is_refreshed(self) -> bool:
        """Whether the step was asked to do its work again, shards included, although it is cached."""
        return not {self.name, "all"}.isdisjoint(os.environ.get(REFRESH, "").split(","))


def plain_value(name: str, value: object) -> object:
    """A step's argument as JSON: an artifact by its content, a config by what differs from its defaults.

    Raises:
        TypeError: the argument is neither an artifact, a config nor a JSON value, so it cannot be part of a key.
    """
    if isinstance(value, ArtifactRef):
        return {"kind": value.kind, "sha256": value.sha256}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [plain_value(name, item) for item in value]
    raise TypeError(
        f"argument {name!r} is a {type(value).__name__}; a step takes ArtifactRefs, config models and plain values"
    )
