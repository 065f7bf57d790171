"""A tool of two tiny packages, as wheels on disk: what `finloom tools` installs in tests, without the network."""

import base64
import hashlib
import zipfile
from pathlib import Path

TOOL = "demo"
LOCK = "demo-tool==1.0\ndemo-part==2.1\n    # via demo-tool\n"
RECIPE = "title: a tool of tests\ngib: {cpu: 0.001, gpu: 0.001}\n"


def write_wheelhouse(folder: Path) -> Path:
    """The wheels of both variants, and a later release of the part."""
    folder.mkdir(parents=True)
    for version in ("1.0", "1.1"):
        write_wheel(folder, "demo-tool", version, requires="demo-part>=2", script="demo")
    for version in ("2.1", "2.2"):
        write_wheel(folder, "demo-part", version)
    return folder


def write_requirements(folder: Path, lock: str = LOCK) -> Path:
    """A folder like infra/tools, with the tool `demo` in it."""
    tool = folder / TOOL
    tool.mkdir(parents=True, exist_ok=True)
    (tool / "tool.yaml").write_text(RECIPE)
    (tool / "cpu.in").write_text("# what it is for\ndemo-tool==1.0\n")
    (tool / "cpu.txt").write_text(lock)
    (tool / "gpu.in").write_text("demo-tool==1.1\n")
    (tool / "gpu.txt").write_text(lock.replace("1.0", "1.1"))
    return folder


def write_wheel(folder: Path, name: str, version: str, requires: str = "", script: str = "") -> Path:
    """A wheel of one module, which prints its version when it is called by its console script."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{module}.py": f"def main():\n    print({name!r}, {version!r})\n",
        f"{info}/METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if script:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{script} = {module}:main\n"
    record = [f"{path},{_checksum(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in files.items():
            wheel.writestr(inside, text)
    return path


def _checksum(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
