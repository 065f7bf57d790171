"""Outside programs for real: read line by line, failed in one sentence, and never outliving us, whatever happens."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from blocks.home import CHECKOUT
from tasks.runtime.programs import Program, ProgramFailed, Running, run_program, start_program
from tasks.runtime.tools import Tool, ToolProblem
from tests.fakes.process_tree import PATIENCE, SLEEPER, gone, pids, wait_for


def run(folder: Path, *argv: str, **more: object) -> list[str]:
    """Run a script of the fake tool; returns its lines."""
    lines: list[str] = []
    run_program(Program("fake", argv, grace=1, **more), folder, folder / "a.log", lines.append)
    return lines


def test_output_comes_as_clean_lines_and_is_kept(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(
        talk=textwrap.dedent("""
            import sys
            print("\\x1b[31m红色\\x1b[0m\\u200b字")
            sys.stderr.write("to stderr\\n")
            for n in range(101):
                sys.stderr.write(f"\\r {n}%")
            sys.stderr.write("\\r\\n")
            sys.stdout.buffer.write("错".encode()[:2]); sys.stdout.flush()
            sys.stdout.buffer.write("错".encode()[2:] + b" no newline"); sys.stdout.flush()
        """)
    )
    lines = run(tmp_path, "talk")
    assert sorted(lines) == sorted(["红色字", "to stderr", " 100%", "错 no newline"])
    assert (tmp_path / "a.log").read_text().splitlines() == lines


def test_long_lines_are_cut_for_the_reader_only(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(talk="print('x' * 5000)")
    assert run(tmp_path, "talk") == ["x" * 2000 + " ..."]
    assert (tmp_path / "a.log").read_text() == "x" * 5000 + "\n"


def test_a_program_has_its_tools_and_this_checkout_but_not_our_keys(
    fake_tool: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", "a-secret-of-ours")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:another-secret")
    monkeypatch.setenv("DROPPED", "1")
    fake_tool(
        show="import os; [print(k, os.environ.get(k)) for k in"
        " ('MINIO_ROOT_PASSWORD', 'PREFECT_API_AUTH_STRING', 'DROPPED', 'GIVEN', 'PYTHONPATH')]\n"
        "import shutil, sys; print(shutil.which('show') == sys.argv[0], sys.prefix)"
    )
    assert run(tmp_path, "show", env={"GIVEN": "yes"}, unset=("DROPPED",)) == [
        "MINIO_ROOT_PASSWORD None",
        "PREFECT_API_AUTH_STRING None",
        "DROPPED None",
        "GIVEN yes",
        f"PYTHONPATH {CHECKOUT}",
        f"True {tmp_path}/tools/fake",
    ]
    module = ("python", "-c", "import tasks.runtime; print(tasks.__path__)")
    assert run(tmp_path, *module) == [str([f"{CHECKOUT}/tasks"])]


def test_secrets_are_masked_in_the_log_and_in_the_error(
    fake_tool: Callable[..., None], tmp_path: Path
) -> None:
    fake_tool(leak="import os, sys; print('key:', os.environ['SERVER_API_KEY'], 'word'); sys.exit('word')")
    with pytest.raises(ProgramFailed) as failed:
        run(tmp_path, "leak", env={"SERVER_API_KEY": "sk-123456789"}, secrets=("word",))
    assert (tmp_path / "a.log").read_text() == "key: ****** ******\n******\n"
    assert "sk-1" not in str(failed.value) and "word" not in str(failed.value)


def test_a_failure_says_the_exit_code_and_the_last_lines(
    fake_tool: Callable[..., None], tmp_path: Path
) -> None:
    fake_tool(fail="[print('line', n) for n in range(100)]; raise SystemExit(3)")
    with pytest.raises(ProgramFailed, match=r"fail ended with exit code 3; end of a\.log:") as failed:
        run(tmp_path, "fail")
    assert str(failed.value).splitlines()[-1] == "line 99"
    assert len(str(failed.value).splitlines()) == 16


def test_a_program_killed_from_outside_says_so(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(die="import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ProgramFailed, match="die was ended by SIGKILL; the machine may be short of memory"):
        run(tmp_path, "die")


def test_a_missing_tool_or_program_is_named(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool()
    with pytest.raises(ProgramFailed, match="the fake environment has no program 'absent'"):
        run(tmp_path, "absent")
    with pytest.raises(ToolProblem, match="absent"):
        run_program(Program("absent", ("x",)), tmp_path, tmp_path / "a.log", print)


def test_time_is_up_for_the_whole_tree(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(sleeper=SLEEPER + "time.sleep(600)")
    program = Program("fake", ("sleeper",), hours=0, grace=1)
    with pytest.raises(ProgramFailed, match="sleeper was ended after 0 h, its time limit"):
        # Time is up at once, and looked at when all of it runs, however slow the machine.
        run_program(program, tmp_path, tmp_path / "a.log", print, every=lambda: pids(tmp_path))
    assert all(map(gone, pids(tmp_path).values()))


def test_daemons_end_with_their_program(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(
        sleeper=SLEEPER + "[time.sleep(0.05) for _ in iter(lambda: os.path.exists('daemon.pid'), True)]"
    )
    run(tmp_path, "sleeper")
    assert all(map(gone, pids(tmp_path).values()))


class Cancelled(BaseException):
    """Like Prefect's own: no `Exception`."""


