"""Writes the sample corpus: documents, the truth about each, and questions with the documents that answer.

Everything is invented; equal seeds give equal bytes. `truth.jsonl` has one row for every document:
`{"id", "kind", "of", "detail"}`.

Kinds that stay: `original`, `update` (corrects `of`), `record`, `crawl_noise` (a good text in page furniture),
`template_family` (the family is `detail`), `amount_twin` and `same_head` (`of` is the other one) and
`prompt_injection`. Copies, of which one stays, the longer or the earlier: `exact_copy`, `normalised_copy`,
`edited_1|2|5|10`, `truncated_90|70|50`, `wrapped_copy`, `embedded_copy`. To be filtered: `too_short`,
`not_chinese`, `off_topic`. Documents that answer questions have only exact and truncated copies, so that they
stay themselves.
"""

import gzip
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from datasets_registry.records import JsonObject, Question
from datasets_registry.sample import (
    banking,
    business,
    equity,
    funds,
    news,
    noise,
    planting,
    policy,
    research,
    results,
)
from datasets_registry.sample.drafts import Ask, Desk, Draft, finance_count
from datasets_registry.sample.families import TEMPLATES, amount_twins, family_member
from datasets_registry.sample.longform import annual_report, fresh_collection, same_head_pair
from datasets_registry.sample.questions import choose
from datasets_registry.sample.records import record

SEED = 20261121
FULL_SIZE = 3000
SMALLEST = 400
QUESTIONS = 200

_SINGLES: tuple[tuple[Callable[[Desk], Draft], int], ...] = (
    (results.profit_forecast, 65),
    (results.dividend, 55),
    (equity.buyback, 50),
    (equity.reduction, 50),
    (equity.pledge, 50),
    (equity.incentive, 45),
    (business.contract, 55),
    (business.investment, 50),
    (business.inquiry_reply, 45),
    (news.plant_opening, 45),
    (news.survey, 45),
    (news.penalty, 35),
    (news.overseas_order, 40),
    (news.change_of_people, 40),
    (research.company_note, 80),
    (research.industry_weekly, 90),
    (policy.allocation, 20),
    (policy.ccer_project, 36),
    (policy.green_certificates, 32),
    (policy.disclosure, 28),
    (policy.breach, 24),
    (banking.regional_credit, 38),
    (banking.bank_results, 50),
    (banking.deposit_rates, 20),
    (banking.relending, 32),
    (funds.fund_launch, 34),
    (funds.purchase_limit, 28),
    (funds.quarterly_report, 60),
    (funds.manager_change, 30),
    (fresh_collection, 30),
    (annual_report, 30),
)
_PAIRS: tuple[Callable[[Desk], tuple[Draft, Draft]], ...] = (
    results.corrected_forecast,
    results.corrected_dividend,
    equity.buyback_progress,
    business.corrected_contract,
    business.corrected_investment,
    research.corrected_note,
    policy.corrected_allocation,
    banking.corrected_deposit_rates,
    funds.corrected_purchase_limit,
)
_PAIRS_EACH = 5
_OTHERS: tuple[tuple[Callable[[Desk], Draft], int], ...] = (
    (record, 400),
    (noise.crawled, 100),
    (noise.too_short, 60),
    (noise.not_chinese, 40),
    (noise.off_topic, 60),
    (noise.prompt_injection, 3),
)
_FAMILY_SIZE, _TWINS, _HEADS = 15, 15, 12
_COPIED_LENGTHS = (300, 1800)
_NODE_SHARE = 0.5
_FINANCE_WORDS = 3
_MODEST_COPIES: tuple[tuple[Callable[[Desk, Draft], Draft], int], ...] = (
    (planting.exact_copy, 100),
    (planting.truncated_copy(90), 50),
    (planting.truncated_copy(70), 40),
    (planting.truncated_copy(50), 40),
)
_COPIES: tuple[tuple[Callable[[Desk, Draft], Draft], int], ...] = (
    (planting.normalised_copy, 90),
    (planting.edited_copy(1), 60),
    (planting.edited_copy(2), 60),
    (planting.edited_copy(5), 50),
    (planting.edited_copy(10), 40),
    (planting.wrapped_copy, 60),
    (planting.embedded_copy, 40),
)


