"""The tasks around search that several stages share: lists of words that a user gives, and the index in force."""

from pathlib import Path

from prefect.logging import get_run_logger
from pydantic import ValidationError

from blocks.history import current
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, CorruptObject
from datasets_registry.artifact import ArtifactRef, FileEntry, UnsupportedFormat
from tasks.retrieval.config import JoinedEmbedding, StaticEmbedding, TokenConfig
from tasks.retrieval.manifest import MANIFEST, Manifest
from tasks.retrieval.record_text import record_tokens_shard
from tasks.retrieval.word_lists import (
    STOP_WORDS,
    USER_WORDS,
    BadWords,
    WordLists,
    encode_words,
    list_names,
    read_words,
    word_lists,
)
from tasks.runtime.keys import Identity
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.published import stored
from tasks.runtime.shards import map_shards
from tasks.runtime.steps import Made, step

VERSION = "2026.11.22"

RECORD_WORDS = Identity("tokenise-records", VERSION, ("jieba", "rjieba"))

KIND = "search/words"
FILE = "words.txt"


@step(Identity("ingest-words", VERSION), cached=False)
def ingest_words(path: str) -> Made:
    """Store a list of words, one a line."""
    store = load_store()
    words = read_words(Path(path))
    entry = store.add_file(FILE, encode_words(words), len(words))
    return Made(store.publish(KIND, [entry]), {"words": len(words)})


@step(RECORD_WORDS)
def tokenise_records(corpus: ArtifactRef, config: TokenConfig) -> Made:
    """The words of every structured record of a corpus; shards that were cut before, in any run, are not cut again."""
    store = load_store()
    lists = word_files(store, config)
    shards = [[entry, *lists] for entry in store.tree(corpus).part("structured")]
    with progress_in_ui("tokenise-records") as progress:
        files = map_shards(store, RECORD_WORDS, record_tokens_shard, shards, config, progress)
    return Made(store.publish("index/record-tokens", files))


def with_stored_words(tokens: TokenConfig) -> TokenConfig:
    """The same settings with each list of words stored, and named by the sha256 of its artifact.

    Raises:
        BadWords: a file is no list of words, or a sha256 is that of something else.
    """
    given = {"user_words": tokens.user_words, "stop_words": tokens.stop_words}
    return tokens.model_copy(update={name: _stored(words) for name, words in given.items() if words})


def word_files(store: ArtifactStore, tokens: TokenConfig) -> list[FileEntry]:
    """The stored lists of words that a configuration names, as files of an index, in the order of `list_names`."""
    held = {USER_WORDS: tokens.user_words, STOP_WORDS: tokens.stop_words}
    return [
        store.tree(str(held[name])).file(FILE).model_copy(update={"name": name, "rows": 0})
        for name in list_names(tokens)
    ]


def stored_lists(store: ArtifactStore, tokens: TokenConfig) -> WordLists:
    """The lists of words that a configuration names."""
    held = {file.name: file.sha256 for file in word_files(store, tokens)}
    return word_lists(tokens, lambda name: store.get_blob(held[name]))


def in_force(name: str) -> Manifest | None:
    """What the index in force under a name is like; None where there is none that this finloom can read."""
    store = load_store()
    pointer = current(store, "index", name)
    if pointer is None:
        return None
    try:
        return Manifest.from_bytes(store.read(pointer.target, MANIFEST))
    except (KeyError, CorruptObject, UnsupportedFormat, ValidationError) as error:
        get_run_logger().warning(
            "nothing is kept of the index in force, %s: %s", pointer.target.sha256[:12], error
        )
        return None


def words_of(manifest: Manifest | None) -> ArtifactRef | None:
    """The table of words that an index was embedded by, where there is one and it is still there."""
    embedding = manifest.embedding if manifest else None
    words = embedding.words if isinstance(embedding, JoinedEmbedding) else embedding
    if not isinstance(words, StaticEmbedding):
        return None
    store = load_store()
    return store.tree(words.words_sha256).ref() if store.has(f"artifacts/{words.words_sha256}") else None


def _stored(words: str) -> str:
    ref = stored(words, ingest_words)
    if ref.kind != KIND:
        raise BadWords(f"{words} is a {ref.kind}, wanted a list of words; give a file of words, one a line")
    return ref.sha256
