"""The method that this project replaces: in input order, each text against those kept, inside blocks of equal keys.

A text goes by the first of: the MD5 of the first 500 characters of its body; the text without white space; a SimHash
of character 3-grams within 8 bits, among those of equal top 16 bits; Jaccard 0.4 or containment 0.8 of 3-grams, among
those of equal ten most frequent 5-grams; five shared 8-character phrases, overlapping or not, among the same.
"""

import hashlib
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

HEAD, BITS, DISTANCE, PHRASES, WIDTH = 500, 64, 8, 5, 8


def simhash(text: str) -> int:
    """64 bits by the MD5 of each 3-gram, weighed by its count."""
    votes = [0] * BITS
    for gram, count in Counter(grams(text, 3)).items():
        digest = int.from_bytes(hashlib.md5(gram.encode(), usedforsecurity=False).digest()[:8], "big")
        for bit in range(BITS):
            votes[bit] += count if digest >> bit & 1 else -count
    return sum(1 << bit for bit, vote in enumerate(votes) if vote > 0)


def grams(text: str, width: int) -> list[str]:
    """All substrings of a width, in order."""
    return [text[start : start + width] for start in range(len(text) - width + 1)]


def body(text: str) -> str:
    """The text without its first line, or without its first sentence."""
    for mark in "\n。":
        _, found, rest = text.partition(mark)
        if found:
            return rest
    return text


def main() -> None:
    """Read FOLDER, write the pairs of a text that goes and the one that it goes for."""
    heads: dict[str, int] = {}
    wholes: dict[str, int] = {}
    prints: dict[int, list[tuple[int, int]]] = defaultdict(list)
    blocks: dict[tuple[str, ...], list[tuple[int, set[str], set[str]]]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    with (Path(sys.argv[1]) / "cleaned.jsonl").open(encoding="utf-8") as lines:
        for row, line in enumerate(lines):
            text = json.loads(line)["text"]
            whole = "".join(text.split())
            head = hashlib.md5(body(text)[:HEAD].encode(), usedforsecurity=False).hexdigest()
            other = heads.get(head, wholes.get(whole))
            if other is None:
                bits = simhash(whole)
                close = (
                    kept for kept, theirs in prints[bits >> 48] if (bits ^ theirs).bit_count() <= DISTANCE
                )
                other = next(close, None)
            if other is None:
                frequent = Counter(grams(whole, 5)).most_common(10)
                ours, phrases = set(grams(whole, 3)), set(grams(whole, WIDTH))
                block = blocks[tuple(sorted(gram for gram, _ in frequent))]
                other = next((kept for kept, *theirs in block if alike(ours, phrases, *theirs)), None)
            if other is not None:
                pairs.append((row, other))
                continue
            heads[head], wholes[whole] = row, row
            prints[bits >> 48].append((row, bits))
            block.append((row, ours, phrases))
    found = np.array(pairs, np.int64).reshape(-1, 2)
    np.savez(sys.argv[2], first=found[:, 0], second=found[:, 1], removed=found[:, 0])


def alike(ours: set[str], phrases: set[str], theirs: set[str], their_phrases: set[str]) -> bool:
    """By 3-grams, or by phrases."""
    shared = len(ours & theirs)
    smaller = min(len(ours), len(theirs))
    if smaller and (shared >= 0.4 * len(ours | theirs) or shared >= 0.8 * smaller):
        return True
    return len(phrases & their_phrases) >= PHRASES


if __name__ == "__main__":
    main()
