"""Cache keys of our own, from plain values only.

Prefect's INPUTS policy hashes pydantic inputs together with the path their class was imported by, so a run from the
command line and one from a worker would not share entries; TASK_SOURCE does not see the pure modules that do the work.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as package_version

import orjson
from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from pydantic import BaseModel

from datasets_registry.artifact import ArtifactRef

EXECUTION_ONLY = frozenset({"workers", "device"})
"""Arguments that say how a step runs, not what it makes; they never enter a key."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two runs of a step the same besides inputs: name, stage version, the packages that shape it."""

    name: str
    version: str
    packages: Sequence[str] = ()

    def key(self, arguments: Mapping[str, object]) -> str:
        """The sha256 that names an action: identity, inputs by content, configs by what differs from their defaults."""
        plain = {
            "task": self.name,
            "version": self.version,
            "packages": {name: package_version(name) for name in self.packages},
            "arguments": {
                name: plain_value(name, value)
                for name, value in arguments.items()
                if name not in EXECUTION_ONLY
            },
        }
        return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


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


@dataclass
class ActionKey(CachePolicy):
    """Prefect's cache policy over `Identity`: results lie under `<task>/<key>`."""

    identity: Identity = Identity("", "")

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, object],
        flow_parameters: dict[str, object],
        **kwargs: object,
    ) -> str:
        """The key of one call."""
        return f"{self.identity.name}/{self.identity.key(inputs)}"
