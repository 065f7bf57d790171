"""Deduplication of texts in memory by the shard functions of the stage, and the same decided by brute force."""

import hashlib
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tasks.dedup.blocks import compare_blocks, describe_block, settle_block
from tasks.dedup.config import DedupConfig
from tasks.dedup.definition import judge_pair
from tasks.dedup.rank import Candidate, blocks, rank, ranked
from tasks.dedup.rounds import BlockFiles, inputs_of_round, rounds
from tasks.dedup.rows import Guarded, Member, Outcome, Text, Verdict
from tasks.dedup.verdicts import guarded, retract, verdicts
from tasks.runtime.parts import Inputs, decode_as, encode_rows
from tasks.text.facts import find_facts
from tasks.text.normalise import normalise_key


def candidate(name: str, text: str, snapshot: int = 0) -> Candidate:
    """A text as ranking sees it; `snapshot` and its length rank it."""
    key = normalise_key(text)
    return Candidate(
        id=name,
        key_sha256=hashlib.sha256(key.encode()).hexdigest(),
        content_sha256=hashlib.sha256(text.encode()).hexdigest(),
        source="",
        published=None,
        length=len(key),
        snapshot=snapshot,
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, and every block for a later corpus to go on from."""

    verdicts: list[Verdict]
    guarded: list[Guarded]
    blocks: list[BlockFiles[bytes]]


def decide(
    texts: dict[str, str],
    config: DedupConfig,
    snapshots: dict[str, int] | None = None,
    earlier: Decided | None = None,
    retracted: Collection[str] = (),
) -> Decided:
    """Decide about texts, all of which rank behind those of `earlier`, of which some may be `retracted`."""
    snapshots = snapshots or {}
    order, copies = ranked((candidate(name, texts[name], snapshots.get(name, 0)) for name in texts), config)
    cut = [[each.id for each in block] for block in blocks(order, config)]
    known = [_without(block, retracted) for block in earlier.blocks] if earlier else []
    old = len(known)
    known += [_described([texts[name] for name in names], names, config) for names in cut]
    for better, later in rounds(known[:old], known[old:], lambda _: 1, limit=3):
        for block, files in zip(later, inputs_of_round(better, later), strict=True):
            made = settle_block(files, config) if better is later else compare_blocks(_inputs(files), config)
            block.outcomes = [made["outcomes"].data]
    outcomes = [list(decode_as(block.outcomes[0], Outcome)) for block in known]
    members = [list(decode_as(block.members, Member)) for block in known]
    return Decided(verdicts(members[old:], outcomes[old:], copies), guarded(members, outcomes, config), known)


def _inputs(files: Sequence[bytes]) -> Inputs:
    named = {hashlib.sha256(data).hexdigest(): data for data in files}
    return Inputs([hashlib.sha256(data).hexdigest() for data in files], named.__getitem__)


def _without(block: BlockFiles[bytes], ids: Collection[str]) -> BlockFiles[bytes]:
    outcomes = retract(
        list(decode_as(block.members, Member)), list(decode_as(block.outcomes[0], Outcome)), ids
    )
    return replace(block, outcomes=[encode_rows(outcomes).data])


def _described(texts: Sequence[str], names: Sequence[str], config: DedupConfig) -> BlockFiles[bytes]:
    rows = [
        Text(row, name, text, tuple(find_facts(text)))
        for row, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    pieces = [encode_rows(rows[::2]).data, encode_rows(rows[1::2]).data]
    made = describe_block(pieces, config)
    return BlockFiles(made["features"].data, made["texts"].data, made["members"].data)


def by_brute_force(
    texts: dict[str, str], config: DedupConfig, snapshots: dict[str, int] | None = None
) -> dict[str, tuple[str, float, str]]:
    """Every text that goes, with layer, score and witness: one by one in rank order, against all that stay."""
    snapshots = snapshots or {}
    order = sorted(
        (candidate(name, texts[name], snapshots.get(name, 0)) for name in texts),
        key=lambda each: rank(each, config),
    )
    stays: list[str] = []
    originals: dict[str, str] = {}
    gone: dict[str, tuple[str, float, str]] = {}
    for each in order:
        original = originals.setdefault(each.key_sha256, each.id)
        if original != each.id:
            gone[each.id] = gone.get(original, ("exact", 1.0, original))
            continue
        for other in stays:
            judgement = judge_pair(texts[each.id], texts[other], config)
            if judgement.layer and not judgement.guarded:
                gone[each.id] = (judgement.layer, judgement.score, other)
                break
        else:
            stays.append(each.id)
    return gone


def related(seed: int, count: int) -> dict[str, str]:
    """Texts that repeat, contain, resemble and merely recall each other, in every mixture."""
    random_ = random.Random(seed)
    words = [
        "".join(random_.choices("金融市场银行利率上升下降公司报告披露增长", k=random_.randint(2, 5)))
        for _ in range(60)
    ]
    originals = [
        "，".join(random_.choices(words, k=random_.randint(8, 60))) for _ in range(max(2, count // 4))
    ]
    made: list[str] = []
    for _ in range(count):
        text = random_.choice(originals)
        match random_.randrange(7):
            case 0:
                text = _edited(text, random_, 0.03)
            case 1:
                text = text[: random_.randint(len(text) // 3, len(text))]
            case 2:
                text = f"{random_.choice(originals)}。{text}。{random_.choice(originals)}"
            case 3:
                text = text.replace("，", " , ")
            case 4:
                text = f"{text}，净利润{random_.randint(1, 3)}.5亿元，同比增长{random_.randint(1, 2)}0%"
            case 5:
                text = _edited(text, random_, 0.2)
        made.append(text)
    return {f"d{index:04d}": text for index, text in enumerate(made)}


def _edited(text: str, random_: random.Random, rate: float) -> str:
    return "".join(random_.choice("甲乙丙丁") if random_.random() < rate else each for each in text)


def shuffled(texts: dict[str, str], seed: int) -> dict[str, str]:
    """The same texts in another order."""
    names = list(texts)
    random.Random(seed).shuffle(names)
    return {name: texts[name] for name in names}
