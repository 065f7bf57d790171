"""What the Prefect server of the stack says about deployments and their runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx
import orjson
from pydantic import BaseModel, JsonValue

T = TypeVar("T")

PATIENCE = 240.0
ENDS = {"Completed", "Cached", "Failed", "Crashed", "Cancelled"}


class FlowRun(BaseModel):
    """A flow run as the server has it; `run_count` counts its attempts."""

    id: str
    name: str
    state_name: str
    run_count: int
    parameters: dict[str, JsonValue]


class TaskRun(BaseModel):
    """One run of a step; `flow_run_run_count` is the attempt of its flow run that made it."""

    name: str
    state_name: str
    flow_run_run_count: int


class Artifact(BaseModel):
    """Something that a run shows in the UI."""

    key: str
    type: str
    data: JsonValue


@dataclass(frozen=True)
class PrefectApi:
    """The server at `url`, which ends with /api."""

    url: str

    def deployment(self, name: str) -> str:
        """The id of a deployment."""
        (found,) = self._post("deployments/filter", {"deployments": {"name": {"any_": [name]}}})
        return str(found["id"])

    def start(self, deployment: str, parameters: dict[str, JsonValue]) -> str:
        """Ask the worker for a run, as the UI's button does; returns its id."""
        answer = self._request(
            "POST",
            f"deployments/{self.deployment(deployment)}/create_flow_run",
            {"parameters": parameters, "state": {"type": "SCHEDULED"}},
        )
        return FlowRun.model_validate_json(answer).id

    def run(self, run_id: str) -> FlowRun:
        return FlowRun.model_validate_json(self._request("GET", f"flow_runs/{run_id}"))

    def runs_over(self, source: str) -> list[FlowRun]:
        """The runs whose input is `source`, in the order of their start."""
        rows = self._post("flow_runs/filter", {"sort": "START_TIME_ASC"})
        return [run for run in map(FlowRun.model_validate, rows) if run.parameters.get("input") == source]

    def end(self, run_id: str, attempt: int = 1) -> str:
        """Wait for the end of an attempt of a run; returns the name of its last state."""

        def ended() -> FlowRun | None:
            run = self.run(run_id)
            return run if run.state_name in ENDS and run.run_count >= attempt else None

        return eventually(ended, f"the end of attempt {attempt} of flow run {run_id}").state_name

    def steps(self, run_id: str, last: str, attempt: int = 1) -> dict[str, str]:
        """The steps of an attempt and how they ended; waits for `last`, as the server hears of steps a little late."""

        def ended() -> dict[str, str] | None:
            steps = self.steps_now(run_id, attempt)
            return steps if last in steps and ENDS.issuperset(steps.values()) else None

        return eventually(ended, f"the end of {last} in attempt {attempt} of flow run {run_id}")

    def steps_now(self, run_id: str, attempt: int = 1) -> dict[str, str]:
        """The steps of an attempt and their present states."""
        rows = self._post("task_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
        tasks = [task for task in map(TaskRun.model_validate, rows) if task.flow_run_run_count == attempt]
        return {task.name.rpartition("-")[0]: task.state_name for task in tasks}

    def events(self, run_id: str) -> set[str]:
        """What has happened to a run."""
        of_run: JsonValue = {"any_resource": {"id": [f"prefect.flow-run.{run_id}"]}}
        page = orjson.loads(self._request("POST", "events/filter", {"filter": of_run, "limit": 50}))
        return {event["event"] for event in page["events"]}

    def artifacts(self, run_id: str) -> dict[str, Artifact]:
        """What a run shows, by key."""
        rows = self._post("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run_id]}}})
        return {artifact.key: artifact for artifact in map(Artifact.model_validate, rows)}

    def _post(self, path: str, body: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
        rows: list[dict[str, JsonValue]] = orjson.loads(self._request("POST", path, body))
        return rows

    def _request(self, method: str, path: str, body: dict[str, JsonValue] | None = None) -> bytes:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.request(method, f"{self.url}/{path}", json=body).raise_for_status().content


def eventually(look: Callable[[], T | None], what: str) -> T:
    """The first thing that `look` finds."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE:.0f} s"
        time.sleep(0.5)
    return found
