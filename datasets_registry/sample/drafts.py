"""What an author writes with, the desk, and what leaves it: drafts with the questions that they answer."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from datasets_registry.records import JsonObject
from datasets_registry.sample.companies import Company, World
from datasets_registry.sample.figures import day_text
from datasets_registry.sample.wording import SLOT, Facts, Wording
from datasets_registry.words import finance_words

FIRST_DAY = date(2024, 1, 8)
LAST_DAY = date(2026, 10, 30)

_T = TypeVar("_T")
_TAG = re.compile(r"<[^>]+>")
_ENOUGH_TRIES = 60
_JACCARD = 0.27
_CONTAINMENT = 0.42
_SHORTEST = 160
_FINANCE_WORDS = 4
_ASIDE_COUNTS = (0, 1, 1, 2, 2, 3, 4, 6, 10)
_ASIDES = {
    "carbon": ("allocation", "carbonprice", "ccer", "greencert", "disclosure", "breach"),
    "finance": ("credit", "bankresult", "depositrate", "relending"),
    "fund": ("launch", "fundlimit", "quarterly", "manager"),
}
"""Which section's `more` goes with a document; all others get that of `company`."""


@dataclass(frozen=True)
class Ask:
    """A question that a draft answers; `as_of` is set where a later draft answers it otherwise."""

    query: str
    answer: str
    as_of: date | None = None


@dataclass(eq=False)
class Draft:
    """A document without an id yet; `kind`, `detail` and `of`, the draft it derives from, are its truth."""

    topic: str
    title: str
    text: str
    published: date
    source: str
    kind: str = "original"
    of: "Draft | None" = None
    detail: str = ""
    asks: list[Ask] = field(default_factory=list)
    record: JsonObject | None = None


def finance_count(text: str) -> int:
    """How many different finance words `text` holds."""
    return sum(word in text for word in finance_words())


def _is_sound(body: str) -> bool:
    """Whether no filter of length or subject would take `body` for noise."""
    return len(body) >= _SHORTEST and finance_count(body) >= _FINANCE_WORDS


