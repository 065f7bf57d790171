"""An index kept up to date for thirty random days is, byte for byte, the one made at once on the last day."""

import random
from pathlib import Path

import pytest

from blocks.store import ArtifactStore
from datasets_registry.artifact import FileEntry
from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.indexing.tasks import EMBED, SPLIT, TOKENISE
from tasks.retrieval.config import HashEmbedding
from tasks.runtime.parts import encode_rows
from tasks.runtime.row_reuse import NamedRows
from tasks.runtime.shards import Earlier, map_shards

CONFIG = IndexConfig(embedding=HashEmbedding(dimensions=64))
SUBJECTS = [
    "碳配额成交",
    "净利润增长",
    "存款利率下调",
    "国债发行",
    "股权激励",
    "基金分红",
    "绿电交易",
    "汇率中间价",
]
Shards = list[list[Document]]


def document(name: str, version: int, chance: random.Random) -> Document:
    subjects = chance.sample(SUBJECTS, 3)
    text = "".join(
        f"第{version}版公告说明{subject}的情况，变化为{chance.random():.3f}。" for subject in subjects
    )
    return Document(name, text * chance.randint(1, 6), f"关于{subjects[0]}的公告", None, "s", {})


def next_day(corpus: Shards, day: int, chance: random.Random) -> Shards:
    """A night's corpus: what is updated or deleted leaves its shard, what is new or updated is a shard of its own."""
    names = [each.id for shard in corpus for each in shard]
    updated = set(chance.sample(names, chance.randint(0, 3)))
    deleted = set(chance.sample(names, chance.randint(0, 2))) - updated
    added = {f"d{day}-{n}" for n in range(chance.randint(0, 3))}
    stays = [[each for each in shard if each.id not in updated | deleted] for shard in corpus]
    return [*stays, [document(name, day, chance) for name in sorted(updated | added)]]


class Kept:
    """The pieces of the index that is kept up to date, and of the night before."""

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store
        self.documents: list[FileEntry] = []
        self.cut: list[FileEntry] = []

    def update(self, corpus: Shards) -> tuple[list[FileEntry], list[FileEntry], list[FileEntry]]:
        yesterday = Earlier([[file] for file in self.documents], named=NamedRows("id", "parents"))
        before = Earlier([[file] for file in self.cut])
        self.documents = [
            self.store.add_file(f"documents/{n:05d}.jsonl.zst", encode_rows(shard).data)
            for n, shard in enumerate(corpus)
        ]
        texts = [[file] for file in self.documents]
        self.cut = map_shards(self.store, SPLIT, passages_shard, texts, CONFIG.passages, earlier=yesterday)
        shards = [[file] for file in self.cut]
        words = map_shards(self.store, TOKENISE, tokens_shard, shards, CONFIG.tokens, earlier=before)
        vectors = map_shards(self.store, EMBED, vectors_shard, shards, CONFIG.embedding, earlier=before)
        return self.cut, words, vectors


def at_once(corpus: Shards) -> tuple[bytes, bytes, bytes]:
    """All pieces from nothing, in one shard."""
    cut = passages_shard([encode_rows(each for shard in corpus for each in shard).data], CONFIG.passages)
    words = tokens_shard([cut["passages"].data], CONFIG.tokens)
    vectors = vectors_shard([cut["passages"].data], CONFIG.embedding)
    return cut["passages"].data, words["tokens"].data, vectors["vectors"].data


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_kept_up_to_date_equals_made_at_once(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINLOOM_WORKERS", "0")
    chance, kept = random.Random(20261121), Kept(store)
    corpus = [[document(f"d0-{s}-{n}", 0, chance) for n in range(8)] for s in range(3)]
    kept.update(corpus)
    for day in range(1, 31):
        corpus = next_day(corpus, day, chance)
        pieces = kept.update(corpus)
        if day % 10 == 0:
            assemble(tmp_path / f"kept{day}", *map(store.blobs, pieces), CONFIG, "0" * 64)
            assemble(tmp_path / f"once{day}", *([piece] for piece in at_once(corpus)), CONFIG, "0" * 64)
            assert contents(tmp_path / f"kept{day}") == contents(tmp_path / f"once{day}")
