"""Template families: every text that is held apart belongs to one, under a text that stays and leads it."""

from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import FamilyMember
from tasks.dedup.config import DedupConfig
from tasks.dedup.families import (
    EXCERPT,
    MEMBERS,
    SHOWN,
    describe_family,
    largest_families,
    named,
    pick_texts,
)
from tasks.dedup.features import Text
from tasks.dedup.verdicts import Guarded
from tasks.runtime.parts import encode_rows
from tasks.text.facts import find_facts
from tests.tasks.dedup.deciding import decide

NOTICE = (
    "某某科技股份有限公司（{code}）公告：公司于{date}使用闲置自有资金购买的理财产品已经到期赎回，收回本金{amount}万元，"
    "本金及收益均已归还至公司账户。敬请广大投资者注意投资风险，理性决策。特此公告。"
)


def notice(number: int) -> str:
    return NOTICE.format(code=f"{600100 + number}.SH", date=f"2024年3月{number + 1}日", amount=5000 + number)


def text(name: str, contents: str) -> Text:
    return Text(0, name, contents, tuple(find_facts(contents)))


def apart(name: str, leader: str) -> Guarded:
    return Guarded(name, 1, leader, "")


def test_a_leader_that_is_led_itself_leads_to_the_root() -> None:
    (family,) = largest_families([apart("b", "a"), apart("c", "b"), apart("d", "c"), apart("e", "a")])
    assert (family.root, family.size, family.members) == ("a", 5, ("b", "e"))


def test_families_come_largest_first_and_only_so_many() -> None:
    rows = [apart(f"m{root}-{number}", f"r{root:02}") for root in range(60) for number in range(1 + root % 7)]
    families = largest_families(rows)
    assert len(families) == SHOWN
    assert [family.size for family in families] == sorted((2 + root % 7 for root in range(60)), reverse=True)[
        :SHOWN
    ]
    assert families[0].root == "r06" and len(families[0].members) == MEMBERS


@given(st.lists(st.integers(0, 30), max_size=40))
def test_every_text_is_in_exactly_one_family(leaders: list[int]) -> None:
    rows = [apart(f"t{number}", f"t{min(leader, number) - 1}") for number, leader in enumerate(leaders)]
    families = largest_families(rows)
    led = {row.id for row in rows}
    assert sum(family.size for family in families) == len(rows) + len(families)
    assert not led & {family.root for family in families}


def test_notices_of_one_template_are_told_by_what_differs() -> None:
    texts = {f"n{number}": notice(number) for number in range(6)}
    decided = decide(texts, DedupConfig())
    assert decided.verdicts == []
    (family,) = largest_families(decided.guarded)
    assert family.size == 6
    known = {name: text(name, texts[name]) for name in named([family])}
    told = describe_family(family, known)
    assert "<code>" in told.skeleton and "<date>" in told.skeleton and "<number 元>" in told.skeleton
    first = told.members[0]
    spelled = f"{600100 + int(first.id[1:])}.SH", f"{600100 + int(family.root[1:])}.SH"
    assert (first.kind, first.value, first.against) == ("code", *spelled)
    assert len(told.members) == MEMBERS


def test_a_member_that_differs_in_nothing_is_not_shown() -> None:
    (family,) = largest_families([apart("same", "root"), apart("other", "root")])
    known = {
        "root": text("root", notice(0)),
        "same": text("same", notice(0)),
        "other": text("other", notice(1)),
    }
    told = describe_family(family, known)
    assert [member.id for member in told.members] == ["other"]
    assert isinstance(told.members[0], FamilyMember) and told.size == 3


@given(lead=st.integers(0, 200), facts=st.integers(1, 40), between=st.integers(0, 20))
def test_a_passage_begins_near_the_first_fact_and_ends_with_a_whole_one(
    lead: int, facts: int, between: int
) -> None:
    contents = "公告说明" * (lead // 4) + ("营" * between + "收入1.5亿元") * facts
    (family,) = largest_families([apart("other", "root")])
    told = describe_family(family, {"root": text("root", contents), "other": text("other", contents)})
    assert told.skeleton.count("<") == told.skeleton.count(">") >= 1
    assert len(told.skeleton) <= EXCERPT and told.skeleton.index("<") <= 40


def test_only_wanted_texts_are_picked() -> None:
    data = encode_rows([text("a", notice(1)), text("b", notice(2))]).data
    assert list(pick_texts(data, {"b", "missing"})) == [text("b", notice(2))]
