"""An embedder fine-tuned on a corpus, measured before and after: `finloom run train-embedder`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.checkpoints.config import BaseConfig
from tasks.checkpoints.tasks import base_model
from tasks.embedding.config import EmbedderConfig
from tasks.embedding.tasks import (
    embed_by_model,
    make_pairs,
    merge_embedder,
    model_embedding,
    publish_embedder,
    train_adapter,
)
from tasks.evaluation.config import RetrievalEvalConfig
from tasks.evaluation.tasks import ask_known_items, compare_retrieval, evaluate_retrieval, stored_questions
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.indexing.tasks import assemble_index, publish_index, split_passages, tokenise_passages
from tasks.retrieval.config import SearchConfig, TokenConfig
from tasks.retrieval.tasks import with_stored_words
from tasks.runtime.published import published
from tasks.runtime.routing import hand_back


@flow(name="train-embedder", persist_result=False)
def train_embedder(
    corpus: str = "main",
    embedder_base: BaseConfig = BaseConfig(name="Qwen3-Embedding-0.6B"),
    embedder: EmbedderConfig = EmbedderConfig(),
    questions: str | None = None,
    evaluation: RetrievalEvalConfig = RetrievalEvalConfig(),
    passages: PassageConfig = PassageConfig(),
    tokens: TokenConfig = TokenConfig(),
    search: SearchConfig = SearchConfig(),
    name: str = "main",
) -> ArtifactRef:
    """Fine-tune a model on a corpus, index the corpus with it as NAME-tuned, and compare with the untuned model.

    Args:
        corpus: The published name of the corpus, or the sha256 of one.
        embedder_base: The model to start from.
        embedder: How it is fine-tuned.
        questions: Held-out questions: a file (JSON lines of query and gold ids), or the sha256 of stored ones; without
            them, titles ask for their own documents.
        evaluation: How many titles are held out where there are no questions.
        passages: How documents are cut.
        tokens: How texts become words.
        search: How passages are scored.
        name: The name of the embedder, which is put in force if dense search is not worse for it.
    """
    source = published("corpus", corpus)
    tokens = with_stored_words(tokens)
    start = base_model(embedder_base)
    asked = stored_questions(questions) if questions else ask_known_items(source, evaluation)
    cut = split_passages(source, passages)
    words = tokenise_passages(cut, tokens)
    pairs = make_pairs(cut, asked, embedder.pairs, embedder.encode)
    training = train_adapter(start, pairs, embedder)
    tuned = merge_embedder(start, training, pairs, embedder)
    indexes = []
    for model in (start, tuned):
        embedding = model_embedding(model, embedder.encode)
        vectors = embed_by_model(cut, model, embedding, embedder.device, embedder.devices)
        config = IndexConfig(passages=passages, tokens=tokens, embedding=embedding, search=search)
        indexes.append(assemble_index(source, cut, words, vectors, config))
    before, after = indexes
    compared = compare_retrieval(evaluate_retrieval(before, asked), evaluate_retrieval(after, asked))
    publish_index(after, f"{name}-tuned")
    return hand_back(publish_embedder(start, training, tuned, before, after, compared, name))
