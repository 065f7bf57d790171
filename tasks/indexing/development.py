"""What search is tuned on: some passages of a corpus, and questions that nobody is evaluated on.

The questions are given, or they are titles. Then the passages do not show their titles, neither before the text nor at
its beginning: a question does not stand in its answer, and a leg that only spells would win.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from datasets_registry.records import Passage, Question
from tasks.indexing.config import TuningConfig
from tasks.retrieval.known_items import known_items
from tasks.retrieval.tokens import Tokenizer, search_text

Row = tuple[Passage, list[str]]
"""A passage and its tokens, as the index has them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Passages that are searched: their texts, words and documents, in the order of document ids."""

    texts: list[str]
    tokens: list[list[str]]
    documents: list[str]


def title_questions(rows: Iterable[Row], config: TuningConfig) -> list[Question]:
    """Titles that ask for their own documents, of the half that is for development."""
    titles = {passage.parents[0]: passage.title.strip() for passage, _ in rows}
    return known_items(titles.items(), config.queries, config.seed, "development")


def some_of(questions: Sequence[Question], config: TuningConfig) -> list[Question]:
    """At most as many of the given questions as are asked; which depends on their ids and the seed alone."""
    order = sorted(questions, key=lambda question: (_shuffled(question.id, config.seed), question.id))
    return order[: config.queries]


def draw(rows: Iterable[Row], gold: Collection[str], config: TuningConfig) -> list[Row]:
    """The passages of the gold documents, and of others by chance up to the configured number; by document id.

    Which others depends on the ids and the seed alone.
    """
    by_document: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_document[row[0].parents[0]].append(row)
    wanted = frozenset(gold)
    order = sorted(by_document, key=lambda name: (name not in wanted, _shuffled(name, config.seed), name))
    chosen: list[str] = []
    room = config.passages
    for name in order:
        if name not in wanted and room < len(by_document[name]):
            break
        chosen.append(name)
        room -= len(by_document[name])
    return [row for name in sorted(chosen) for row in by_document[name]]


def as_indexed(rows: Sequence[Row]) -> Sample:
    """The sample as the index has it."""
    return Sample(
        [search_text(passage) for passage, _ in rows],
        [tokens for _, tokens in rows],
        [passage.parents[0] for passage, _ in rows],
    )


def without_titles(rows: Sequence[Row], tokenizer: Tokenizer) -> Sample:
    """The sample as if no passage showed the title of its document."""
    bare = [_without_title(passage, tokens, tokenizer) for passage, tokens in rows]
    return Sample(
        [text for text, _ in bare],
        [tokens for _, tokens in bare],
        [passage.parents[0] for passage, _ in rows],
    )


def _without_title(passage: Passage, tokens: list[str], tokenizer: Tokenizer) -> tuple[str, list[str]]:
    title, body = passage.title.strip(), passage.text.lstrip("# ")
    if title and body.startswith(title):
        text = search_text(replace(passage, title="", heading="", text=body[len(title) :].lstrip()))
        return text, tokenizer.tokens(text)
    # A title is the first line of what is searched, so its tokens are the first.
    return search_text(replace(passage, title="")), tokens[len(tokenizer.tokens(title)) :]


def _shuffled(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
