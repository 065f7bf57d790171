"""Put on the Prefect server what finloom needs: `python -m infra.provision`, in the stack's environment.

Work pools, concurrency limits, blocks, the deployments of `prefect.yaml`, then automations. Safe to repeat.
What people tune on the server stays theirs: a limit keeps its size, a paused automation stays paused.
"""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from uuid import UUID

import yaml
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.variables import Variable
from prefect.workers.process import ProcessWorker
from pydantic import JsonValue

from blocks.home import CHECKOUT, read_stack
from blocks.prefect_blocks import save_blocks
from blocks.s3 import read_settings
from infra.environment import HEARTBEAT_SECONDS
from infra.fingerprint import VARIABLE, fingerprint
from infra.processes import StackError

AUTOMATIONS = CHECKOUT / "infra" / "automations.yaml"
DEPLOYMENTS = CHECKOUT / "prefect.yaml"
RUN_ENVIRONMENT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
POOLS = {
    "cpu-pool": ("Steps that need no accelerator.", RUN_ENVIRONMENT),
    # So that "0" means the same card to CUDA, to nvidia-smi and to the deployment that asks for it.
    "gpu-pool": (
        "Training and serving on a GPU machine.",
        RUN_ENVIRONMENT | {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
    ),
}
LIMITS = {"finloom-llm": 8, "finloom-gpu": 1}

logger = logging.getLogger("finloom.provision")


async def provision_server(client: PrefectClient) -> None:
    """Create or update pools and limits."""
    for name, (description, variables) in POOLS.items():
        await ensure_pool(client, name, description, variables)
    for name, limit in LIMITS.items():
        await ensure_limit(client, name, limit)


async def provision_automations(client: PrefectClient) -> None:
    """Create or update the automations; the deployments that they run must be there."""
    for entry in read_automations():
        wanted = {action["deployment"] for action in entry["actions"] if "deployment" in action}
        ids = {name: (await client.read_deployment_by_name(name)).id for name in wanted}
        await ensure_automation(client, as_automation(entry, ids))


def read_automations() -> list[dict[str, Any]]:
    """The entries of `infra/automations.yaml`."""
    entries: list[dict[str, Any]] = yaml.safe_load(AUTOMATIONS.read_text())["automations"]
    return entries


def as_automation(entry: Mapping[str, Any], deployments: Mapping[str, UUID]) -> AutomationCore:
    """An entry as Prefect takes it: a deployment that an action names becomes its id on this server."""
    actions = [
        {"deployment_id": deployments[action["deployment"]]}
        | {name: value for name, value in action.items() if name != "deployment"}
        if "deployment" in action
        else action
        for action in entry["actions"]
    ]
    return AutomationCore.model_validate({**entry, "actions": actions})


async def ensure_pool(client: PrefectClient, name: str, description: str, variables: dict[str, str]) -> None:
    """A process pool whose runs get `variables` in their environment."""
    template = job_template(variables)
    try:
        await client.read_work_pool(name)
    except ObjectNotFound:
        pool = WorkPoolCreate(name=name, type="process", description=description, base_job_template=template)
        await client.create_work_pool(pool)
    else:
        await client.update_work_pool(
            name, WorkPoolUpdate(description=description, base_job_template=template)
        )


def job_template(variables: dict[str, str]) -> dict[str, JsonValue]:
    """Prefect's own template for process workers, with an environment for every run."""
    template = deepcopy(ProcessWorker.get_default_base_job_template())
    template["variables"]["properties"]["env"]["default"] = dict(variables)
    return template


async def ensure_limit(client: PrefectClient, name: str, limit: int) -> None:
    """A global concurrency limit; one that exists keeps its size."""
    try:
        await client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limit))


async def ensure_automation(client: PrefectClient, automation: AutomationCore) -> None:
    """One automation of this name; one that exists stays enabled or disabled as it is."""
    present = await client.read_automations_by_name(automation.name)
    if not present:
        await client.create_automation(automation)
        return
    automation.enabled = present[0].enabled
    await client.update_automation(present[0].id, automation)
    for double in present[1:]:
        await client.delete_automation(double.id)


def deploy() -> None:
    """Create or update the deployments of `prefect.yaml`."""
    if not DEPLOYMENTS.exists():
        logger.warning("%s is not there: no deployments", DEPLOYMENTS)
        return
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise StackError(f"`prefect deploy --all` ended with {done.returncode}")


async def verify_deployments(client: PrefectClient) -> None:
    """Every deployment of `prefect.yaml` is on the server, whatever exit code `prefect deploy` gave."""
    if not DEPLOYMENTS.exists():
        return
    wanted = {entry["name"] for entry in yaml.safe_load(DEPLOYMENTS.read_text()).get("deployments") or []}
    named = DeploymentFilter(name=DeploymentFilterName(any_=sorted(wanted)))
    missing = wanted - {found.name for found in await client.read_deployments(deployment_filter=named)}
    if missing:
        raise StackError(f"`prefect deploy --all` left out {', '.join(sorted(missing))}")


async def provision() -> None:
    """All of it, then the digest that says so."""
    stack, settings = read_stack(), read_settings()
    if stack is None:
        raise StackError("there is no stack to provision: run `finloom up`")
    present = fingerprint(stack, settings)
    async with get_client() as client:
        await provision_server(client)
        await asyncio.to_thread(save_blocks, settings)
        await asyncio.to_thread(deploy)
        await verify_deployments(client)
        await provision_automations(client)
        await Variable.aset(VARIABLE, present, overwrite=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(provision())
