"""Copies of documents as crawls bring them: exact, re-typed, edited, cut, wrapped, quoted.

No copy changes a number, a date, a code or a name, so that each states the facts of its original.
"""

import re
from collections.abc import Callable
from datetime import timedelta

from datasets_registry.sample.drafts import Desk, Draft
from datasets_registry.sample.longform import SHORT_ITEMS, collection

_FIGURE = r"<[^>]+>|(?:[0-9A-Za-z][0-9A-Za-z.,%\-]*[^0-9A-Za-z，。；、\n]{0,3})+|[一二三四五六七八九十两]"
_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(ord("0"), ord("9") + 1)})
_MARKS = {"，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "。": "｡", "“": '"', "”": '"'}
_STOP = re.compile(r"[，。；\n]")


def exact_copy(desk: Desk, original: Draft) -> Draft:
    """The same text from another source, one to five days later."""
    return _copy(desk, original, "exact_copy", original.text)


def normalised_copy(desk: Desk, original: Draft) -> Draft:
    """The same letters with other widths, spaces, line ends and punctuation marks."""
    text, how = original.text, desk.rng.sample(("width", "marks", "spaces", "lines"), 2)
    if "width" in how:
        text = re.sub(
            r"[0-9]+", lambda found: found[0].translate(_WIDE) if desk.rng.random() < 0.6 else found[0], text
        )
    if "marks" in how:
        text = re.sub(r"(?<!\d)[，；：（）。“”](?!\d)", lambda found: _MARKS[found[0]], text)
    if "spaces" in how:
        text = re.sub(r"(?<=[一-鿿])(?=[一-鿿])", lambda _: " " if desk.rng.random() < 0.08 else "", text)
    if "lines" in how:
        text = text.replace("\n", "\r\n\u3000\u3000")
    return _copy(desk, original, "normalised_copy", text, "+".join(sorted(how)))


def edited_copy(percentage: int) -> Callable[[Desk, Draft], Draft]:
    """An author of copies with `percentage` of the letters outside figures and names changed, lost or added."""

    def author(desk: Desk, original: Draft) -> Draft:
        letters = list(original.text)
        free = _free_places(desk, original.text)
        pool = [letters[place] for place in free]
        chosen = desk.rng.sample(free, round(len(free) * percentage / 100))
        for place in chosen:
            way = desk.rng.random()
            other = desk.pick(pool)
            letters[place] = other if way < 0.6 else "" if way < 0.8 else letters[place] + other
        return _copy(desk, original, f"edited_{percentage}", "".join(letters), f"{len(chosen)} characters")

    return author


def _free_places(desk: Desk, text: str) -> list[int]:
    """Places of Han characters that belong to no figure and no name."""
    names = sorted(desk.world.every_name(), key=lambda name: (-len(name), name))
    kept = re.compile("|".join([*map(re.escape, names), _FIGURE]))
    free = [("一" <= letter <= "鿿") for letter in text]
    for found in kept.finditer(text):
        free[found.start() : found.end()] = [False] * (found.end() - found.start())
    return [place for place, is_free in enumerate(free) if is_free]


def truncated_copy(percentage: int) -> Callable[[Desk, Draft], Draft]:
    """An author of copies that end after about `percentage` of the text, where a clause ends."""

    def author(desk: Desk, original: Draft) -> Draft:
        wanted = len(original.text) * percentage / 100
        stops = [found.end() for found in _STOP.finditer(original.text)]
        end = min(stops, key=lambda stop: (abs(stop - wanted), stop))
        detail = f"{end / len(original.text):.2f} kept"
        return _copy(desk, original, f"truncated_{percentage}", original.text[:end], detail)

    return author


def wrapped_copy(desk: Desk, original: Draft) -> Draft:
    """The whole text between a portal's foreword and its disclaimer."""
    facts = {"media": desk.name("media"), "p1": desk.world.person()}
    before, after = (desk.words.say("wrap", role, facts) for role in ("before", "after"))
    return _copy(desk, original, "wrapped_copy", f"{before}\n{original.text}\n{after}")


def embedded_copy(desk: Desk, original: Draft) -> Draft:
    """The whole text as one of several in a collection."""
    items = [author(desk) for author in desk.rng.sample(SHORT_ITEMS, 4)]
    items.insert(desk.rng.randrange(5), original)
    longer = collection(desk, items)
    longer.kind, longer.of, longer.detail = "embedded_copy", original, "one of 5"
    return longer


def _copy(desk: Desk, original: Draft, kind: str, text: str, detail: str = "") -> Draft:
    published = original.published + timedelta(days=desk.rng.randrange(1, 6))
    source = desk.pick([media for media in desk.world.names("media") if media != original.source])
    return Draft(original.topic, original.title, text, published, source, kind, original, detail)
