"""A corpus and its index to the related documents of every text: `finloom run find-contexts --set export=FOLDER`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.contexts.config import ContextConfig
from tasks.contexts.tasks import export_contexts, relate_documents
from tasks.runtime.published import published


@flow(name="find-contexts", persist_result=False)
def find_contexts(
    corpus: str = "main",
    index: str = "main",
    contexts: ContextConfig = ContextConfig(),
    export: str | None = None,
) -> ArtifactRef:
    """Find for each text what else the corpus says about it: data to evaluate and train answers from contexts.

    Args:
        corpus: The published name of the corpus, or the sha256 of one.
        index: The published name of the index that is searched, or the sha256 of one.
        contexts: Which documents count as related, and when two of them say the same.
        export: A folder on the machine that runs the flow; the results are also written there as plain files.
    """
    related = relate_documents(published("corpus", corpus), published("index", index), contexts)
    if export:
        export_contexts(related, export)
    return related
