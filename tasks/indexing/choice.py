"""The choice of vectors and settings for a corpus, and when an earlier one is kept."""

from collections.abc import Sequence

from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Question
from tasks.indexing.config import KINDS, Choice, EmbeddingConfig, IndexConfig, TuningConfig, WithoutModel
from tasks.indexing.development import Row, Sample, as_indexed, draw, some_of, title_questions, without_titles
from tasks.indexing.tuning import SAFE_ALPHA, Trial, VectorLeg, tune
from tasks.retrieval.config import HashEmbedding, JoinedEmbedding, StaticEmbedding, Tuning
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.joined import join
from tasks.retrieval.manifest import Manifest
from tasks.retrieval.tokens import NO_LISTS, Tokenizer, shared_tokenizer
from tasks.retrieval.word_lists import WordLists
from tasks.retrieval.words import WordEmbedder, WordSum, WordTable

FEWEST = 10
"""Fewer development queries than this say nothing."""


def choose(
    rows: Sequence[Row],
    given: Sequence[Question] | None,
    table: WordTable | None,
    embedding: EmbeddingConfig,
    config: IndexConfig,
    tuning: TuningConfig,
    lists: WordLists = NO_LISTS,
) -> Choice:
    """What finds the most on the development queries; without any, the first kind at an alpha that fails last.

    Args:
        rows: all passages of the corpus with their tokens.
        given: development queries; None takes titles.
        table: the vectors of words; None where only `hash` is tried.
        embedding: which kinds are tried, and what they are like.
        config: how texts are cut into words, and the settings to start from.
        tuning: what may be changed.
        lists: the words that `config.tokens` names.
    """
    asked = title_questions(rows, tuning) if given is None else some_of(given, tuning)
    kinds = embedding.kinds(len(rows))
    search, kind = config.search, kinds[0]
    figures: dict[str, float] = {}
    enough = len(asked) >= FEWEST
    if enough:
        tokenizer = shared_tokenizer(config.tokens, lists)
        some = draw(rows, {name for question in asked for name in question.gold}, tuning)
        sample = as_indexed(some) if given is not None else without_titles(some, tokenizer)
        boosted = frozenset(tokenizer.boosted()) if search.term_boost != 1 else frozenset()
        trial = Trial(sample, asked, search, tokenizer, boosted)
        legs = vector_legs(sample, asked, table, embedding, tokenizer)
        chosen, search, figures = tune(trial, {name: legs[name] for name in kinds}, search, tuning)
        kind = next(name for name in kinds if name == chosen)
    elif "alpha" in tuning.settings:
        search = search.model_copy(update={"alpha": SAFE_ALPHA})
    record = Tuning(
        asked=("titles" if given is None else "given") if enough else "nothing",
        queries=len(asked) if enough else 0,
        passages=len(rows),
        settings=tuning.settings,
        rr10=figures,
    )
    return Choice(kind=kind, search=search, tuning=record)


def vector_legs(
    sample: Sample,
    asked: Sequence[Question],
    table: WordTable | None,
    embedding: EmbeddingConfig,
    tokenizer: Tokenizer,
) -> dict[str, VectorLeg]:
    """The vectors of the sample and of the queries, by kind; those of words only where there is a table."""
    queries = [question.query for question in asked]
    hashing = HashEmbedder(embedding.hash.dimensions)
    characters = VectorLeg(hashing.embed(sample.texts), hashing.embed(queries))
    if table is None:
        return {"hash": characters}
    words = VectorLeg(
        WordSum(table).embed_tokens(sample.tokens),
        WordEmbedder(table, tokenizer).embed(queries),
    )
    weight = embedding.words_weight
    joined = VectorLeg(
        join(words.passages, characters.passages, weight), join(words.queries, characters.queries, weight)
    )
    return {"hash": characters, "static": words, "joined": joined}


def kept(
    before: Manifest | None,
    passages: int,
    asked: ArtifactRef | None,
    embedding: EmbeddingConfig,
    config: IndexConfig,
    tuning: TuningConfig,
) -> Choice | None:
    """What the index in force was tuned to, if that still holds for a corpus of so many passages.

    It does not when something else is asked for or by, or when the corpus has grown or shrunk by more than
    `retune_share`.
    """
    if before is None or before.tuning is None or before.tokens != config.tokens:
        return None
    tuned, kind = before.tuning, before.embedding.kind
    if kind not in KINDS or embedding.kind not in ("auto", kind):
        return None
    free: dict[str, float] = dict.fromkeys(tuning.settings, 0.0)
    same = before.search.model_copy(update=free) == config.search.model_copy(update=free)
    alike = tuned.settings == tuning.settings and tuned.questions_sha256 == (asked.sha256 if asked else None)
    if not same or not alike or abs(passages - tuned.passages) > tuning.retune_share * tuned.passages:
        return None
    return Choice(kind=kind, search=before.search, tuning=tuned)


def embedding_of(
    kind: WithoutModel, table: ArtifactRef | None, embedding: EmbeddingConfig
) -> HashEmbedding | StaticEmbedding | JoinedEmbedding:
    """How an index with vectors of that kind describes itself; `table` is that of its words, where it has one."""
    if kind == "hash":
        return embedding.hash
    assert table is not None, "words were distilled for this kind"
    words = StaticEmbedding(words_sha256=table.sha256, dimensions=embedding.words.dimensions)
    if kind == "static":
        return words
    return JoinedEmbedding(words=words, characters=embedding.hash, words_weight=embedding.words_weight)
