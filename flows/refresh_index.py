"""New documents to a corpus and an index in force, every night: `finloom run refresh-index --set input=FOLDER`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from tasks.runtime.lease import only_one
from tasks.runtime.published import published
from tasks.succession.tasks import arrivals, corpus_in_force


@flow(name="refresh-index", persist_result=False)
def refresh_index(input: str = "sample", name: str = "main") -> ArtifactRef:
    """Add what arrived since the last time to the corpus in force, and put an index of it in force.

    Only new files are read. A document that comes again under its id replaces the one there; one whose new text is too
    short to be kept only takes it out. Passages that were there before are neither tokenized nor embedded again.
    Deployed as `reindex-nightly`. Of two runs at once, from a schedule, the UI or a shell, one goes on.

    Args:
        input: The folder, file or glob that new files arrive in, or `s3://bucket/prefix` of the object store; `sample`
            is the shipped sample corpus.
        name: The name under which the corpus and the index are put in force.
    """
    with only_one(f"refresh-index-{name}"), arrivals(input, name) as folder:
        if folder is None:
            return published("index", name)
        corpus = build_corpus(input=str(folder), name=name, earlier=corpus_in_force(name))
        return build_index(corpus=corpus.sha256, name=name)
