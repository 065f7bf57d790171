"""A corpus to a search index in force: `finloom run build-index`."""

from typing import Literal

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.embedding.tasks import embed_by_model, model_embedding
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.indexing.tasks import (
    assemble_index,
    embed_passages,
    publish_index,
    split_passages,
    tokenise_passages,
)
from tasks.retrieval.config import EmbedConfig, SearchConfig, TokenConfig
from tasks.runtime.published import published


@flow(name="build-index", persist_result=False)
def build_index(
    corpus: str = "main",
    passages: PassageConfig = PassageConfig(),
    tokens: TokenConfig = TokenConfig(),
    embedding: EmbedConfig = EmbedConfig(),
    embedder_name: str | None = None,
    device: Literal["cuda", "cpu"] = "cuda",
    search: SearchConfig = SearchConfig(),
    name: str = "main",
) -> ArtifactRef:
    """Cut a corpus into passages, tokenise and embed them, and put the index in force when its canaries pass.

    Args:
        corpus: The published name of the corpus, or the sha256 of one.
        passages: How documents are cut.
        tokens: How texts become words.
        embedding: How texts become vectors without a model.
        embedder_name: The published name of the model that makes the vectors instead, or the sha256 of one.
        device: What that model runs on.
        search: How passages are scored.
        name: The name under which the index is put in force.
    """
    source = published("corpus", corpus)
    cut = split_passages(source, passages)
    words = tokenise_passages(cut, tokens)
    if embedder_name is None:
        config = IndexConfig(passages=passages, tokens=tokens, embedding=embedding, search=search)
        vectors = embed_passages(cut, embedding)
    else:
        model = published("embedder", embedder_name)
        how = model_embedding(model)
        config = IndexConfig(passages=passages, tokens=tokens, embedding=how, search=search)
        vectors = embed_by_model(cut, model, how, device)
    index = assemble_index(source, cut, words, vectors, config)
    publish_index(index, name)
    return index
