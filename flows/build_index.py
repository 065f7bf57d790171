"""A corpus to a search index in force: `finloom run build-index`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.corpus.tasks import published_corpus
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.indexing.tasks import (
    assemble_index,
    embed_passages,
    publish_index,
    split_passages,
    tokenise_passages,
)
from tasks.retrieval.config import EmbedConfig, SearchConfig, TokenConfig


@flow(name="build-index", persist_result=False)
def build_index(
    corpus: str = "main",
    passages: PassageConfig = PassageConfig(),
    tokens: TokenConfig = TokenConfig(),
    embedding: EmbedConfig = EmbedConfig(),
    search: SearchConfig = SearchConfig(),
    name: str = "main",
) -> ArtifactRef:
    """Cut a corpus into passages, tokenise and embed them, and put the index in force when its canaries pass.

    Args:
        corpus: The published name of the corpus, or the sha256 of one.
        passages: How documents are cut.
        tokens: How texts become words.
        embedding: How texts become vectors.
        search: How passages are scored.
        name: The name under which the index is put in force.
    """
    source = published_corpus(corpus)
    cut = split_passages(source, passages)
    words = tokenise_passages(cut, tokens)
    vectors = embed_passages(cut, embedding)
    config = IndexConfig(passages=passages, tokens=tokens, embedding=embedding, search=search)
    index = assemble_index(source, cut, words, vectors, config)
    publish_index(index, name)
    return index
