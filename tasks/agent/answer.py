"""Answers with citations: every quote stands word for word in the passage it names, or it is not given.

Without a chat model the answer is extractive: the sentences of the found passages that say most about the question.
With one the answer is generated, and whatever it cites is checked against the passages before anybody sees it.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import orjson

from datasets_registry.records import Citation, FactKind, Hit, Passage
from tasks.agent.prompts import GROUNDED_SYSTEM, grounded_question
from tasks.text.facts import find_facts
from tasks.text.sentences import sentence_spans

SENTENCES = 3
LONGEST_QUOTE = 300
FACT_BONUS = 2.0
RANK_DISCOUNT = 0.12
WORTH_SAYING = 0.3
"""A sentence is left out that scores less than this share of the best one."""
NOT_A_LETTER = re.compile(r"[\W_]+")
NOTHING_FOUND = "没有找到可以引用的文档。"

ASKS_FOR: tuple[tuple[re.Pattern[str], FactKind], ...] = (
    (re.compile(r"何时|什么时候|哪一?[天日年月]|几月|日期|期限"), "date"),
    (re.compile(r"多少|几[个家名亿万元倍]|比例|金额|涨幅|增速|数量|价格|占比"), "number"),
    (re.compile(r"代码"), "code"),
    (re.compile(r"哪家|哪个公司|谁"), "party"),
)


class Chat(Protocol):
    """What an answer needs of a chat model."""

    def complete(self, system: str, user: str, *, max_tokens: int = 1024) -> str:
        """The model's reply."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, what it rests on, and how it was made; `dropped` counts cited quotes that no passage holds."""

    answer: str
    citations: tuple[Citation, ...]
    method: Literal["extractive", "generated"]
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a found passage: where it stands in its document, and the rank of its passage from 0."""

    passage: Passage
    start: int
    end: int
    rank: int

    @property
    def text(self) -> str:
        """The sentence, word for word."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


def extract_answer(question: str, hits: Sequence[Hit]) -> Answer:
    """The best sentences of the hits, each with its citation; ties go to the better hit, then the earlier one.

    A sentence scores by the question's character bigrams that it and its title share, the rare ones among the
    candidates most: names of companies and funds, which segmenters cut into single characters, are bigrams that few
    sentences have. A sentence with the kind of fact that is asked for counts double.
    """
    sentences = [sentence for rank, hit in enumerate(hits) for sentence in _sentences(hit.passage, rank)]
    asked = _bigrams(question)
    shared = [asked & _bigrams(sentence.passage.title + sentence.text) for sentence in sentences]
    frequency = Counter(bigram for found in shared for bigram in found)
    wanted = {kind for pattern, kind in ASKS_FOR if pattern.search(question)}

    def score(index: int) -> tuple[float, int, int]:
        sentence = sentences[index]
        said = sum(math.log(1 + len(sentences) / frequency[bigram]) for bigram in sorted(shared[index]))
        facts = {fact.kind for fact in find_facts(sentence.text)} if wanted else set()
        bonus = FACT_BONUS if wanted & facts else 1.0
        return -said * bonus * (1 - RANK_DISCOUNT) ** sentence.rank, sentence.rank, sentence.start

    ranked = sorted((score(index), index) for index in range(len(sentences)) if shared[index])
    said_enough = [sentences[index] for found, index in ranked if found[0] <= WORTH_SAYING * ranked[0][0][0]]
    chosen = _without_repeats(said_enough)[:SENTENCES]
    if not chosen:
        return Answer(NOTHING_FOUND, (), "extractive")
    text = "\n".join(f"{sentence.text}[{number}]" for number, sentence in enumerate(chosen, start=1))
    return Answer(text, tuple(_cite(s.passage, s.start, s.end) for s in chosen), "extractive")


def generate_answer(question: str, hits: Sequence[Hit], chat: Chat) -> Answer:
    """The model's answer with the citations that hold; the extractive answer where none does."""
    reply = chat.complete(GROUNDED_SYSTEM, grounded_question(question, [hit.passage for hit in hits]))
    answer, quotes = _read_reply(reply)
    citations = [_find_quote(passage_number, quote, hits) for passage_number, quote in quotes]
    held = tuple(dict.fromkeys(citation for citation in citations if citation))
    dropped = citations.count(None)
    if not answer or not held:
        fallback = extract_answer(question, hits)
        return Answer(fallback.answer, fallback.citations, "extractive", dropped)
    return Answer(answer, held, "generated", dropped)


def _bigrams(text: str) -> set[str]:
    letters = "".join(NOT_A_LETTER.split(unicodedata.normalize("NFKC", text).lower()))
    return {letters[start : start + 2] for start in range(len(letters) - 1)}


def _sentences(passage: Passage, rank: int) -> list[Sentence]:
    return [
        Sentence(passage, passage.start + start, passage.start + min(end, start + LONGEST_QUOTE), rank)
        for start, end in sentence_spans(passage.text)
    ]


def _without_repeats(sentences: Sequence[Sentence]) -> list[Sentence]:
    return list({sentence.text: sentence for sentence in reversed(sentences)}.values())[::-1]


def _cite(passage: Passage, start: int, end: int) -> Citation:
    quote = passage.text[start - passage.start : end - passage.start]
    return Citation(passage.parents[0], quote, start, end, passage.published, passage.file, passage.line)


def _read_reply(reply: str) -> tuple[str, list[tuple[int, str]]]:
    """The answer and its (passage number, quote) pairs; nothing where the reply is not the JSON that was asked for."""
    match = re.search(r"\{.*\}", reply, re.DOTALL)
    try:
        read = orjson.loads(match[0]) if match else {}
        return str(read["answer"]).strip(), [(int(c["passage"]), str(c["quote"])) for c in read["citations"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return "", []


def _find_quote(number: int, quote: str, hits: Sequence[Hit]) -> Citation | None:
    if not quote.strip() or not 1 <= number <= len(hits):
        return None
    passage = hits[number - 1].passage
    start = passage.text.find(quote)
    if start < 0:
        return None
    return _cite(passage, passage.start + start, passage.start + start + len(quote))