class Novelty:
    """Remembers the 3-grams of texts as bit sets and says how near a new text comes to any of them."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._seen: dict[str, list[tuple[int, int]]] = {}

    def grams(self, text: str) -> int:
        """The 3-grams of `text` as a bit set; tags, spaces and punctuation are dropped, numbers masked."""
        letters = re.sub(r"\d+", "0", re.sub(r"[\W_]", "", _TAG.sub("", text)))
        mask = bytearray(len(self._bits) // 8 + len(letters) // 8 + 2)
        for start in range(len(letters) - 2):
            bit = self._bits.setdefault(letters[start : start + 3], len(self._bits))
            mask[bit >> 3] |= 1 << (bit & 7)
        return int.from_bytes(mask, "little")

    def nearness(self, topic: str, grams: int) -> float:
        """At most 1 where every text of `topic` is below the limits of Jaccard and containment."""
        size, nearest = grams.bit_count(), 0.0
        for other, other_size in self._seen.get(topic, ()):
            shared = (grams & other).bit_count()
            contained = shared / max(min(size, other_size), 1) / _CONTAINMENT
            alike = shared / max(size + other_size - shared, 1) / _JACCARD
            nearest = max(nearest, contained, alike)
        return nearest

    def add(self, topic: str, grams: int) -> None:
        """Remember a text."""
        self._seen.setdefault(topic, []).append((grams, grams.bit_count()))


class Desk:
    """The tools of every author: chance, words, the world, and what was written before."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(self.rng)
        self.words = Wording(self.rng)
        self.novelty = Novelty()
        self._decks: dict[str, list[Company]] = {}
        self._claims: set[str] = set()
        self._settled: dict[str, str] = {}

    def company(self, topic: str) -> Company:
        """A company that `topic` was not written about before (each serves once, then all again)."""
        deck = self._decks.setdefault(topic, [])
        if not deck:
            deck.extend(self.world.companies)
            self.rng.shuffle(deck)
        return deck.pop()

    def claim(self, matter: str) -> bool:
        """True for the first who asks for `matter`, so that no two documents tell it."""
        if matter in self._claims:
            return False
        self._claims.add(matter)
        return True

    def settle(self, matter: str, value: str) -> str:
        """The first `value` that anybody gave for `matter`, so that documents agree on it."""
        return self._settled.setdefault(matter, value)

    def name(self, key: str) -> str:
        """Any name of a list of `names.yaml`."""
        return self.rng.choice(self.world.names(key))

    def pick(self, items: Sequence[_T]) -> _T:
        """Any of `items`."""
        return self.rng.choice(items)

    def between(self, first: date, last: date) -> date:
        """A working day from `first` to `last`."""
        day = first + timedelta(days=self.rng.randrange((last - first).days + 1))
        return day - timedelta(days=max(day.weekday() - 4, 0))

    def after(self, day: date, least: int, most: int) -> date:
        """A working day, about `least` to `most` days after `day`."""
        return self.between(day + timedelta(days=least), day + timedelta(days=most))

    def about(self, company: Company, day: date, good: bool = True) -> dict[str, str]:
        """The facts that any text about `company` may use; `good` chooses between tail and head wind."""
        wind = "up" if good else "down"
        scope = {"industry": company.industry}
        return {
            "c": company.name, "full": company.full, "code": company.code, "city": company.city,
            "industry": company.industry, "industry_name": company.industry_name, "brand": company.brand,
            "province": company.province, "chair": company.chair, "sec": company.secretary,
            "date": day_text(day), "city2": self.name("cities") + "市",
            "r1": self.words.say(company.industry, wind, scope),
            "r2": self.words.say(company.industry, wind, scope),
            "cost1": self.words.say(company.industry, "cost", scope),
            "risk_noun": self.words.say(company.industry, "risk", scope),
            "share": str(self.rng.randrange(21, 68)), "qn": self.pick(("二", "三")),
        }  # fmt: skip

    def write(self, section: str, facts: Facts, published: date, source: str) -> Draft:
        """A draft of `section`, worded unlike all others of that section, with a question that it answers."""
        draft = self._compose(section, facts, published, source)
        for _ in range(_ENOUGH_TRIES):
            query, answer = self.words.deal(section, "ask").split(" => ")
            if all(facts[name] in draft.text for name in SLOT.findall(answer)):
                query, answer = (self.words.fill(part, section, facts) for part in (query, answer))
                draft.asks.append(Ask(query, answer))
                break
        return draft

    def correct(self, first: Draft, facts: Facts, published: date) -> Draft:
        """A later draft about the same matter as `first`, whose facts have changed.

        The section's `ask` names the question, what `first` answers and what the later draft answers; each is
        asked as of a day on which that was the newest answer.
        """
        section = f"{first.topic}_fix"
        later = self._compose(section, facts, published, first.source)
        later.kind, later.of = "update", first
        query, before, after = self.words.say(section, "ask", facts).split(" => ")
        last = published - timedelta(days=1)
        middle = first.published + (last - first.published) / 2
        first.asks = [Ask(query, before, as_of=self.between(middle, last))]
        later.asks = [Ask(query, after, as_of=self.after(published, 3, 20))]
        later.detail = f"{before} -> {after}"
        return later

    def _compose(self, section: str, facts: Facts, published: date, source: str) -> Draft:
        """A title and the least familiar of some bodies, with further paragraphs for variety of length."""
        topic = section.removesuffix("_fix")
        aside = next((key for key, topics in _ASIDES.items() if topic in topics), "company")
        best, nearest, grams = "", float("inf"), 0
        for _ in range(_ENOUGH_TRIES):
            body = self.words.lay_out(section, facts)
            more = [self.words.say(aside, "more", facts) for _ in range(self.pick(_ASIDE_COUNTS))]
            body = "\n".join([body, *more])
            marks = self.novelty.grams(body)
            near = self.novelty.nearness(section, marks)
            if near < nearest and _is_sound(body):
                best, nearest, grams = body, near, marks
            if nearest <= 1:
                break
        if not best:
            raise ValueError(
                f"section {section!r} gives only bodies that filters would drop; give it more to say"
            )
        self.novelty.add(section, grams)
        return Draft(section, self.words.say(section, "title", facts), best, published, source)
