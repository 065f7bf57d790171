"""Questions about one sentence of a document of the sample corpus, with the answer that the sample's author knows."""

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from datasets_registry.sample.exercises.problems import Problem, lines
from datasets_registry.sample.wording import Wording

LONGEST_QUESTION = 84
LONGEST_SOLUTION = 125
_SENTENCE = re.compile(r"[^。；！？\n]+[。；！？]?")
_CLAUSE = re.compile(r"[^，、：。；！？（）]+")
_NODE = re.compile(r"^node id: \S+ text: ")
_NOT_PROSE = re.compile(r"[<>|#]")


def facts(words: Wording, rng: random.Random, sample: Path) -> list[Problem]:
    """The questions of the sample whose answer stands in a short sentence of its document, in random order.

    Args:
        words: phrases it is asked and solved with.
        rng: chance.
        sample: the folder that `datasets_registry.sample.generate` wrote.
    """
    texts = _texts(sample)
    problems = []
    for row in map(json.loads, (sample / "questions.jsonl").read_text(encoding="utf-8").splitlines()):
        query, answer, (document,) = row["query"], row["answer"], row["gold"]
        sentence = _evidence(texts[document], query, answer)
        if sentence is None:
            continue
        slots = {"sentence": sentence, "query": query, "answer": answer, "clause": _clause(sentence, answer)}
        asked, steps = words.say("fact", "ask", slots), words.say("fact", "solve", slots)
        problem = Problem("fact", "fact", "\n".join(lines(asked)), answer, lines(steps), (document,))
        if len(problem.question) <= LONGEST_QUESTION and len(problem.solution) <= LONGEST_SOLUTION:
            problems.append(problem)
    rng.shuffle(problems)
    return problems


def _texts(sample: Path) -> dict[str, str]:
    """The text of every document that is one, by id."""
    found = {}
    for row in map(json.loads, gzip.decompress((sample / "documents.jsonl.gz").read_bytes()).splitlines()):
        text = row.get("text") or row.get("contents")
        if isinstance(text, str):
            found[row["id"]] = _NODE.sub("", text)
    return found


def _evidence(text: str, query: str, answer: str) -> str | None:
    """The sentence with the answer that shares most with the query, the shortest of equals; None where none does."""
    asked = _bigrams(query)
    holding = [sentence for sentence in _sentences(text) if _stands_in(answer, sentence)]
    best = max(holding, key=lambda sentence: (len(asked & _bigrams(sentence)), -len(sentence)), default=None)
    return best if best and asked & _bigrams(best.replace(answer, "")) else None


def _sentences(text: str) -> Iterator[str]:
    for match in _SENTENCE.finditer(text):
        if not _NOT_PROSE.search(match.group()):
            yield match.group().strip()


def _stands_in(answer: str, text: str) -> bool:
    """Whether the answer stands in a text and is not the tail of a longer number."""
    return re.search(rf"(?<![0-9.,]){re.escape(answer)}", text) is not None


def _clause(sentence: str, answer: str) -> str:
    """The clause of a sentence that holds the answer; the sentence, where the answer is longer than a clause."""
    clauses = (match.group().strip() for match in _CLAUSE.finditer(sentence))
    return next((clause for clause in clauses if _stands_in(answer, clause)), sentence)


def _bigrams(text: str) -> set[str]:
    return {text[start : start + 2] for start in range(len(text) - 1)}
