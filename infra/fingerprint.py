"""A digest of what provisioning puts on the Prefect server: while it stays the same, nothing needs doing.

The server itself keeps the digest of what it was given, in a Prefect variable. So a new database, or another
checkout that provisioned the same server since, is noticed without any state of ours.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

from blocks.home import CHECKOUT, Stack
from blocks.s3 import S3Settings
from infra.environment import environment

VARIABLE = "finloom_provisioned"
SOURCES = (
    "prefect.yaml",
    "flows/*.py",
    "tasks/*/config.py",  # the flows' parameter forms are made of these
    "infra/automations.yaml",
    "infra/provision.py",
    "infra/environment.py",
    "blocks/prefect_blocks.py",
)


def fingerprint(stack: Stack, settings: S3Settings, checkout: Path = CHECKOUT) -> str:
    """The digest of the deployments, pools, automations and blocks that this checkout would provision."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(checkout.glob(pattern)):
            digest.update(f"{path.relative_to(checkout)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    facts = [version("prefect"), str(checkout), stack.prefect_api_url, settings.endpoint, settings.access_key]
    facts += [settings.bucket, settings.region, environment(stack)["FINLOOM_HOME"]]
    digest.update("\0".join(facts).encode())
    # All who can read the server can read the digest: a slow hash keeps passwords from being tried on it.
    secret = settings.secret_key.get_secret_value().encode()
    return hashlib.scrypt(secret, salt=digest.digest(), n=2**14, r=8, p=1, dklen=32).hex()
