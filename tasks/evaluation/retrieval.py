"""Measure search on questions with known answers: all methods side by side, and the rank of each question."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from datasets_registry.records import Document, Question
from tasks.evaluation.metrics import first_rank, mrr, rr_at, success_at
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Index, Method
from tasks.retrieval.known_items import known_items
from tasks.text.sentences import sentence_spans

DEPTH = 100
"""How deep rankings are read: beyond it a document counts as not found, in `mrr` too."""


LONGEST_QUERY = 60
"""Characters of a first sentence that stand for a missing title."""


class NothingFound(ValueError):
    """No method found the answer of any question: they belong to another corpus, or the index is broken."""


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """How each method did.

    `methods`: the metrics by method. `ranks`: by method and question id, the rank of the first gold document
    or None, for paired comparison. `answerable`: questions with a gold document in the index.
    """

    methods: dict[Method, dict[str, float]]
    queries: int
    answerable: int
    ranks: dict[Method, dict[str, int | None]]


def evaluate(
    index: Index, questions: Sequence[Question], methods: Sequence[Method] | None = None
) -> RetrievalReport:
    """Ask every question by every method, by default all that the index knows, each as of its own date.

    Raises:
        NothingFound: no method found anything right.
        ValueError: there are no questions, or two share an id.
    """
    methods = index.methods if methods is None else methods
    repeated = [name for name, count in Counter(question.id for question in questions).items() if count > 1]
    if not questions or repeated:
        raise ValueError(
            f"found {len(questions)} questions and repeated ids {repeated[:3]}, wanted at least one question "
            "and distinct ids; correct the query file"
        )
    known = frozenset(index.passages.document_ids())
    answerable = sum(not known.isdisjoint(question.gold) for question in questions)
    ranks = {method: _ranks(index, questions, method) for method in methods}
    if not any(rank for by_question in ranks.values() for rank in by_question.values()):
        raise NothingFound(
            f"none of {len(questions)} questions found its answer by {', '.join(methods)}; {answerable} of "
            f"them have a gold document among the {len(known)} of the index. If that is few, the questions "
            "belong to another corpus; if it is many, the index is broken or their as-of dates are too early"
        )
    figures = {method: _figures(list(by_question.values())) for method, by_question in ranks.items()}
    return RetrievalReport(figures, len(questions), answerable, ranks)


def known_item_questions(documents: Iterable[Document], limit: int, seed: int) -> list[Question]:
    """Pseudo-queries for a corpus without a query set: a title asks for its document, else its first sentence does.

    They are of the half of the documents that nothing is tuned on. Queries that two documents share are left out.
    """
    names = ((document.id, document.title.strip() or _opening(document.contents)) for document in documents)
    return known_items(names, limit, seed, "evaluation")


def _opening(text: str) -> str:
    start, end = next(iter(sentence_spans(text)), (0, 0))
    return text[start : min(end, start + LONGEST_QUERY)].strip()


def _ranks(index: Index, questions: Sequence[Question], method: Method) -> dict[str, int | None]:
    by_date: dict[str | None, list[Question]] = defaultdict(list)
    for question in questions:
        by_date[question.as_of].append(question)
    ranks: dict[str, int | None] = {question.id: None for question in questions}
    for as_of, group in by_date.items():
        filters = Filters(as_of=None if as_of is None else as_of_date(as_of))
        found = index.search_many([question.query for question in group], method, DEPTH, filters=filters)
        for question, hits in zip(group, found, strict=True):
            ranks[question.id] = first_rank([hit.document for hit in hits], question.gold)
    return ranks


def _figures(ranks: Sequence[int | None]) -> dict[str, float]:
    success = {f"success@{k}": success_at(k, ranks) for k in (1, 3, 5)}
    return success | {"rr@10": rr_at(10, ranks), "mrr": mrr(ranks)}
