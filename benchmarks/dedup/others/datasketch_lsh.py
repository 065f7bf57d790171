"""MinHash LSH of datasketch with 40 bands of 3; with `verified` each pair measured by its sets before it counts."""

from candidates import name_pairs
from datasketch import MinHash, MinHashLSH

index = MinHashLSH(num_perm=120, params=(40, 3))


def candidates(row: int, grams: set[str]) -> list[int]:
    """The documents so far that share a band with this one."""
    signature = MinHash(num_perm=120, seed=1)
    signature.update_batch([gram.encode() for gram in grams])
    found: list[int] = index.query(signature)
    index.insert(row, signature, check_duplication=False)
    return found


name_pairs(candidates)
