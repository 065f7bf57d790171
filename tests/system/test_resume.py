"""Killed hard at any moment, the same command again: the same checksums, and finished work is not done twice."""

import hashlib
import os
import random
import signal
import time
from pathlib import Path

import orjson
import psutil
import pytest

from tests.system.conftest import System

pytestmark = pytest.mark.stack

EXPORTED = ("corpus.jsonl", "decisions.jsonl", "summary.json", "report.html")
SUBJECTS = ("光伏组件", "动力电池", "碳配额", "城商行", "可转债", "煤炭", "港口", "半导体")


def write_documents(path: Path, count: int, seed: int) -> None:
    """Documents long enough for the flow to take a while, all different."""
    rng = random.Random(seed)
    with path.open("wb") as out:
        for number in range(count):
            sentences = [
                f"{rng.choice(SUBJECTS)}业务第{rng.randint(1, 9999)}号项目"
                f"实现营业收入{rng.randint(10, 9999) / 10}亿元，"
                f"同比增长{rng.randint(1, 900) / 10}%，公司拟每10股派发现金红利{rng.randint(1, 99) / 10}元。"
                for _ in range(12)
            ]
            row = {
                "id": f"d{number}",
                "title": f"第{number}号公告",
                "text": "".join(sentences),
                "source": "交易所",
            }
            out.write(orjson.dumps(row) + b"\n")


def checksums(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in EXPORTED}


def kill_tree(pid: int) -> None:
    """As a power cut would: the process, its children and its group, at once."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    os.killpg(pid, signal.SIGKILL)
    for process in family:
        if process.is_running():
            process.kill()
    psutil.wait_procs(family, timeout=30)


def test_killed_three_times_it_ends_with_the_same_bytes(system: System, tmp_path: Path) -> None:
    source, rng = tmp_path / "documents.jsonl", random.Random(20261121)
    write_documents(source, 1200, seed=1)
    settings = ("--set", f"input={source}", "--set", "name=resumed", "--set", "reading.rows_per_shard=100")
    killed = 0
    for _ in range(3):
        process = system.start("run", "build-corpus", *settings, "--export", str(tmp_path / "resumed"))
        time.sleep(rng.uniform(6, 14))
        if process.poll() is None:
            kill_tree(process.pid)
            killed += 1
        process.wait()
    assert killed
    resumed = system.json("run", "build-corpus", *settings, "--export", str(tmp_path / "resumed"))

    fresh = System(system.home, system.environment | {"FINLOOM_REFRESH": "all", "FINLOOM_WORKERS": "1"})
    undisturbed = fresh.json("run", "build-corpus", *settings, "--export", str(tmp_path / "fresh"))
    assert resumed == undisturbed
    assert checksums(tmp_path / "resumed") == checksums(tmp_path / "fresh")


def test_after_a_kill_finished_steps_are_cached(system: System, tmp_path: Path) -> None:
    source = tmp_path / "documents.jsonl"
    write_documents(source, 300, seed=2)
    settings = ("--set", f"input={source}", "--set", "name=cached")
    system.finloom("run", "build-corpus", *settings)
    again = system.finloom("run", "build-corpus", *settings).stderr
    cached = [line.split("'")[1].rsplit("-", 1)[0] for line in again.splitlines() if "Cached" in line]
    assert cached == ["read-rows", "clean-documents", "find-duplicates", "assemble-corpus", "report-corpus"]


def test_any_number_of_workers_makes_the_same_bytes(system: System, tmp_path: Path) -> None:
    source = tmp_path / "documents.jsonl"
    write_documents(source, 300, seed=4)
    made = set()
    for workers in ("0", "3"):
        crowd = System(
            system.home, system.environment | {"FINLOOM_WORKERS": workers, "FINLOOM_REFRESH": "all"}
        )
        shards = ("--set", "reading.rows_per_shard=50", "--set", f"name=w{workers}")
        corpus = crowd.json("run", "build-corpus", "--set", f"input={source}", *shards)["sha256"]
        index = crowd.json("run", "build-index", "--set", f"corpus={corpus}", "--set", f"name=w{workers}")[
            "sha256"
        ]
        made.add((corpus, index))
    assert len(made) == 1
