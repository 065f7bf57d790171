"""Processes: ours are recognised, strangers never, and stopping leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra import processes
from infra.processes import Program, Running

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = [
    *(sys.executable, "-c"),
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print('started', flush=True); time.sleep(600)",
]
DEAF = [
    *(sys.executable, "-c"),
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('started', flush=True); time.sleep(600)",
]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of this test's own, in which nothing is left running."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    yield
    for name in ("sleeper", "other"):
        processes.stop(name)


def sleeper(command: list[str] = SLEEP, grace: float = 5.0) -> Program:
    return Program(name="sleeper", command=command, environment={"MARK": "1"}, ports={"door": 1}, grace=grace)


def wait_for_output(name: str) -> None:
    while "started" not in processes.log_tail(name):
        time.sleep(0.05)


def test_a_started_program_is_found_with_its_ports() -> None:
    started = processes.start(sleeper())
    assert processes.find("sleeper") == started
    assert started.ports == {"door": 1}


def test_a_started_program_outlives_our_process_group() -> None:
    started = processes.start(sleeper())
    assert os.getpgid(started.pid) != os.getpgid(0)


def test_a_killed_program_is_not_found_but_its_record_stays() -> None:
    started = processes.start(sleeper())
    os.kill(started.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(started.pid)], timeout=10)
    assert processes.find("sleeper") is None
    assert processes.read_pid("sleeper") == started


@pytest.mark.parametrize(
    "change",
    [{"created": 1.0}, {"command": ["another", "program"]}],
    ids=["an earlier process of that pid", "another program"],
)
def test_a_pid_that_now_belongs_to_somebody_else_is_not_ours(change: dict[str, float | list[str]]) -> None:
    started = processes.start(sleeper())
    stranger = started.model_copy(update=change)
    assert not processes.is_alive(stranger)


def test_a_damaged_pid_file_is_no_program() -> None:
    processes.write_private(processes.pid_path("sleeper"), "{not json")
    assert processes.find("sleeper") is None


def test_stop_ends_the_program_and_what_it_started() -> None:
    started = processes.start(sleeper(PARENT))
    wait_for_output("sleeper")
    family = processes.family(started.pid)
    assert len(family) == 2
    assert processes.stop("sleeper")
    assert not any(process.is_running() for process in family)
    assert not processes.pid_path("sleeper").exists()


def test_stop_ends_what_a_killed_program_left_behind() -> None:
    started = processes.start(sleeper(PARENT))
    wait_for_output("sleeper")
    _, child = processes.family(started.pid)
    os.kill(started.pid, signal.SIGKILL)
    assert processes.stop("sleeper")
    assert not child.is_running()


def test_stop_kills_what_does_not_listen() -> None:
    started = processes.start(sleeper(DEAF, grace=0.2))
    wait_for_output("sleeper")
    assert processes.stop("sleeper")
    assert not processes.is_alive(started)


def test_stop_leaves_other_programs_and_other_homes_alone(tmp_path: Path) -> None:
    other = processes.start(Program(name="other", command=SLEEP, environment={}))
    abroad = subprocess.Popen(
        SLEEP, env=os.environ | {"FINLOOM_HOME": str(tmp_path / "b"), processes.PROGRAM_VARIABLE: "sleeper"}
    )
    assert not processes.stop("sleeper")
    assert processes.is_alive(other)
    assert abroad.poll() is None
    abroad.kill()
    abroad.wait()


def test_a_program_whose_record_was_never_written_is_ended_before_a_second_one_starts() -> None:
    first = processes.start(sleeper())
    processes.pid_path("sleeper").unlink()
    second = processes.start(sleeper())
    assert not processes.is_alive(first)
    assert processes.find("sleeper") == second


def test_records_and_secrets_are_private(tmp_path: Path) -> None:
    target = tmp_path / "secrets" / "key"
    processes.write_private(target, "secret")
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["key"]


def test_the_fingerprint_changes_with_command_and_environment() -> None:
    program = sleeper()
    assert program.fingerprint() == sleeper().fingerprint()
    assert program.fingerprint() != sleeper(PARENT).fingerprint()
    other = Program(name="sleeper", command=SLEEP, environment={"MARK": "2"})
    assert program.fingerprint() != other.fingerprint()


def test_listening_is_seen_in_descendants_only() -> None:
    program = [
        *(sys.executable, "-c"),
        "import socket, time; s = socket.create_server(('127.0.0.1', 0)); "
        "print('started', s.getsockname()[1], flush=True); time.sleep(600)",
    ]
    started: Running = processes.start(sleeper(program))
    wait_for_output("sleeper")
    port = int(processes.log_tail("sleeper").split()[-1])
    assert processes.listens(started.pid, port)
    stranger = processes.start(Program(name="other", command=SLEEP, environment={}))
    assert not processes.listens(stranger.pid, port)
