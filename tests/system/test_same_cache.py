"""A worker, the command line and a user's own program find one another's finished steps."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.conftest import FINLOOM, PATIENCE, ROOT, System
from tests.system.prefect_api import PrefectApi
from tests.system.test_resume import write_documents

pytestmark = pytest.mark.stack

CACHED = ("read-rows", "clean-documents", "find-duplicates", "assemble-corpus", "report-corpus")
IN_A_SHELL = 'eval "$("$0" env)" && exec "$1" -c "$2" "$3"'
PROGRAM = """
import sys
from flows.build_corpus import build_corpus
print(build_corpus(input=sys.argv[1], name="shared").sha256)
"""


def test_a_worker_a_shell_and_a_program_share_one_cache(
    system: System, prefect: PrefectApi, tmp_path: Path
) -> None:
    source = tmp_path / "documents.jsonl"
    write_documents(source, 60, seed=4)
    worker = prefect.start("build-corpus", {"input": str(source), "name": "shared"})
    assert prefect.end(worker) == "Completed"
    shell = system.json("run", "build-corpus", "--set", f"input={source}", "--set", "name=shared")
    program = subprocess.run(
        ["bash", "-c", IN_A_SHELL, FINLOOM, sys.executable, PROGRAM, source],
        env=system.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert program.returncode == 0, program.stderr
    assert program.stdout.split()[-1] == shell["sha256"]

    runs = prefect.runs_over(str(source))
    assert len(runs) == 3
    assert runs[0].id == worker
    for run, state in zip(runs, ("Completed", "Cached", "Cached"), strict=True):
        steps = prefect.steps(run.id, last="publish-corpus")
        assert {step: steps[step] for step in CACHED} == dict.fromkeys(CACHED, state)
