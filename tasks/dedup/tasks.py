"""The tasks of the dedup stage."""

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.dedup.config import DedupConfig
from tasks.dedup.exact import exact_copies
from tasks.dedup.rank import Candidate
from tasks.runtime.keys import Identity
from tasks.runtime.parts import encode_rows
from tasks.runtime.rows import rows_of
from tasks.runtime.steps import Made, step

VERSION = "2026.11.21"


@step(Identity("find-duplicates", VERSION))
def find_duplicates(cleaned: ArtifactRef, config: DedupConfig) -> Made:
    """Decide which texts of a cleaned corpus repeat a better-ranked one."""
    store = load_store()
    verdicts = exact_copies(rows_of(store, cleaned, "candidates", Candidate), config)
    part = encode_rows(verdicts)
    entry = store.add_file(f"verdicts/00000.{part.suffix}", part.data, part.rows)
    return Made(store.publish("dedup/verdicts", [entry]), {"duplicate_exact": len(verdicts)})
