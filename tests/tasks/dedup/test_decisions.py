"""Which texts go, and because of which: equal to brute force, and the same however the work is cut."""

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.dedup import blocks
from tasks.dedup.blocks import measure_engine
from tasks.dedup.config import DedupConfig
from tasks.dedup.definition import judge_pair
from tasks.dedup.pairs import Kept, KeysOf, Pairs, Side, alike
from tasks.dedup.rows import Measured
from tasks.runtime.parts import decode_as
from tasks.text.normalise import normalise_key
from tests.tasks.dedup.deciding import Decided, by_brute_force, decide, related, shuffled

DEFAULT = DedupConfig()
seeds = st.integers(0, 10_000)


@settings(max_examples=25, deadline=None)
@given(
    seed=seeds,
    jaccard=st.sampled_from([0.2, 0.4, 0.7]),
    containment=st.sampled_from([0.5, 0.8, 1.0]),
    coverage=st.sampled_from([0.2, 0.5, 0.9]),
    guard=st.booleans(),
)
def test_decisions_equal_brute_force(
    seed: int, jaccard: float, containment: float, coverage: float, guard: bool
) -> None:
    config = DedupConfig(
        jaccard_threshold=jaccard,
        containment_threshold=containment,
        phrase_coverage=coverage,
        guard=guard,
        long_characters=150,
        unequal=3,
    )
    texts = related(seed, 40)
    made = {
        verdict.id: (verdict.layer, verdict.score, verdict.witness)
        for verdict in decide(texts, config).verdicts
    }
    assert made == by_brute_force(texts, config)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, block_texts=st.sampled_from([1, 2, 7, 64]), block_characters=st.sampled_from([100, 10**6]))
def test_order_and_blocks_change_nothing(seed: int, block_texts: int, block_characters: int) -> None:
    texts = related(seed, 30)
    cut = DedupConfig(block_texts=block_texts, block_characters=block_characters)
    one, other = decide(shuffled(texts, seed), cut), decide(texts, DEFAULT)
    assert (one.verdicts, one.guarded) == (other.verdicts, other.guarded)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_every_witness_stays_and_its_pair_verifies(seed: int) -> None:
    texts = related(seed, 40)
    verdicts = decide(texts, DEFAULT).verdicts
    gone = {verdict.id for verdict in verdicts}
    for verdict in verdicts:
        assert verdict.witness not in gone
        judgement = judge_pair(texts[verdict.id], texts[verdict.witness], DEFAULT)
        assert (judgement.layer, judgement.score) == (verdict.layer, verdict.score)


WHOLE = "".join(chr(0x4E00 + 37 * i % 5000) for i in range(900))


def test_an_excerpt_of_yesterday_never_removes_the_whole_of_today() -> None:
    texts = {"excerpt": WHOLE[:500], "whole": WHOLE}
    verdicts = decide(texts, DEFAULT, {"whole": 1}).verdicts
    assert verdicts == []


def test_an_excerpt_goes_because_of_the_whole() -> None:
    (verdict,) = decide({"excerpt": WHOLE[300:700], "whole": WHOLE}, DEFAULT).verdicts
    assert (verdict.id, verdict.witness, verdict.layer) == ("excerpt", "whole", "ngram")


def test_what_was_kept_yesterday_stays() -> None:
    texts = {"old": WHOLE[:-9], "new": WHOLE}
    (verdict,) = decide(texts, DEFAULT, {"new": 1}).verdicts
    assert (verdict.id, verdict.witness) == ("new", "old")


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.5亿元", "15亿元"), ("-3%", "3%"), ("600519", "600518"), ("2024年3月5日", "2024年3月6日")],
)
def test_other_facts_stay_apart_in_every_layer(one: str, other: str) -> None:
    frame = f"{WHOLE[:300]}，（代码 %s）成交 %s 于当日收盘，%s" + WHOLE[300:600]
    texts = {"one": frame % (one, one, one), "other": frame % (other, other, other)}
    decided = decide(texts, DEFAULT)
    assert decided.verdicts == []
    assert [each.count for each in decided.guarded] == [1]
    assert decide(texts, DedupConfig(guard=False)).verdicts


@settings(max_examples=15, deadline=None)
@given(seed=seeds, days=st.integers(2, 4), block_texts=st.sampled_from([5, 64]))
def test_day_after_day_equals_all_at_once(seed: int, days: int, block_texts: int) -> None:
    config = DedupConfig(block_texts=block_texts)
    texts = related(seed, 36)
    day_of = {name: index % days for index, name in enumerate(texts)}
    whole = decide(texts, config, day_of)
    so_far: Decided | None = None
    verdicts = []
    for day in range(days):
        todays = {name: text for name, text in texts.items() if day_of[name] == day}
        so_far = decide(todays, config, earlier=so_far)
        verdicts += so_far.verdicts
    assert so_far
    assert sorted(verdicts, key=lambda verdict: verdict.id) == whole.verdicts
    assert so_far.guarded == whole.guarded


