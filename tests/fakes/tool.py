"""A tool environment of the standard library alone, with console scripts written for a test."""

import os
import venv
from collections.abc import Mapping
from pathlib import Path

from tasks.runtime import tools

NAME = "fake"


def install_fake_tool(root: Path, scripts: Mapping[str, str]) -> None:
    """Make the environment `fake` under `root`, with a lock file that pins nothing, and let it be found.

    To be called by a process that may forget all other tools. Scripts are Python source by name.
    """
    tools.REQUIREMENTS = root / "requirements"
    os.environ["FINLOOM_TOOLS"] = str(root / "tools")
    lock = tools.REQUIREMENTS / NAME / "cpu.txt"
    folder = tools.tools_folder() / NAME
    if not folder.exists():
        lock.parent.mkdir(parents=True)
        lock.write_text("# nothing\n")
        venv.create(folder, symlinks=True, with_pip=False)
        marker = tools.Marker(variant="cpu", lock=tools.digest(lock))
        (folder / tools.MARKER).write_text(marker.model_dump_json())
    for name, source in scripts.items():
        script = folder / "bin" / name
        script.write_text(f"#!{folder}/bin/python\n{source}")
        script.chmod(0o755)
