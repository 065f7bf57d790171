"""The tasks of the dedup stage."""

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.dedup.config import DedupConfig
from tasks.dedup.exact import exact_copies
from tasks.dedup.rank import Candidate
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_as, encode_rows
from tasks.runtime.steps import Made, step

VERSION = "2026.11.21"


@step(Identity("find-duplicates", VERSION))
def find_duplicates(cleaned: ArtifactRef, config: DedupConfig) -> Made:
    """Decide which texts of a cleaned corpus repeat a better-ranked one."""
    store = load_store()
    shards = store.blobs(store.tree(cleaned).part("candidates"))
    verdicts = exact_copies(
        (candidate for data in shards for candidate in decode_as(data, Candidate)), config
    )
    part = encode_rows(verdicts)
    entry = store.add_file(f"verdicts/00000.{part.suffix}", part.data, part.rows)
    return Made(store.publish("dedup/verdicts", [entry]), {"duplicate_exact": len(verdicts)})