def test_a_retracted_witness_removes_nobody() -> None:
    yesterday = decide({"old": WHOLE, "other": WHOLE[::-1]}, DEFAULT)
    again = {"part": WHOLE[:500], "rest": WHOLE[::-1][:500]}
    assert [each.id for each in decide(again, DEFAULT, earlier=yesterday).verdicts] == ["part", "rest"]
    later = decide(again, DEFAULT, earlier=yesterday, retracted={"old"})
    assert [(each.id, each.witness) for each in later.verdicts] == [("rest", "other")]


def test_a_copy_of_a_text_that_goes_has_its_witness() -> None:
    texts = {"whole": WHOLE, "part": WHOLE[:600], "same": " ".join(WHOLE[:600])}
    verdicts = decide(texts, DEFAULT).verdicts
    assert {verdict.id: verdict.witness for verdict in verdicts} == {"part": "whole", "same": "whole"}


def test_of_a_family_so_many_stay_as_were_asked_for() -> None:
    frame = f"{WHOLE[:400]}证券代码：%s，收盘价%s元。"
    texts = {f"d{i}": frame % (600000 + i, 10.5 + i) for i in range(6)}
    assert decide(texts, DEFAULT).verdicts == []
    verdicts = decide(texts, DedupConfig(family_policy="keep_k", family_keep=2)).verdicts
    assert len(verdicts) == 4
    assert {verdict.reason for verdict in verdicts} == {"family"}


@pytest.mark.parametrize("block_texts", [2, 64])
def test_a_text_that_is_apart_from_enough_others_stays(block_texts: int) -> None:
    frame = f"{WHOLE[:400]}证券代码：%s，收盘价%s元。"
    texts = {f"d{i}": frame % (600000 + i, 10.5 + i) + WHOLE[800 + 9 * i : 809 + 9 * i] for i in range(6)}
    texts["copy"] = texts["d4"][1:]
    config = DedupConfig(block_texts=block_texts)
    assert [each.id for each in decide(texts, config).verdicts] == ["copy"]
    few = decide(texts, config.model_copy(update={"family_enough": 2}))
    assert few.verdicts == []
    assert [each.count for each in few.guarded] == [1, 2, 2, 2, 2, 2]


def test_a_large_family_is_decided_by_its_best_ranked_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = f"{WHOLE[:400]}证券代码：%s，收盘价%s元。"
    texts = {
        f"d{i}": frame % (600000 + i, 10.5 + i) + WHOLE[800 + i : 880 - i // 2 + i % 2] for i in range(80)
    }
    texts |= {"copy": texts["d70"][1:], "excerpt": texts["d3"][:200]}
    config = DedupConfig(block_texts=8, family_enough=3)
    whole = decide(texts, config)
    assert {each.id for each in whole.verdicts} >= {"excerpt"}
    compared = 0

    def counted(first: Side, kept: Kept, keys: KeysOf, config: DedupConfig) -> Pairs:
        nonlocal compared
        pairs = alike(first, kept, keys, config)
        compared += len(pairs.first)
        return pairs

    monkeypatch.setattr(blocks, "alike", counted)
    assert decide(texts, config) == whole
    in_full = compared
    monkeypatch.setattr(blocks, "PAIRS_AT_ONCE", 32)
    compared = 0
    assert decide(texts, config) == whole
    assert compared < 2 * in_full / 3


def test_a_shared_disclaimer_is_no_reason() -> None:
    notice = (
        "本文仅代表作者个人观点，不构成任何投资建议，投资者据此操作，风险自担，与本平台无关，转载请注明出处。"
    )
    texts = {"one": WHOLE[:300] + notice, "other": WHOLE[400:700] + notice}
    assert decide(texts, DEFAULT).verdicts == []
    literal = DedupConfig(phrase_coverage=0, allow_literal_phrases=True)
    assert [verdict.layer for verdict in decide(texts, literal).verdicts] == ["phrase"]


def test_literal_phrases_must_be_meant() -> None:
    with pytest.raises(ValueError, match="one disclaimer has five"):
        DedupConfig(phrase_coverage=0)


def test_no_texts() -> None:
    assert decide({}, DEFAULT) == Decided([], [], [])


@pytest.mark.parametrize("engine", ["simhash", "minhash"])
def test_other_engines_remove_only_what_the_exact_one_would(engine: Literal["simhash", "minhash"]) -> None:
    texts = related(5, 60)
    exact = {verdict.id for verdict in decide(texts, DEFAULT).verdicts}
    verdicts = decide(texts, DedupConfig(engine=engine)).verdicts
    for verdict in verdicts:
        judgement = judge_pair(texts[verdict.id], texts[verdict.witness], DEFAULT)
        assert (judgement.layer, judgement.score) == (verdict.layer, verdict.score)
    assert len({verdict.id for verdict in verdicts} & exact) > len(exact) / 2


def test_an_engine_is_measured_against_the_exact_one() -> None:
    texts = related(5, 60)
    for engine, at_least in (("minhash", 0.9), ("simhash", 0.1)):
        config = DedupConfig(engine=engine)  # type: ignore[arg-type]
        block = decide(texts, config).blocks[0]
        (measured,) = decode_as(
            measure_engine([block.features, block.texts], config)["engine"].data, Measured
        )
        assert measured.texts == len({*map(normalise_key, texts.values())})
        assert at_least * measured.pairs <= measured.found <= measured.pairs
