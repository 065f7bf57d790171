"""Of two runs at once one goes on; a dead holder does not block for ever."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from blocks.lease import AlreadyRunning, lease
from blocks.s3 import S3Settings
from blocks.store import ArtifactStore

HOLD = """
import sys, time
from blocks.lease import lease
from blocks.s3 import S3Settings, connect
from blocks.store import ArtifactStore
endpoint, bucket = sys.argv[1:]
settings = S3Settings(endpoint=endpoint, access_key="finloom", secret_key="of no value", bucket=bucket)
with lease(ArtifactStore(connect(settings), bucket), "nightly", hours=1):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_run_is_told_who_holds_the_lease(store: ArtifactStore) -> None:
    with (
        lease(store, "nightly", hours=1),
        pytest.raises(AlreadyRunning, match="is held by"),
        lease(store, "nightly", hours=1),
    ):
        pytest.fail("two runs held one lease")


def test_a_lease_that_was_given_back_can_be_taken(store: ArtifactStore) -> None:
    for _ in range(2):
        with lease(store, "nightly", hours=1):
            assert list(store.keys("leases/"))
    assert not list(store.keys("leases/"))


def test_a_failed_run_gives_its_lease_back(store: ArtifactStore) -> None:
    with pytest.raises(ValueError, match="failed"), lease(store, "nightly", hours=1):
        raise ValueError("failed")
    assert not list(store.keys("leases/"))


def test_a_dead_holder_is_replaced_when_its_time_is_up(store: ArtifactStore) -> None:
    died = datetime.now(UTC) - timedelta(hours=2)
    with lease(store, "nightly", hours=1, moment=died), lease(store, "nightly", hours=1):
        assert len(list(store.keys("leases/"))) == 1
    # The dead run's end must not take the new holder's lease away, and the new holder's end gives it back.
    assert not list(store.keys("leases/"))


def test_a_killed_holder_of_this_machine_is_replaced_at_once(
    store: ArtifactStore, s3_settings: S3Settings
) -> None:
    command = [sys.executable, "-c", HOLD, s3_settings.endpoint, s3_settings.bucket]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), lease(store, "nightly", hours=1):
            pytest.fail("its holder is alive")
        holder.kill()
        holder.wait()
        with lease(store, "nightly", hours=1):
            assert len(list(store.keys("leases/"))) == 1


def test_of_eight_runs_at_once_one_goes_on(store: ArtifactStore) -> None:
    tried = Barrier(8)

    def run() -> bool:
        try:
            with lease(store, "nightly", hours=1):
                tried.wait(timeout=30)
                return True
        except AlreadyRunning:
            tried.wait(timeout=30)
            return False

    with ThreadPoolExecutor(8) as pool:
        went_on = list(pool.map(lambda _: run(), range(8)))
    assert sum(went_on) == 1
