"""Real texts as the product sees them, and the changes that tests make to them."""

import gzip
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

from datasets_registry.records import Fact
from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig
from tasks.dedup.slots import Profile, profile
from tasks.text.facts import find_facts
from tasks.text.normalise import normalise_key

FILES = ("crud_news", "flash_news", "rss_archive", "research_reports", "carbon_policy", "cctv_news_html")
PER_FILE = 800
"""Of the large files only the first texts are read: cleaning all would take minutes."""
SHORTEST = 100

Change = Callable[[str, Fact, random.Random], str | None]


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path) as lines:
        for line in lines:
            yield orjson.loads(line)


def profile_of(text: str) -> Profile:
    return profile(text, find_facts(text))


def cleaned(raw: str) -> str:
    return clean(raw, CleaningConfig())[0]


def some_texts(data: Path) -> list[str]:
    """Cleaned texts of all files in a fixed random order."""
    texts: list[str] = []
    for name in FILES:
        raw = [row["text"] for row in read_rows(data / "docs" / f"{name}.jsonl.gz") if row.get("text")]
        step = max(1, len(raw) // PER_FILE)
        texts += [text for text in map(cleaned, raw[::step]) if len(text) >= SHORTEST]
    random.Random(1).shuffle(texts)
    return texts


def are_alike(left: str, right: str) -> bool:
    """Whether the join of deduplication finds the pair."""
    a, b = _grams(left), _grams(right)
    shared = len(a & b)
    return shared > 0 and (shared >= 0.4 * len(a | b) or shared >= 0.8 * min(len(a), len(b)))


def noisy(text: str, rate: float, rng: random.Random) -> str:
    """Characters substituted, inserted before and deleted, equally often, by characters of the text itself."""
    edited: list[str] = []
    for character in text:
        if rng.random() >= rate:
            edited.append(character)
            continue
        edited.append(rng.choice(["", rng.choice(text), rng.choice(text) + character]))
    return "".join(edited)


def change_digit(text: str, fact: Fact, rng: random.Random) -> str | None:
    """Another digit in a number with a unit."""
    places = [place for place in range(fact.start, fact.end) if text[place] in "0123456789"]
    if fact.kind != "number" or not places or " " not in fact.value:
        return None
    place = rng.choice(places)
    digit = rng.choice([digit for digit in "123456789" if digit != text[place]])
    return text[:place] + digit + text[place + 1 :]


UNITS = (
    ("亿美元", "亿元"),
    ("万亿元", "亿元"),
    ("亿元", "万元"),
    ("万元", "亿元"),
    ("美元", "元"),
    ("个百分点", "%"),
    ("%", "个百分点"),
    ("万股", "亿股"),
    ("亿股", "万股"),
    ("万吨", "亿吨"),
    ("亿", "万"),
    ("万", "亿"),
    ("元", "美元"),
    ("公里", "米"),
    ("倍", "%"),
)


def change_unit(text: str, fact: Fact, rng: random.Random) -> str | None:
    if fact.kind != "number":
        return None
    written = text[fact.start : fact.end]
    for unit, other in UNITS:
        if written.endswith(unit):
            return text[: fact.end - len(unit)] + other + text[fact.end :]
    return None


def change_date(text: str, fact: Fact, rng: random.Random) -> str | None:
    """Another year, month or day; the date stays one of the calendar."""
    if fact.kind != "date":
        return None
    runs = list(re.finditer("[0-9]+", text[fact.start : fact.end]))
    index = rng.randrange(len(runs))
    run = runs[index].group()
    if len(run) == 4:
        other = str(int(run) + rng.choice([-1, 1]))
    else:
        is_month = index < len(runs) - 1 or len(fact.value) == 7
        other = str(rng.choice([n for n in range(1, 13 if is_month else 29) if n != int(run)]))
        other = other.zfill(2) if run.startswith("0") else other
    return text[: fact.start + runs[index].start()] + other + text[fact.start + runs[index].end() :]


def change_code(codes: Sequence[str]) -> Change:
    """To one of `codes`, six digits each, at this place only."""

    def change(text: str, fact: Fact, rng: random.Random) -> str | None:
        digits = re.search("[0-9]{6}", text[fact.start : fact.end]) if fact.kind == "code" else None
        if digits is None:
            return None
        other = rng.choice([code for code in codes if code != digits.group()])
        return text[: fact.start + digits.start()] + other + text[fact.start + digits.end() :]

    return change


def change_party(parties: Sequence[str]) -> Change:
    """To one of `parties`, at this place only."""

    def change(text: str, fact: Fact, rng: random.Random) -> str | None:
        if fact.kind != "party":
            return None
        others = [name for name in parties if name not in fact.value and fact.value not in name]
        return text[: fact.start] + rng.choice(others) + text[fact.end :]

    return change


def changed(text: str, change: Change, rng: random.Random) -> str | None:
    """The text with one fact of its body changed, None where it has none of that kind."""
    facts = [fact for fact in find_facts(text) if fact.start >= _body(text)]
    rng.shuffle(facts)
    return next((other for fact in facts if (other := change(text, fact, rng))), None)


def _body(text: str) -> int:
    head = re.match(r"[^\n]{0,40}正文：", text)
    return head.end() if head else 0


def _grams(text: str) -> set[str]:
    key = normalise_key(text)
    return {key[place : place + 3] for place in range(len(key) - 2)}
