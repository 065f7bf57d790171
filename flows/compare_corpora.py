"""Two corpora side by side, joined by id: `finloom run compare-corpora --set old=main~1 --set new=main`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.comparison.tasks import compare_documents, export_comparison, present_comparison
from tasks.runtime.published import published


@flow(name="compare-corpora", persist_result=False)
def compare_corpora(old: str, new: str = "main", export: str | None = None) -> ArtifactRef:
    """Find what was deleted, added and changed between two corpora, and the likely cause of every change.

    Args:
        old: The published name of the old corpus, the sha256 of one, or `main~1`: what was in force before `main`.
        new: The new corpus, named in the same ways.
        export: A folder on the machine that runs the flow; the results are also written there as plain files.
    """
    comparison = compare_documents(published("corpus", old), published("corpus", new))
    present_comparison(comparison)
    if export:
        export_comparison(comparison, export)
    return comparison
