"""Where the sentences of a text begin and end."""

import re

ENDINGS = "。！？；!?"
CLOSING = re.escape("”’」』）】》〉)]\"'")

SENTENCE = re.compile(
    rf"(?:[^\s{ENDINGS}][^{ENDINGS}\n]*)?(?:[{ENDINGS}]+[{CLOSING}]*)|[^\s{ENDINGS}][^{ENDINGS}\n]*"
)
"""A sentence takes its closing quotes with it; a line's end ends it too. `;` is left to clauses and code."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, in order, without the white space around it.

    The spans do not overlap, and every character that is not white space lies in one.
    """
    spans: list[tuple[int, int]] = []
    for match in SENTENCE.finditer(text):
        start, end = match.span()
        spans.append((start, start + len(text[start:end].rstrip())))
    return spans
