"""What crawls bring along: page furniture around good texts, stray texts, hidden instructions."""

from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft
from datasets_registry.sample.longform import SHORT_ITEMS
from datasets_registry.sample.news import survey

_ENTITIES = {"“": "&ldquo;", "”": "&rdquo;", "、": "&#12289;"}
_UNPRINTED = "\u200b"


def crawled(desk: Desk) -> Draft:
    """A good text of its own with navigation, mark-up, advertising and a footer around and inside it."""
    draft = desk.pick(SHORT_ITEMS)(desk)
    rng, facts = desk.rng, _furniture(desk)
    lines = draft.text.split("\n")
    used = rng.sample(("nav", "footer", "spam", "html"), rng.choice((2, 3, 4)))
    if "spam" in used:
        lines.insert(rng.randrange(1, len(lines) + 1), desk.words.say("noise", "spam", facts))
    if "html" in used:
        lines = [f'<p style="text-indent:2em">&nbsp;&nbsp;{_escape(line)}</p>' for line in lines]
        lines.insert(0, f'<div class="article"><h1>{draft.title}</h1>')
        lines.append("</div>")
    if "nav" in used:
        lines[:0] = [desk.words.say("noise", "nav", facts) for _ in range(rng.choice((1, 2)))]
    if "footer" in used:
        lines.append(desk.words.say("noise", "footer", facts))
    detail = "+".join(sorted(used))
    return Draft(
        draft.topic,
        draft.title,
        "\n".join(lines),
        draft.published,
        draft.source,
        "crawl_noise",
        detail=detail,
    )


def _escape(line: str) -> str:
    if line.startswith("<table"):
        return line
    for mark, entity in _ENTITIES.items():
        line = line.replace(mark, entity)
    return line


def _furniture(desk: Desk) -> dict[str, str]:
    return {
        "media": desk.name("media"), "icp": str(desk.rng.randrange(10**7, 10**8)),
        "sec": str(desk.rng.randrange(10**8, 10**9)), "fee": desk.pick(("1", "1.2", "1.5", "2")),
    }  # fmt: skip


def too_short(desk: Desk) -> Draft:
    """Fewer than 100 characters."""
    company = desk.pick(desk.world.companies)
    facts = desk.about(company, desk.between(FIRST_DAY, LAST_DAY))
    return _stray(desk, "too_short", f"{company.name}公告", desk.words.say("noise", "tiny", facts))


def not_chinese(desk: Desk) -> Draft:
    """Over 100 characters, hardly any of them Chinese."""
    company = desk.pick(desk.world.companies)
    lines = [desk.words.say("noise", "english", {}) for _ in range(desk.rng.randrange(3, 6))]
    text = f"{company.name} ({company.code}): " + " ".join(lines)
    return _stray(desk, "not_chinese", f"{company.name} news in English", text)


def off_topic(desk: Desk) -> Draft:
    """100 to 500 Chinese characters without any finance."""
    facts = {"city": desk.name("cities"), "p1": desk.world.person()}
    text = "\n".join(desk.words.say("noise", "offtopic", facts) for _ in range(desk.rng.choice((2, 3, 4))))
    return _stray(desk, "off_topic", f"{facts['city']}生活", text)


def _stray(desk: Desk, kind: str, title: str, text: str) -> Draft:
    return Draft(kind, title, text, desk.between(FIRST_DAY, LAST_DAY), desk.name("media"), kind)


def prompt_injection(desk: Desk) -> Draft:
    """A plausible text with instructions to whatever model reads it."""
    draft = survey(desk)
    lines = draft.text.split("\n")
    facts = {"c": next(company.name for company in desk.world.companies if company.name in draft.text)}
    lines.insert(len(lines) // 2, _UNPRINTED + desk.words.say("noise", "inject", facts))
    return Draft(
        draft.topic, draft.title, "\n".join(lines), draft.published, draft.source, "prompt_injection"
    )
