"""The normalised form of a text: what two texts must share, character by character, to be called equal."""

import re
import unicodedata

DROPPED = re.compile(r"[^\w.%-]+|_+|(?<![0-9])\.|\.(?![0-9])|-(?![0-9])|(?<![0-9])%")
"""Punctuation; but a decimal point, a minus or dash before a digit, and a per cent sign carry the value of a number."""


def normalise_key(text: str) -> str:
    """NFKC, lower case, without white space and punctuation; 1.5亿 stays unlike 15亿, -3% unlike 3%."""
    folded = unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").lower()
    return DROPPED.sub("", "".join(folded.split()))
