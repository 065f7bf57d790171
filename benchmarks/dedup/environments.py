"""The environments of the tools that are compared: made by uv under `.finloom/bench` on first use."""

import shutil
import subprocess
import sys
from pathlib import Path

from blocks.home import home
from infra.uv import UvProblem, find_uv, run_uv, uv_environment

DATATROVE_NEEDS = ("regex", "tokenizers", "xxhash<4", "orjson")
"""What its MinHash imports without saying so."""

PACKAGES = {
    "others": ("3.11", ("rensa==0.5.0", "datatrove==0.10.1", "datasketch==2.0.0", *DATATROVE_NEEDS)),
    "text-dedup": ("3.12", ("text-dedup==0.4.1",)),
}
"""For each environment its Python and what is installed."""


def python_of(environment: str) -> Path:
    """The interpreter of an environment, ours for `finloom`; it is made where it is missing.

    Raises:
        UvProblem: it cannot be made, for want of its Python or of the registry; the message says which.
    """
    if environment == "finloom":
        return Path(sys.executable)
    version, packages = PACKAGES[environment]
    folder = home() / "bench" / environment
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        _make(folder, version, packages)
        ready.touch()
    return python


def _make(folder: Path, version: str, packages: tuple[str, ...]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    variables, python = uv_environment(find_links=True), folder / "bin" / "python"
    finding = [str(find_uv()), "python", "find", version]
    found = subprocess.run(finding, env=variables, capture_output=True, text=True, check=False)
    if found.returncode:
        raise UvProblem(f"Python {version} is not on this machine; put it on PATH to include {packages[0]}")
    for arguments in (
        ["venv", "--quiet", "--python", found.stdout.strip(), str(folder)],
        ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *packages],
    ):
        run_uv(arguments, variables, lambda line: None, lambda: None)
