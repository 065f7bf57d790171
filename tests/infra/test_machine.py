"""What a machine says of itself, with a driver's program that answers as the real one does, or fails as it does."""

from pathlib import Path

import pytest

from infra import machine

TABLE = """\
0, GPU-11111111-aaaa, NVIDIA H100 80GB HBM3, 81559, 80995
1, GPU-22222222-bbbb, NVIDIA H100 80GB HBM3, 81559, 12
"""


def nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def table(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = TABLE) -> None:
    (folder / "table").write_text(text)
    nvidia_smi(folder, monkeypatch, f"cat {folder / 'table'}")


def test_gpus_come_with_their_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    table(tmp_path, monkeypatch)
    first, second = machine.gpus()
    assert str(first) == "GPU 0: NVIDIA H100 80GB HBM3, 80 GiB, 79 GiB free"
    assert (second.index, second.free) == ("1", 12 << 20)


@pytest.mark.parametrize(
    ("named", "seen"), [("1", ["1"]), ("GPU-1111", ["0"]), ("", []), ("1,0", ["0", "1"])]
)
def test_only_gpus_that_programs_may_use_count(
    named: str, seen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    table(tmp_path, monkeypatch)
    assert [gpu.index for gpu in machine.gpus()] == seen


def test_a_card_that_shares_the_main_memory_counts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    table(tmp_path, monkeypatch, "0, GPU-1, NVIDIA GB10, [N/A], [N/A]\n")
    assert machine.gpus()[0].memory > 0


def test_no_gpu_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia_smi(tmp_path, monkeypatch, "echo 'could not communicate with the NVIDIA driver'; exit 9")
    said = list(machine.lines())
    assert said[0] == "no GPU: nvidia-smi is not here or shows none"
    assert any(line.startswith("memory: ") for line in said) and any("free at" in line for line in said)


def test_tools_that_are_not_installed_name_their_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path))
    assert any("run `finloom tools install verl`" in line for line in machine.lines())
