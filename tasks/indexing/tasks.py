"""The tasks of the indexing stage: a corpus in, a searchable index in force out."""

import tempfile
from pathlib import Path

from pydantic import JsonValue

from blocks.history import promote
from blocks.prefect_blocks import load_store
from blocks.store import local_copy
from datasets_registry.artifact import ArtifactRef
from tasks.indexing.assemble import assemble
from tasks.indexing.canary import check
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import EmbedConfig, TokenConfig
from tasks.retrieval.index import Index
from tasks.runtime.encoder import Encoders
from tasks.runtime.keys import Identity
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.shards import map_shards
from tasks.runtime.steps import Made, step

VERSION = "2026.11.21"

SPLIT = Identity("split-passages", VERSION)
TOKENISE = Identity("tokenise-passages", VERSION, ("jieba", "rjieba"))
EMBED = Identity("embed-passages", VERSION, ("numpy",))
ASSEMBLE = Identity("assemble-index", VERSION, ("bm25s", "faiss-cpu", "jieba", "rjieba"))


class CanaryFailed(RuntimeError):
    """A new index gave wrong answers to questions whose answers are known; it was not put in force."""


@step(SPLIT)
def split_passages(corpus: ArtifactRef, config: PassageConfig) -> Made:
    """Cut the texts of a corpus into passages; structured records are not texts."""
    store = load_store()
    shards = [[entry] for entry in store.tree(corpus).part("documents")]
    files = map_shards(store, SPLIT, passages_shard, shards, config)
    return Made(store.publish("index/passages", files))


@step(TOKENISE)
def tokenise_passages(passages: ArtifactRef, config: TokenConfig) -> Made:
    """The words of every passage."""
    store = load_store()
    shards = [[entry] for entry in store.tree(passages).part("passages")]
    with progress_in_ui("tokenise-passages") as progress:
        files = map_shards(store, TOKENISE, tokens_shard, shards, config, progress)
    return Made(store.publish("index/tokens", files))


@step(EMBED)
def embed_passages(passages: ArtifactRef, config: EmbedConfig) -> Made:
    """The vector of every passage."""
    store = load_store()
    shards = [[entry] for entry in store.tree(passages).part("passages")]
    with progress_in_ui("embed-passages") as progress:
        files = map_shards(store, EMBED, vectors_shard, shards, config, progress)
    return Made(store.publish("index/vectors", files))


@step(ASSEMBLE)
def assemble_index(
    corpus: ArtifactRef, passages: ArtifactRef, tokens: ArtifactRef, vectors: ArtifactRef, config: IndexConfig
) -> Made:
    """One immutable index folder of passages, words and vectors, with its manifest."""
    store = load_store()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        manifest = assemble(
            folder,
            store.blobs(store.tree(passages).part("passages")),
            store.blobs(store.tree(tokens).part("tokens")),
            store.blobs(store.tree(vectors).part("vectors")),
            config,
            corpus.sha256,
        )
        ref = store.publish("index", store.add_folder(folder))
    return Made(
        ref, {"passages": manifest.passages, "documents": manifest.documents, "undated": manifest.undated}
    )


@step(Identity("publish-index", VERSION), cached=False)
def publish_index(index: ArtifactRef, name: str) -> Made:
    """Ask the canary questions; put the index in force under a name only if it answers them."""
    store = load_store()
    with Encoders(store) as encoders:
        opened = Index.open(local_copy(store, index), intact=True, open_model=encoders.open)
        problems = check(opened)
    if problems:
        raise CanaryFailed(f"index {index.sha256[:12]} was not published: {'; '.join(problems)}")
    manifest = opened.manifest
    evidence: dict[str, JsonValue] = {
        "canaries": "passed",
        "passages": manifest.passages,
        "corpus": manifest.corpus_sha256,
    }
    promote(store, "index", name, index, evidence)
    return Made(index)
