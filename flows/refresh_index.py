"""New documents to a corpus and an index in force, every night: `finloom run refresh-index --set input=FOLDER`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from tasks.runtime.lease import only_one


@flow(name="refresh-index", persist_result=False)
def refresh_index(input: str = "sample", name: str = "main") -> ArtifactRef:
    """Rebuild the corpus and the index from a folder that grows; only shards that changed cost work.

    Deployed as `reindex-nightly`. Of two runs at once, from a schedule, the UI or a shell, one goes on.

    Args:
        input: The folder, file or glob that new documents are added to; `sample` is the shipped sample corpus.
        name: The name under which the corpus and the index are put in force.
    """
    with only_one(f"refresh-index-{name}"):
        corpus = build_corpus(input=input, name=name)
        return build_index(corpus=corpus.sha256, name=name)
