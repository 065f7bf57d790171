"""Chinese sentences drawn from phrase banks: choices, facts and roles that refer to one another.

A bank is a YAML file under `wording/`: section -> role -> one pattern a line. In a pattern `(a|b)` is a
choice, which may nest, and `<name>` is a fact, else a role of the same section, else one of the company's
industry, else a role written in full as `<section.role>`. Facts are inserted as they are and never parsed.
"""

import random
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

Facts = Mapping[str, str]
BANKS = Path(__file__).parent / "wording"
_CHOICE = re.compile(r"\(([^()]*)\)")
SLOT = re.compile(r"<([a-z_0-9.]+)>")
"""A fact or a role in a pattern."""
_HEADINGS = ("{0}、{1}", "（{0}）{1}", "【{1}】", "## {1}", "{2}. {1}", "{1}：")


def load_banks(folder: Path = BANKS) -> dict[str, dict[str, object]]:
    """Read every bank of a folder: section -> role -> what the file says."""
    banks: dict[str, dict[str, object]] = {}
    for path in sorted(folder.glob("*.yaml")):
        banks.update(yaml.safe_load(path.read_text(encoding="utf-8")))
    return banks


class Wording:
    """Writes sentences; the patterns of a role are dealt like cards, none twice before all were used."""

    def __init__(self, rng: random.Random, folder: Path = BANKS) -> None:
        self._rng = rng
        self._roles: dict[str, list[str]] = {}
        self._decks: dict[str, list[str]] = {}
        for section, roles in load_banks(folder).items():
            for role, patterns in roles.items():
                if isinstance(patterns, str):
                    self._roles[f"{section}.{role}"] = patterns.splitlines()

    def say(self, section: str, role: str, facts: Facts) -> str:
        """One sentence (or title, clause, whole body) of `section.role` with `facts` in it.

        Raises:
            KeyError: a pattern names something that is neither a fact nor a role.
        """
        return self.fill(self.deal(section, role), section, facts)

    def deal(self, section: str, role: str) -> str:
        """The next pattern of `section.role`, as written."""
        deck = self._decks.setdefault(f"{section}.{role}", [])
        if not deck:
            deck.extend(self._roles[f"{section}.{role}"])
            self._rng.shuffle(deck)
        return deck.pop()

    def fill(self, pattern: str, section: str, facts: Facts) -> str:
        """`pattern` with its choices made and its slots filled."""
        while _CHOICE.search(pattern):
            pattern = _CHOICE.sub(lambda found: self._rng.choice(found[1].split("|")), pattern, count=1)
        return SLOT.sub(lambda found: self._resolve(found[1], section, facts), pattern)

    def lay_out(self, section: str, facts: Facts) -> str:
        """A body of `section`: `¶` becomes a new line, `§` a heading in the document's numbering style."""
        style = self._rng.choice(_HEADINGS)
        lines: list[str] = []
        headings = 0
        for line in self.say(section, "body", facts).split("¶"):
            if line.startswith("§"):
                headings += 1
                lines.append(style.format("一二三四五六七八九十"[headings - 1], line[1:], headings))
            elif line:
                lines.append(line)
        return "\n".join(lines)

    def _resolve(self, name: str, section: str, facts: Facts) -> str:
        if name in facts:
            return facts[name]
        for owner in (section, facts.get("industry", "")):
            if f"{owner}.{name}" in self._roles:
                return self.say(owner, name, facts)
        if name in self._roles:
            owner, role = name.split(".")
            return self.say(owner, role, facts)
        raise KeyError(f"<{name}> in section {section!r} is neither a fact nor a role of the phrase banks")
