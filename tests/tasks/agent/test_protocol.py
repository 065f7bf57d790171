"""Every stage asks in the same words."""

from tasks.agent.protocol import SYSTEM, messages
from tasks.verify.response import MARKS


def test_a_question_is_asked_after_the_rules() -> None:
    asked = messages("市盈率是多少？")
    assert [message["role"] for message in asked] == ["system", "user"]
    assert asked[1]["content"] == "市盈率是多少？"
    assert messages("市盈率是多少？") == asked


def test_the_rules_show_every_mark_of_the_format() -> None:
    assert all(mark in SYSTEM for mark in MARKS)
