"""New documents to a corpus and an index in force, every night: `finloom run refresh-index --set input=FOLDER`."""

from typing import Literal

from prefect import flow
from pydantic import PositiveInt

from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from tasks.corpus.config import CleaningConfig, QualityConfig
from tasks.dedup.config import DedupConfig
from tasks.indexing.config import EmbeddingConfig, PassageConfig
from tasks.indexing.shadow import ShadowConfig
from tasks.retrieval.config import RecordsAs, SearchConfig, TokenConfig
from tasks.runtime.lease import only_one
from tasks.runtime.published import published
from tasks.succession.tasks import arrivals, corpus_in_force


@flow(name="refresh-index", persist_result=False)
def refresh_index(
    input: str = "sample",
    cleaning: CleaningConfig = CleaningConfig(),
    quality: QualityConfig = QualityConfig(),
    dedup: DedupConfig = DedupConfig(),
    passages: PassageConfig = PassageConfig(),
    tokens: TokenConfig = TokenConfig(),
    embedding: EmbeddingConfig = EmbeddingConfig(),
    embedder_name: str | None = None,
    device: Literal["cuda", "cpu"] = "cuda",
    processes: PositiveInt = 1,
    search: SearchConfig = SearchConfig(),
    records: RecordsAs = "table",
    shadow: ShadowConfig = ShadowConfig(),
    name: str = "main",
) -> ArtifactRef:
    """Add what arrived since the last time to the corpus in force, and put an index of it in force.

    Only new files are read. A document that comes again under its id replaces the one there; one whose new text is too
    short to be kept only takes it out. Passages that were there before are neither tokenized nor embedded again.
    Deployed as `reindex-nightly`. Of two runs at once, from a schedule, the UI or a shell, one goes on.

    Args:
        input: The folder, file or glob that new files arrive in, or `s3://bucket/prefix` of the object store; `sample`
            is the shipped sample corpus.
        cleaning: Which noise is removed from texts.
        quality: Which texts are good enough to keep.
        dedup: Which texts count as repeats, and which of them stays; as the corpus in force was made with.
        passages: How documents are cut.
        tokens: How texts become words.
        embedding: How texts become vectors without a model of our own.
        embedder_name: The published name of the model that makes the vectors instead, or the sha256 of one; with
            embedding.kind=file the one that made those and embeds the queries.
        device: What that model runs on.
        processes: How many embed by it at once, each on a GPU of its own, or on a core of the CPU.
        search: How passages are scored.
        records: Whether structured records are only looked up, by code, name and date, or also found by their words.
        shadow: How much less than the index in force the new one may find.
        name: The name under which the corpus and the index are put in force.
    """
    with only_one(f"refresh-index-{name}"), arrivals(input, name) as folder:
        if folder is None:
            return published("index", name)
        corpus = build_corpus(
            input=str(folder),
            cleaning=cleaning,
            quality=quality,
            dedup=dedup,
            name=name,
            earlier=corpus_in_force(name),
        )
        return build_index(
            corpus=corpus.sha256,
            passages=passages,
            tokens=tokens,
            embedding=embedding,
            embedder_name=embedder_name,
            device=device,
            processes=processes,
            search=search,
            records=records,
            shadow=shadow,
            name=name,
        )
