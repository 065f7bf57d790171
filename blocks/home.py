"""Where finloom keeps its state on this machine, and what the embedded stack wrote there.

Plain files only: `.finloom/stack.json` says where the servers are, `.finloom/secrets/` (0600) holds their keys.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The state folder: `FINLOOM_HOME`, else `.finloom` of the checkout. It may not exist yet."""
    return Path(os.environ.get("FINLOOM_HOME") or CHECKOUT / ".finloom").resolve()


class Stack(BaseModel):
    """What `finloom up` started or found: read by everything that needs an address, written by infra alone."""

    model_config = ConfigDict(extra="ignore")

    format: int = 1
    s3_endpoint: str
    s3_embedded: bool
    prefect_api_url: str
    prefect_embedded: bool
    ports: dict[str, int] = {}


def stack_path() -> Path:
    """The file that describes the running stack."""
    return home() / "stack.json"


def read_stack() -> Stack | None:
    """The stack of this state folder, or None where `finloom up` has not run."""
    try:
        return Stack.model_validate_json(stack_path().read_bytes())
    except FileNotFoundError:
        return None


def secret_path(name: str) -> Path:
    """The 0600 file that holds the secret `name`."""
    return home() / "secrets" / name
