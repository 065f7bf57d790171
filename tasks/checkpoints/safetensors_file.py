"""Whether a safetensors file is whole, told from its header and its length alone; nothing is loaded.

The format: eight bytes with the header's length (little endian), the header (JSON: tensor name to dtype, shape and
`data_offsets`), then the data without gaps. https://huggingface.co/docs/safetensors
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

LONGEST_HEADER = 100 << 20
METADATA = "__metadata__"


class DamagedFile(ValueError):
    """A file is cut short, or is not what its name says."""


def check_safetensors(path: Path) -> frozenset[str]:
    """The names of the tensors of a whole file.

    Raises:
        DamagedFile: the file is missing, truncated, too long, or has no valid header.
    """
    if not path.is_file():
        raise DamagedFile(f"{path.name} is missing, wanted a safetensors file; download or make it again")
    with path.open("rb") as file:
        offsets, data_start = _header(path, file)
    spans = sorted(offsets.values())
    if spans and (spans[0][0] != 0 or any(before[1] != after[0] for before, after in pairwise(spans))):
        raise DamagedFile(f"{path.name} has gaps between its tensors, wanted none; download or make it again")
    wanted = data_start + (spans[-1][1] if spans else 0)
    found = path.stat().st_size
    if found != wanted:
        raise DamagedFile(
            f"{path.name} has {found} bytes, its header promises {wanted}; download or make it again"
        )
    return frozenset(offsets)


def _header(path: Path, file: BinaryIO) -> tuple[dict[str, tuple[int, int]], int]:
    """Where each tensor begins and ends in the data, and where the data begin in the file."""
    length = int.from_bytes(file.read(8), "little")
    text = file.read(length) if 2 <= length <= LONGEST_HEADER else b""
    try:
        header = json.loads(text)
        offsets = {
            str(name): (int(about["data_offsets"][0]), int(about["data_offsets"][1]))
            for name, about in header.items()
            if name != METADATA
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DamagedFile(
            f"{path.name} has no safetensors header, it is cut short or something else; download or make it again"
        ) from error
    return offsets, 8 + length
