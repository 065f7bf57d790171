"""The commands of both engines: the key never in them, the issue's settings on a GPU, nothing of a GPU on the CPU."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.release.config import Engine, ServingConfig
from tasks.release.endpoint import Endpoint
from tasks.release.servers import read_or_make_key, served, server_program
from tasks.runtime.programs import ProgramFailed
from tasks.runtime.tools import Tool

ENDPOINT = Endpoint(8800, "finloom", "geheim-geheim-geheim")


def words(engine: Engine, serving: ServingConfig) -> str:
    return " ".join(server_program(engine, Path("/models/m"), ENDPOINT, serving).argv)


@pytest.mark.parametrize("engine", ["llama", "vllm"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_key_goes_through_the_environment(engine: Engine, device: str) -> None:
    program = server_program(engine, Path("m"), ENDPOINT, ServingConfig.model_validate({"device": device}))
    assert ENDPOINT.key not in " ".join(program.argv)
    assert ENDPOINT.key in program.env.values()
    assert program.secrets == (ENDPOINT.key,)
    assert "127.0.0.1" in program.argv


def test_vllm_on_gpus() -> None:
    command = words("vllm", ServingConfig(tensor_parallel=2))
    assert "--tensor-parallel-size 2 --gpu-memory-utilization 0.7" in command
    assert "--max-model-len 4096 --max-num-seqs 16" in command
    assert "float32" not in command


def test_vllm_on_the_cpu() -> None:
    program = server_program("vllm", Path("m"), ENDPOINT, ServingConfig(device="cpu", threads=1))
    assert program.argv[-3:] == ("--dtype", "float32", "--enforce-eager")
    assert program.env["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert program.env["OMP_NUM_THREADS"] == "1"


def test_llama_server_on_gpus() -> None:
    assert "--reasoning-format none" in words("llama", ServingConfig())
    assert "--gpu-layers all --tensor-split 3,1" in words("llama", ServingConfig(tensor_split=(3, 1)))
    assert "--tensor-split" not in words("llama", ServingConfig())


def test_llama_server_on_the_cpu() -> None:
    command = words("llama", ServingConfig(device="cpu", context=512, slots=4, threads=2))
    assert "--ctx-size 2048 --parallel 4" in command
    assert command.endswith("--threads 2")
    assert "llama-server-vulkan" not in command


@pytest.mark.gguf
def test_a_server_that_cannot_start_says_why(tool: Callable[[str], Tool], tmp_path: Path) -> None:
    tool("gguf")
    broken = tmp_path / "model.gguf"
    broken.write_bytes(b"GGUF of no value")
    serving = ServingConfig(device="cpu", context=128, slots=1)
    with (
        pytest.raises(ProgramFailed, match=r"is not ready: .* ended before it was ready") as error,
        served("llama", broken, serving, tmp_path),
    ):
        pass
    assert "model.gguf" in str(error.value).partition("end of")[2]


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    key = read_or_make_key(path)
    assert len(key) > 30
    assert read_or_make_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key"]
