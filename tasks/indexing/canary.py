"""Ask a new index a handful of questions whose answers are known, before anybody else does.

A passage must find its own document; a title would not do, since "公告" or "1" may be the title of thousands. This
catches an index whose parts are shifted against each other, that answers every query alike, or that cannot read its own
tokens: all of them look healthy from outside. Vectors of a model must be those that the model gives their passages now,
since another template or pooling would go unnoticed. How well the model finds, or whatever made vectors that were
given, is for the evaluation to say.
"""

from datasets_registry.records import Passage
from tasks.retrieval.config import GivenEmbedding, ModelEmbedding, StaticEmbedding
from tasks.retrieval.filters import Filters
from tasks.retrieval.index import Index
from tasks.retrieval.tokens import search_text

CANARIES = 12
SAME_VECTOR = 0.999
"""The least cosine of a stored vector with the one that is computed now; rounding to 8 bits costs about 1e-4."""
DEPTH = 5
MUST_FIND = 0.5
"""The share of passages that must find their document: of a form there are many that differ in a name."""


def check(index: Index) -> list[str]:
    """What is wrong with the index, one sentence each; empty if nothing is."""
    by_model = isinstance(index.manifest.embedding, ModelEmbedding)
    by_words = isinstance(index.manifest.embedding, StaticEmbedding)
    unjudged = by_model or isinstance(index.manifest.embedding, GivenEmbedding)
    problems = _strange_vectors(index) if by_model else []
    asked = _asked(index)
    for method in index.methods:
        answers = [
            [hit.document for hit in index.search(text, method, DEPTH, filters=Filters(tenant=own.tenant))]
            for text, own in asked.items()
        ]
        silent = [own.id for own, found in zip(asked.values(), answers, strict=True) if not found]
        # Where only words have vectors, a passage may hold none of them.
        if silent and not (by_words and method == "dense"):
            problems.append(
                f"{method}: {len(silent)} of {len(asked)} passages find nothing, such as {silent[0]!r}"
            )
        found = sum(own.parents[0] in answer for own, answer in zip(asked.values(), answers, strict=True))
        if found < MUST_FIND * len(asked) and not (unjudged and method == "dense"):
            problems.append(
                f"{method}: only {found} of {len(asked)} passages find their own document in the top {DEPTH}"
            )
        firsts = {answer[0] for answer in answers if answer}
        if len(asked) > 1 and len(firsts) == 1:
            problems.append(
                f"{method}: all {len(asked)} passages find the same document first, {firsts.pop()!r}"
            )
    return problems


def _asked(index: Index) -> dict[str, Passage]:
    """What is searched of passages of different documents, spread evenly over the index, where it has a word."""
    passages = {passage.parents[0]: passage for passage in map(index.passages.passage, _rows(index))}
    texts = {search_text(passage): passage for passage in passages.values()}
    return {text: passage for text, passage in texts.items() if index.tokenizer.tokens(text)}


def _strange_vectors(index: Index) -> list[str]:
    """Passages whose vector is not the one that the model gives them now."""
    rows = _rows(index)
    found = dict(zip(rows, index.own_vectors(rows), strict=True))
    strange = [row for row, cosine in found.items() if cosine < SAME_VECTOR]
    if not strange:
        return []
    return [
        f"dense: {len(strange)} of {len(rows)} passages do not have their own vector, such as "
        f"{index.passages.passage(strange[0]).id} (cosine {found[strange[0]]:.3f})"
    ]


def _rows(index: Index) -> range:
    """Passages spread evenly over the index."""
    size = len(index.passages)
    return range(0, size, max(1, size // CANARIES))
