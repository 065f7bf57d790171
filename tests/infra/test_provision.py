"""What goes to the Prefect server: valid before any server is asked."""

import json

import yaml
from prefect.events.schemas.automations import AutomationCore, EventTrigger

from infra.environment import HEARTBEAT_SECONDS
from infra.provision import AUTOMATIONS, POOLS, job_template


def test_every_automation_is_one_that_prefect_takes_and_names_are_unique() -> None:
    entries = yaml.safe_load(AUTOMATIONS.read_text())["automations"]
    automations = [AutomationCore.model_validate(entry) for entry in entries]
    assert len({automation.name for automation in automations}) == len(automations)


def test_a_run_is_given_three_heartbeats_before_it_is_called_dead() -> None:
    (entry,) = yaml.safe_load(AUTOMATIONS.read_text())["automations"]
    trigger = AutomationCore.model_validate(entry).trigger
    assert isinstance(trigger, EventTrigger)
    assert trigger.within.total_seconds() >= 3 * HEARTBEAT_SECONDS


def test_runs_of_every_pool_send_heartbeats() -> None:
    for _, variables in POOLS.values():
        assert variables["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == str(HEARTBEAT_SECONDS)
        assert json.dumps(variables) in json.dumps(job_template(variables))


def test_templates_of_pools_do_not_share_state() -> None:
    assert job_template({"A": "1"}) != job_template({"B": "2"})
