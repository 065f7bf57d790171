"""The environment in which the project's processes run against a stack."""

import os

from blocks.home import CHECKOUT, Stack, home

HEARTBEAT_SECONDS = 30
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
MINIO_VARIABLES = ("MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")


def environment(stack: Stack) -> dict[str, str]:
    """What workers, flow runs and `finloom run` need to find the stack; to be laid over `os.environ`."""
    variables = {
        "FINLOOM_HOME": str(home()),
        "FINLOOM_CHECKOUT": str(CHECKOUT),
        "PREFECT_API_URL": stack.prefect_api_url,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        # Tasks called outside a flow (tests, notebooks) would warn on every log line.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if stack.prefect_embedded:
        # An external server's credentials may live in the user's own Prefect profile, so that home stays.
        variables["PREFECT_HOME"] = str(home() / "prefect")
    if not stack.s3_embedded:
        variables |= {name: os.environ[name] for name in MINIO_VARIABLES if name in os.environ}
    return variables


def no_proxy() -> dict[str, str]:
    """Settings that keep loopback traffic away from a company's HTTP proxy, added to those that are there."""
    found = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in found.split(",") if host.strip()]
    merged = ",".join([*hosts, *(name for name in LOOPBACK_NAMES if name not in hosts)])
    return {"no_proxy": merged, "NO_PROXY": merged}
