"""How a step runs: one decorator that makes a function a cached, retried, recorded Prefect task.

A step takes `ArtifactRef`s, then its config model, then execution-only arguments, and returns `Made`. Calling the
decorated step in a flow returns the `ArtifactRef`, from the cache where the same action was done before.
"""

import inspect
import os
import time
import uuid
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec

from prefect import task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import Task
from pydantic import BaseModel

from blocks.history import now, record_action, whoami
from blocks.prefect_blocks import RESULT_SERIALIZER, STORE_BLOCK, load_store
from blocks.s3 import StoreUnavailable
from datasets_registry.artifact import Action, ArtifactRef
from tasks.runtime.keys import Identity

P = ParamSpec("P")

WORTH_A_RETRY = (StoreUnavailable, ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Made:
    """What a step made: the artifact, and the counts that its history should keep (rows dropped by reason, ...)."""

    ref: ArtifactRef
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunningStep:
    """The action that is being done: which step, and the key that names its work on every machine."""

    task: str
    key: str


RUNNING: ContextVar[RunningStep] = ContextVar("finloom-running-step")


def running_step() -> RunningStep:
    """The step that calls this; raises `LookupError` outside a step."""
    return RUNNING.get()


UNNAMED = Identity("", "")
"""The fields of Prefect's policies have defaults, so ours must have one."""


@dataclass
class ActionKey(CachePolicy):
    """Prefect's cache policy over `Identity`: results lie under `<task>/<key>`."""

    identity: Identity = UNNAMED

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, object],
        flow_parameters: dict[str, object],
        **kwargs: object,
    ) -> str:
        """The key of one call."""
        return f"{self.identity.name}/{self.identity.key(inputs)}"


def step(
    identity: Identity, *, cached: bool = True, timeout_hours: float = 6, tags: Sequence[str] = ("cpu",)
) -> Callable[[Callable[P, Made]], Callable[P, ArtifactRef]]:
    """Make a function a step.

    Args:
        identity: its name, kebab-case, as `--refresh` and the Prefect UI show it, and what else makes runs the same.
        cached: False for a step whose work lies outside the store (it reads a path, moves a pointer, shows a page).
        timeout_hours: after this a run is taken for hung and retried.
        tags: Prefect tags.
    """

    def decorate(function: Callable[P, Made]) -> Callable[P, ArtifactRef]:
        signature = inspect.signature(function)
        prefect_task = task(
            name=identity.name,
            cache_policy=ActionKey(identity=identity) if cached else NO_CACHE,
            persist_result=cached,
            result_storage=STORE_BLOCK,
            result_serializer=RESULT_SERIALIZER,
            retries=2,
            retry_delay_seconds=[2, 15],
            retry_jitter_factor=0.5,
            retry_condition_fn=is_worth_a_retry,
            timeout_seconds=timeout_hours * 3600,
            tags=list(tags),
        )(_recorded(function, identity, signature))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> ArtifactRef:
            # A missing tool is said here: while it computes a key, Prefect would log the error and go on uncached.
            identity.tool_locks()
            chosen = (
                prefect_task.with_options(refresh_cache=True) if identity.is_refreshed() else prefect_task
            )
            return ArtifactRef.model_validate(chosen(*args, **kwargs))

        return call

    return decorate


def is_worth_a_retry(task: "Task[..., object]", task_run: TaskRun, state: State[object]) -> bool:
    """Whether a failed run may succeed if tried again: a lost connection may, a bad row will not."""
    try:
        state.result()
    except WORTH_A_RETRY:
        return True
    except Exception:  # noqa: BLE001 any other failure is what the step says it is
        return False
    return False


def _recorded(
    function: Callable[P, Made], identity: Identity, signature: inspect.Signature
) -> Callable[P, dict[str, object]]:
    """`function`, with its run written to the history and its result as plain JSON."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> dict[str, object]:
        started, wall, cpu = now(), time.monotonic(), _cpu_seconds()
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        key = identity.key(bound.arguments)
        token = RUNNING.set(RunningStep(identity.name, key))
        try:
            made = function(*args, **kwargs)
        finally:
            RUNNING.reset(token)
        context = TaskRunContext.get()
        action = Action(
            key=key,
            run=str(context.task_run.id if context else uuid.uuid4()),
            task=identity.name,
            version=identity.version,
            inputs={name: value for name, value in bound.arguments.items() if isinstance(value, ArtifactRef)},
            config={
                name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
                for name, value in bound.arguments.items()
                if not isinstance(value, ArtifactRef)
            },
            tool_lock=",".join(f"{name}={lock}" for name, lock in identity.tool_locks().items()) or None,
            output=made.ref,
            counts=made.counts,
            cpu_seconds=round(_cpu_seconds() - cpu, 3),
            wall_seconds=round(time.monotonic() - wall, 3),
            started=started,
            by=whoami(),
            flow_run=str(context.task_run.flow_run_id) if context and context.task_run.flow_run_id else None,
        )
        record_action(load_store(), action)
        return made.ref.model_dump(mode="json")

    return run


def _cpu_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
