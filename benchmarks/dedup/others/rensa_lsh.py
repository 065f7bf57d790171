"""R-MinHash LSH of rensa with 40 bands of 3; with `verified` each pair measured by its sets before it counts."""

from candidates import name_pairs
from rensa import RMinHash, RMinHashLSH

index = RMinHashLSH(threshold=0.4, num_perm=120, num_bands=40)


def candidates(row: int, grams: set[str]) -> list[int]:
    """The documents so far that share a band with this one."""
    signature = RMinHash(num_perm=120, seed=1)
    signature.update(list(grams))
    found: list[int] = index.query(signature)
    index.insert(row, signature)
    return found


name_pairs(candidates)
