"""A flow that a GPU pool's worker runs in tests: it says where it ran, or fails in the way it is asked to."""

import os
import signal
from pathlib import Path

from prefect import flow

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.runtime.programs import Program, run_program
from tasks.runtime.routing import hand_back
from tests.fakes.process_tree import SLEEPER
from tests.fakes.tool import install_fake_tool


@flow(name="gpu-flow", persist_result=False)
def gpu_flow(data: ArtifactRef, behaviour: str = "good") -> ArtifactRef:
    """Publish the process that runs it; `behaviour` is good, fail, forget, die or train."""
    if behaviour == "fail":
        raise RuntimeError("the loss is not a number")
    if behaviour == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "train":
        folder = Path(os.environ["FINLOOM_HOME"])
        install_fake_tool(folder, {"sleeper": SLEEPER + "time.sleep(600)"})
        run_program(Program("fake", ("sleeper",), grace=1), folder, folder / "a.log", print)
    store = load_store()
    files = [*store.tree(data).files, store.add_file("pid", str(os.getpid()).encode())]
    ref = store.publish("gpu", files)
    return ref if behaviour == "forget" else hand_back(ref)