def fingerprint() -> str:
    """Names what `generate` writes by default: another generator or wording has another name."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".yaml")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def generate(folder: Path, seed: int = SEED, documents: int = FULL_SIZE) -> None:
    """Write `documents.jsonl.gz`, `truth.jsonl` and `questions.jsonl` into `folder`.

    Args:
        folder: is made when it does not exist; files of those names are replaced.
        seed: equal seeds give equal bytes.
        documents: how many rows, `SMALLEST` to `FULL_SIZE`; questions and every kind shrink in proportion.

    Raises:
        ValueError: `documents` is out of range.
    """
    if not SMALLEST <= documents <= FULL_SIZE:
        raise ValueError(f"documents is {documents}; the sample has {SMALLEST} to {FULL_SIZE}, choose within")
    desk = Desk(seed)
    size = documents / FULL_SIZE
    copies = sum(_share(count, size) for _, count in (*_MODEST_COPIES, *_COPIES))
    drafts = _write_all(desk, size)
    while len(drafts) < documents - copies:
        drafts.append(policy.carbon_price(desk))
    asked = choose(drafts, round(QUESTIONS * size), desk.rng)
    drafts += _copies(desk, drafts, {draft for draft, _ in asked}, size)
    desk.rng.shuffle(drafts)
    ids = {draft: f"doc-{number:05d}" for number, draft in enumerate(drafts, start=1)}
    dated = _dated(drafts)
    folder.mkdir(parents=True, exist_ok=True)
    rows = _jsonl(_row(desk, draft, ids[draft], draft in dated) for draft in drafts)
    (folder / "documents.jsonl.gz").write_bytes(gzip.compress(rows, mtime=0))
    (folder / "truth.jsonl").write_bytes(_jsonl(_truth(draft, ids) for draft in drafts))
    (folder / "questions.jsonl").write_bytes(_jsonl(_questions(asked, ids)))


def _share(count: int, size: float) -> int:
    return max(round(count * size), 1)


def _write_all(desk: Desk, size: float) -> list[Draft]:
    """Every draft that is nobody's copy."""
    drafts = [author(desk) for author, count in _SINGLES for _ in range(_share(count, size))]
    for pair in _PAIRS:
        for _ in range(_share(_PAIRS_EACH, size)):
            drafts += pair(desk)
    for template in TEMPLATES:
        drafts += [family_member(desk, template) for _ in range(_share(_FAMILY_SIZE, size))]
    for twins, count in ((amount_twins, _TWINS), (same_head_pair, _HEADS)):
        for _ in range(_share(count, size)):
            drafts += twins(desk)
    return drafts + [author(desk) for author, count in _OTHERS for _ in range(_share(count, size))]


def _copies(desk: Desk, drafts: Sequence[Draft], golden: set[Draft], size: float) -> list[Draft]:
    """Copies of originals, at most one of each; golden ones only in ways that leave them the better text."""
    originals = [draft for draft in drafts if draft.kind == "original" and _may_be_copied(draft.text)]
    desk.rng.shuffle(originals)
    others = [draft for draft in originals if draft not in golden]
    copies: list[Draft] = []
    for author, count in _COPIES:
        copies += [author(desk, others.pop()) for _ in range(_share(count, size))]
    copied = {copy.of for copy in copies}
    left = [draft for draft in originals if draft not in copied]
    for author, count in _MODEST_COPIES:
        copies += [author(desk, left.pop()) for _ in range(_share(count, size))]
    return copies


def _may_be_copied(text: str) -> bool:
    """Whether even the first half of `text` would pass as a text about finance, and no cut would break a table."""
    shortest, longest = _COPIED_LENGTHS
    if not shortest < len(text) < longest or "<table" in text:
        return False
    return finance_count(text[: len(text) // 2]) > _FINANCE_WORDS


def _dated(drafts: Iterable[Draft]) -> set[Draft]:
    """Drafts whose day matters: copied, corrected, derived from another, or asked as of a day."""
    drafts = list(drafts)
    related = {draft.of for draft in drafts if draft.of} | {draft for draft in drafts if draft.of}
    return related | {draft for draft in drafts if any(ask.as_of for ask in draft.asks)}


def _row(desk: Desk, draft: Draft, id: str, dated: bool) -> JsonObject:
    """One input row, in either of the two shapes; the first one has no title and no day."""
    node = uuid.UUID(int=desk.rng.getrandbits(128), version=4)
    metadata: JsonObject = {"source_file": f"crawl_{draft.published:%Y%m}.jsonl"}
    if desk.rng.random() < _NODE_SHARE and not dated:
        if draft.record:
            return {"id": id, "contents": draft.record, "metadata": metadata}
        text = f"node id: {node} text: {draft.title}\n{draft.text}"
        return {"id": id, "contents": text, "metadata": metadata}
    row: JsonObject = {"id": id, "title": draft.title, "text": draft.text or None}
    if draft.record:
        row["record"] = draft.record
    url = f"https://sample.invalid/{draft.published:%Y/%m}/{id}.html"
    return row | {"source": draft.source, "published": draft.published.isoformat(), "url": url}


def _truth(draft: Draft, ids: dict[Draft, str]) -> JsonObject:
    return {
        "id": ids[draft],
        "kind": draft.kind,
        "of": ids[draft.of] if draft.of else None,
        "detail": draft.detail,
    }


def _questions(asked: Iterable[tuple[Draft, Ask]], ids: dict[Draft, str]) -> Iterable[JsonObject]:
    for number, (draft, ask) in enumerate(asked, start=1):
        as_of = ask.as_of.isoformat() if ask.as_of else None
        question = Question(f"q-{number:04d}", ask.query, (ids[draft],), as_of, ask.answer)
        yield asdict(question) | {"gold": list(question.gold)}


def _jsonl(rows: Iterable[JsonObject]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