def test_an_exception_in_our_thread_ends_the_tree(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(sleeper=SLEEPER + "time.sleep(600)")

    def every() -> None:
        pids(tmp_path)
        raise Cancelled

    with pytest.raises(Cancelled):
        run_program(Program("fake", ("sleeper",), grace=1), tmp_path, tmp_path / "a.log", print, every)
    assert all(map(gone, pids(tmp_path).values()))


DRIVER = """
import sys
from pathlib import Path
from tasks.runtime.programs import Program, run_program, start_program
from tests.fakes.tool import install_fake_tool
folder = Path(sys.argv[1])
install_fake_tool(folder, {})
program = Program("fake", ("sleeper",), grace=1)
if sys.argv[2] == "run":
    run_program(program, folder, folder / "a.log", print)
else:
    start_program(program, folder, folder / "a.log")
    import time; time.sleep(600)
"""


@pytest.mark.parametrize("how", ["run", "start"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_us(
    fake_tool: Callable[..., None], tmp_path: Path, how: str, number: signal.Signals
) -> None:
    fake_tool(sleeper=SLEEPER + "time.sleep(600)")
    command = [sys.executable, "-c", DRIVER, str(tmp_path), how]
    driver = subprocess.Popen(
        command, cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, start_new_session=True
    )
    started = pids(tmp_path)
    # The whole group, as a terminal or a service manager would.
    os.killpg(driver.pid, number)
    driver.wait()
    wait_for(lambda: all(map(gone, started.values())))


def test_a_log_that_cannot_be_written_ends_the_program(
    fake_tool: Callable[..., None], tmp_path: Path
) -> None:
    fake_tool(chatter="while True: print('x' * 1000)")
    driver = textwrap.dedent("""
        import resource, signal, sys
        from pathlib import Path
        from tasks.runtime.programs import Program, ProgramFailed, run_program
        from tests.fakes.tool import install_fake_tool
        folder = Path(sys.argv[1])
        install_fake_tool(folder, {})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            run_program(Program("fake", ("chatter",), grace=1), folder, folder / "a.log", lambda line: None)
        except ProgramFailed as failed:
            print(str(failed).splitlines()[0])
    """)
    done = subprocess.run(
        [sys.executable, "-c", driver, str(tmp_path)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "chatter was ended because its log could not be written (File too large); "
        "make room and run again; end of a.log:\n"
    )


def test_a_server_runs_until_it_is_stopped(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(sleeper=SLEEPER + "print('ready', flush=True); time.sleep(600)")
    ready = threading.Event()
    server = start_program(
        Program("fake", ("sleeper",), grace=1), tmp_path, tmp_path / "a.log", lambda line: ready.set()
    )
    assert ready.wait(PATIENCE)
    started = pids(tmp_path)
    assert server.alive()
    server.stop()
    assert not server.alive()
    assert all(map(gone, started.values()))


def test_a_server_that_died_says_why(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    fake_tool(server="raise SystemExit('port 80 is taken')")
    with start_program(Program("fake", ("server",)), tmp_path, tmp_path / "a.log") as server:
        wait_for(lambda: not server.alive())
    assert server.code == 1
    assert "port 80 is taken" in str(server.failure("ended before it was ready"))


def test_a_lock_stays_held_until_the_tree_is_gone(fake_tool: Callable[..., None], tmp_path: Path) -> None:
    """A run that follows a killed one must not share a folder with what is still dying there."""
    fake_tool(sleeper=SLEEPER + "time.sleep(600)")
    reader, writer = os.pipe()
    program = Program("fake", ("sleeper",), grace=1)
    running = Running(program, tmp_path, tmp_path / "a.log", print, held=(writer,))
    os.close(writer)
    started = pids(tmp_path)
    running.stop()
    # End of file: the guard, which held the only other copy, is gone, and it goes last.
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert all(map(gone, started.values()))


RAY = """
import pathlib, ray, sys, time
ray.init(num_cpus=1, include_dashboard=False, _temp_dir=sys.argv[1])
ray.get(ray.remote(lambda: 1).remote())
pathlib.Path("ready").touch()
time.sleep(600)
"""
RAY_DRIVER = """
import sys
from pathlib import Path
from tasks.runtime.programs import Program, run_program
folder = Path(sys.argv[1])
program = Program("verl", ("python", "-c", sys.argv[2], sys.argv[3]))
run_program(program, folder, folder / "a.log", print)
"""


@pytest.mark.verl
def test_a_ray_cluster_does_not_outlive_us(tool: Callable[[str], Tool], tmp_path: Path) -> None:
    tool("verl")

    def of_ray() -> list[list[str]]:
        found = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
        return [command for command in found if any(sockets in part for part in command[1:])]

    # The names of its sockets have to be short.
    with tempfile.TemporaryDirectory(prefix="ray") as sockets:
        driver = subprocess.Popen(
            [sys.executable, "-c", RAY_DRIVER, str(tmp_path), RAY, sockets],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        deadline = time.monotonic() + 240
        while not (tmp_path / "ready").exists():
            assert driver.poll() is None and time.monotonic() < deadline, "Ray did not start"
            time.sleep(0.1)
        assert any("raylet" in command[0] for command in of_ray())
        driver.kill()
        driver.wait()
        wait_for(lambda: not of_ray())
