"""What Dask workers do for an index: documents to passages, passages to tokens, passages to vectors.

Each function takes the bytes of one shard's files, in order, and returns its parts by name.
"""

from collections.abc import Iterable, Iterator, Sequence

from datasets_registry.records import Document, Passage
from tasks.indexing.config import PassageConfig
from tasks.indexing.passages import split_passages
from tasks.retrieval.config import EmbedConfig, TokenConfig
from tasks.retrieval.dense import encode_vectors
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.tokens import search_text, shared_tokenizer
from tasks.runtime.parts import Part, decode_as, encode_rows


def passages_shard(inputs: Sequence[bytes], config: PassageConfig) -> dict[str, Part]:
    """Part `passages`: the passages of the documents, in order."""
    documents = (document for data in inputs for document in decode_as(data, Document))
    return {"passages": encode_rows(split_passages(documents, config))}


def tokens_shard(inputs: Sequence[bytes], config: TokenConfig) -> dict[str, Part]:
    """Part `tokens`: a row `{"id", "tokens"}` for each passage, the tokens joined by spaces."""
    tokenizer = shared_tokenizer(config)
    rows = (
        {"id": p.id, "tokens": " ".join(tokenizer.tokens(search_text(p)))} for p in decode_passages(inputs)
    )
    return {"tokens": encode_rows(rows)}


def vectors_shard(inputs: Sequence[bytes], config: EmbedConfig) -> dict[str, Part]:
    """Part `vectors`: a float16 matrix in `.npy` bytes, one unit row for each passage."""
    texts = [search_text(passage) for passage in decode_passages(inputs)]
    rows = HashEmbedder(config.dimensions).embed(texts)
    return {"vectors": Part(encode_vectors(rows), len(rows), "npy")}


def decode_passages(shards: Iterable[bytes]) -> Iterator[Passage]:
    """The passages of the shards that `passages_shard` made, in order."""
    for data in shards:
        yield from decode_as(data, Passage)
