"""Tell people what did not happen although it should have: started by the automations of `infra/automations.yaml`."""

import os

import httpx
from prefect import flow
from prefect.artifacts import create_markdown_artifact

ALERT_URL = "FINLOOM_ALERT_URL"
"""Environment variable: where alerts are posted as `{"title", "text"}`; without it they are in the Prefect UI alone."""
SECONDS = 20


class Alert(RuntimeError):
    """Something needs a person; it ends the run as Failed, which is what the UI shows in red."""


@flow(name="raise-alert", persist_result=False)
def raise_alert(title: str, text: str) -> None:
    """Show an alert as an artifact and as a failed run, and post it to FINLOOM_ALERT_URL where that is set.

    Args:
        title: What happened, in a few words.
        text: What it means and what to do.
    """
    create_markdown_artifact(f"# {title}\n\n{text}", key="alert", description=title)
    if url := os.environ.get(ALERT_URL):
        httpx.post(url, json={"title": title, "text": text}, timeout=SECONDS).raise_for_status()
    raise Alert(f"{title}. {text}")
