"""Of equal texts the best ranked stays, whatever order they come in."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.dedup.config import DedupConfig
from tasks.dedup.exact import exact_copies
from tasks.dedup.rank import Candidate, rank

NONE_NAMED = DedupConfig()

candidates = st.lists(
    st.builds(
        Candidate,
        id=st.text("abcdef", min_size=1, max_size=4),
        key_sha256=st.sampled_from(["k1", "k2", "k3"]),
        content_sha256=st.sampled_from(["c1", "c2"]),
        source=st.sampled_from(["交易所", "转载"]),
        published=st.sampled_from([None, "2024-01-01", "2024-01-02"]),
        length=st.integers(100, 103),
    ),
    max_size=12,
    unique_by=lambda candidate: candidate.id,
)


def one(name: str, **changes: object) -> Candidate:
    fields = {
        "key_sha256": "k",
        "content_sha256": "c",
        "source": "s",
        "published": "2024-01-02",
        "length": 100,
    }
    return Candidate(id=name, **(fields | changes))  # type: ignore[arg-type]


def test_the_earlier_of_two_equal_texts_stays() -> None:
    (verdict,) = exact_copies([one("later"), one("earlier", published="2024-01-01")], NONE_NAMED)
    assert (verdict.id, verdict.witness, verdict.layer, verdict.score) == ("later", "earlier", "exact", 1.0)


def test_a_longer_text_goes_before_an_earlier_one() -> None:
    (verdict,) = exact_copies([one("early", published="2020-01-01"), one("long", length=101)], NONE_NAMED)
    assert verdict.witness == "long"


def test_a_trusted_source_goes_before_everything() -> None:
    config = DedupConfig(source_tiers={"交易所": 0})
    (verdict,) = exact_copies([one("long", length=900), one("trusted", source="交易所")], config)
    assert verdict.witness == "trusted"


def test_an_undated_text_goes_last() -> None:
    (verdict,) = exact_copies([one("undated", published=None), one("dated")], NONE_NAMED)
    assert verdict.witness == "dated"


@given(candidates, st.randoms())
def test_the_order_of_the_input_changes_nothing(found: list[Candidate], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert exact_copies(found, NONE_NAMED) == exact_copies(shuffled, NONE_NAMED)


@given(candidates)
def test_one_of_each_kind_stays_and_is_the_witness_of_the_others(found: list[Candidate]) -> None:
    verdicts = {verdict.id: verdict for verdict in exact_copies(found, NONE_NAMED)}
    by_id = {candidate.id: candidate for candidate in found}
    stays = [candidate for candidate in found if candidate.id not in verdicts]
    assert len(stays) == len({candidate.key_sha256 for candidate in found})
    for verdict in verdicts.values():
        witness = by_id[verdict.witness]
        assert witness in stays
        assert witness.key_sha256 == by_id[verdict.id].key_sha256
        assert rank(witness, NONE_NAMED) < rank(by_id[verdict.id], NONE_NAMED)
