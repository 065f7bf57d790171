"""What goes to the Prefect server: valid before any server is asked."""

import json
from datetime import timedelta
from uuid import uuid4

import yaml
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.raise_alert import raise_alert
from infra.environment import HEARTBEAT_SECONDS
from infra.provision import DEPLOYMENTS, POOLS, as_automation, job_template, read_automations

DEPLOYED = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
IDS = {f"{item['name']}/{item['name']}": uuid4() for item in DEPLOYED}


def automations() -> dict[str, AutomationCore]:
    return {entry["name"]: as_automation(entry, IDS) for entry in read_automations()}


def test_every_automation_is_one_that_prefect_takes_and_names_are_unique() -> None:
    assert len(automations()) == len(read_automations())


def test_a_run_is_given_three_heartbeats_before_it_is_called_dead() -> None:
    trigger = automations()["crash-zombie-flow-runs"].trigger
    assert isinstance(trigger, EventTrigger)
    assert trigger.within.total_seconds() >= 3 * HEARTBEAT_SECONDS


def test_a_night_that_is_missed_or_fails_starts_the_alert() -> None:
    nightly = next(item for item in DEPLOYED if "nightly" in item["tags"])
    for name in ("alert-missed-nightly-run", "alert-failed-nightly-run"):
        automation = automations()[name]
        assert isinstance(automation.trigger, EventTrigger)
        assert automation.trigger.match_related == ResourceSpecification.model_validate(
            {"prefect.resource.role": "deployment", "prefect.resource.name": nightly["name"]}
        )
        (action,) = automation.actions
        assert isinstance(action, RunDeployment)
        assert action.deployment_id == IDS["raise-alert/raise-alert"]
        raise_alert.validate_parameters(action.parameters or {})
    missed = automations()["alert-missed-nightly-run"].trigger
    assert isinstance(missed, EventTrigger) and missed.posture == Posture.Proactive
    assert timedelta(hours=24) < missed.within < timedelta(hours=30)


def test_runs_of_every_pool_send_heartbeats() -> None:
    for _, variables in POOLS.values():
        assert variables["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == str(HEARTBEAT_SECONDS)
        assert json.dumps(variables) in json.dumps(job_template(variables))


def test_templates_of_pools_do_not_share_state() -> None:
    assert job_template({"A": "1"}) != job_template({"B": "2"})
