"""MinIO's own gateway code, as JuiceFS carries it: it ignores conditional writes and knows no versions."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra import ports
from tests.conftest import free_port

JUICEFS = Path(sys.executable).parent / "juicefs"
KEYS = {"MINIO_ROOT_USER": "somebody", "MINIO_ROOT_PASSWORD": "somebodys-password"}


@contextmanager
def minio_gateway(folder: Path) -> Iterator[str]:
    """Yields the endpoint of a gateway over a folder; its only user is `KEYS`."""
    if not JUICEFS.exists():
        pytest.skip("juicefs is not installed (extra dev)")
    meta = f"sqlite3://{folder / 'meta.db'}"
    make = [str(JUICEFS), "format", meta, "store", "--storage", "file", "--bucket", f"{folder / 'data'}/"]
    subprocess.run(make, check=True, capture_output=True)
    port = free_port()
    flags = [
        "--multi-buckets",
        "--object-meta",
        "--keep-etag",
        "--no-usage-report",
        "--cache-dir",
        str(folder / "cache"),
    ]
    with (folder / "log").open("wb") as log:
        serve = [str(JUICEFS), "gateway", meta, f"{ports.LOOPBACK}:{port}", *flags]
        gateway = subprocess.Popen(serve, env=os.environ | KEYS, stdout=log, stderr=log)
    try:
        while ports.is_free(port):
            assert gateway.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield f"http://{ports.LOOPBACK}:{port}"
    finally:
        gateway.kill()
        gateway.wait()
