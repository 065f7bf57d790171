"""Of a pool of texts the best of each group of repeats stays, by the same measures as sets of n-grams give."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.contexts.config import ContextConfig
from tasks.contexts.repeats import without_repeats

TEXTS = st.lists(st.text("碳配额价格上涨", min_size=0, max_size=24), min_size=1, max_size=12)
LONG = "全国碳市场配额成交量创出年内新高，多家控排企业集中在履约期前补足缺口，现货价格随之上行。"
OTHER = "央行下调中期借贷便利利率，债券收益率全线回落，机构认为后续降准空间仍然存在且时点临近。"


def grams(text: str) -> set[str]:
    """Runs of three characters; a shorter text is one of its own."""
    return {text[start : start + 3] for start in range(max(1, len(text) - 2))} if text else set()


def same(left: str, right: str, config: ContextConfig) -> bool:
    a, b = grams(left), grams(right)
    if not a or not b:
        return False
    shared = len(a & b)
    return (
        shared >= config.jaccard_threshold * len(a | b)
        or shared >= config.containment_threshold * min(len(a), len(b))
    )  # fmt: skip


@given(TEXTS, st.sampled_from([0.2, 0.4, 1.0]), st.data())
@settings(deadline=None, max_examples=60)
def test_what_stays_is_what_going_through_a_pool_by_hand_keeps(
    texts: list[str], jaccard: float, data: st.DataObject
) -> None:
    # Phrases longer than the texts: the n-gram rules alone decide.
    config = ContextConfig(jaccard_threshold=jaccard, phrase_len=50)
    numbers = list(range(len(texts)))
    pools = [data.draw(st.permutations(numbers)), numbers[:3], []]
    wanted = []
    for pool in pools:
        stay: list[int] = []
        for number in pool:
            if not any(same(texts[number], texts[other], config) for other in stay):
                stay.append(number)
        wanted.append(stay)
    assert without_repeats(pools, texts, config) == wanted


def test_phrases_find_what_n_grams_do_not() -> None:
    quoted = LONG + "".join(map(chr, range(0x4E00, 0x4E00 + 200)))
    texts = [quoted, LONG + "".join(map(chr, range(0x5E00, 0x5E00 + 30))), OTHER]
    strict = ContextConfig(containment_threshold=1.0)
    assert without_repeats([[0, 1, 2]], texts, strict) == [[0, 2]]
    assert without_repeats([[1, 2, 0]], texts, strict) == [[1, 2]]
    assert without_repeats([[0, 1, 2]], texts, strict.model_copy(update={"phrase_coverage": 1.0})) == [
        [0, 1, 2]
    ]


def test_digits_do_not_tell_contexts_apart() -> None:
    texts = [f"{LONG}当日成交{amount}万吨。" for amount in (31.5, 812)]
    assert without_repeats([[1, 0]], texts, ContextConfig()) == [[1]]


def test_the_best_of_a_pool_always_stays() -> None:
    assert without_repeats([[2, 0, 1]], ["", "", ""], ContextConfig()) == [[2, 0, 1]]
    assert without_repeats([], [], ContextConfig()) == []
