"""Structured records searched by their words, one passage a record, beside the texts and not among them.

Their words are counted in an index of their own: 190,000 quotes in which every word is a field name or a number would
else decide how rare a word of the texts is. A query is put to both indexes. What the texts score is what they score
without any records; a record is placed among them by its own BM25 score, which says how telling the words that it
shares with the query are among records: a code or a day is rare there, `收盘价` stands in every row and weighs nothing.

A day is one more word of a record and of a query, however it is written: 2019年1月25日 finds 20190125, and not what
happens to hold 2019, 01 and 25.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Self

from datasets_registry.records import Document, Hit, Passage
from tasks.retrieval.bm25 import Bm25, write_bm25
from tasks.retrieval.config import SearchConfig, TokenConfig
from tasks.retrieval.filters import Filters, Masks
from tasks.retrieval.fusion import Fusion, placed
from tasks.retrieval.passage_file import PassageFile, write_passages
from tasks.retrieval.ranking import Leg, best_documents
from tasks.retrieval.record_row import RecordRow, record_row
from tasks.retrieval.tokens import Tokenizer, search_text, tokenizer_of
from tasks.runtime.parts import Part, decode_as, encode_rows
from tasks.text.dates import dates_in

RECORDS = "records"
"""The folder of an index that holds their passages and words."""
WORDS = "bm25"


def record_passage(row: RecordRow) -> Passage:
    """The passage of a record: all of it, dated by the day from which on it may be seen."""
    return Passage(
        id=f"{row.id}#0",
        parents=(row.id,),
        title=row.title,
        heading="",
        text=row.contents,
        start=0,
        end=len(row.contents),
        published=row.known,
        source=row.source,
        file=row.file,
        line=row.line,
        kind=row.kind,
        tenant=row.tenant,
    )


def record_words(text: str, tokenizer: Tokenizer) -> list[str]:
    """The words of a record or of a query for records: those of any text, and its days as `YYYY-MM-DD`."""
    return [*tokenizer.tokens(text), *dates_in(text)]


def record_tokens_shard(inputs: Sequence[bytes], config: TokenConfig) -> dict[str, Part]:
    """Part `tokens`: a row `{"id", "tokens"}` for each record of a shard of documents, the tokens joined by spaces.

    After the documents come the lists of words that `config` names.
    """
    documents, *lists = inputs
    tokenizer = tokenizer_of(config, lists)
    passages = (record_passage(record_row(document)) for document in decode_as(documents, Document))
    return {
        "tokens": encode_rows(
            {"id": passage.id, "tokens": " ".join(record_words(search_text(passage), tokenizer))}
            for passage in passages
        )
    }


def write_record_text(
    folder: Path,
    passages: Iterable[Passage],
    tokens: Iterable[Sequence[str]],
    search: SearchConfig,
    boosted: Collection[str],
) -> tuple[int, int]:
    """Write passages and words of records into the `RECORDS` folder of an index; returns how many of each.

    The words are bm25s' whatever counts those of the texts: Lucene would need a second process.
    """
    target = folder / RECORDS
    target.mkdir()
    counts = write_passages(target, passages)
    return counts.passages, write_bm25(target / WORDS, tokens, search, boosted)


class RecordText:
    """The records of an opened index as text; safe to share between threads."""

    def __init__(self, passages: PassageFile, words: Bm25) -> None:
        """Put opened parts together; use `open`."""
        self._passages = passages
        self._words = words
        self._masks = Masks(passages)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `write_record_text` wrote; raises `OSError` or `ValueError` where it is damaged."""
        passages, words = PassageFile.open(folder / RECORDS), Bm25.open(folder / RECORDS / WORDS)
        if len(passages) != words.size:
            raise ValueError(
                f"{folder / RECORDS} holds {len(passages)} passages and words of {words.size}; build the index again"
            )
        return cls(passages, words)

    def __len__(self) -> int:
        """How many records there are."""
        return len(self._passages)

    def among(
        self,
        hits: Sequence[Hit],
        query: Sequence[str],
        count: int,
        filters: Filters,
        texts: Leg,
        fusion: Fusion | None,
    ) -> list[Hit]:
        """Texts and records in one ranking, best first, ties by id; what the texts score is left as it is.

        Args:
            hits: the texts.
            query: its words, as `record_words` gives them.
            count: how many records may be placed.
            filters: what may be seen.
            texts: what BM25 alone found among the texts, which the records are measured against.
            fusion: how the scores of `hits` were made of two legs; None where they are those of BM25.
        """
        mask = self._masks.of(filters)
        leg = best_documents(lambda k: self._words.search(query, k, mask), self._passages.documents, count)
        scores = leg.scores if fusion is None else placed(leg.scores, texts.scores, fusion)
        found = [
            Hit(passage.parents[0], float(score), passage)
            for score, passage in zip(scores, map(self._passages.passage, leg.rows.tolist()), strict=True)
        ]
        return sorted([*hits, *found], key=lambda hit: (-hit.score, hit.document))
