"""Pages show hostile text harmlessly, and shares that are small as small."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tasks.pages.rendering import excerpt, number, percent, render, visible


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "greeting.html.j2"
    path.write_text(
        '{% extends "page.html.j2" %}{% block title %}{{ title }}{% endblock %}'
        "{% block main %}<p>{{ name | visible }}</p>{% endblock %}"
    )
    return path


def test_a_page_has_the_shared_style_and_loads_nothing(template: Path) -> None:
    page = render(template, title="问候", name="债券")
    assert "<title>问候</title>" in page
    assert "default-src 'none'" in page
    assert "<p>债券</p>" in page


def test_markup_in_a_text_is_text(template: Path) -> None:
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in render(
        template, title="问候", name="<script>alert(1)</script>"
    )


def test_a_forgotten_value_is_an_error(template: Path) -> None:
    with pytest.raises(UndefinedError, match="title"):
        render(template, name="债券")


def test_characters_that_cannot_be_seen_are_written_out() -> None:
    assert visible("涨\u202e跌\u200b") == "涨⟨U+202E⟩跌⟨U+200B⟩"


def test_excerpts_say_that_they_are_cut() -> None:
    assert (excerpt("一二三四", 4), excerpt("一二三四五", 4)) == ("一二三四", "一二三四…")


def test_numbers_and_shares() -> None:
    assert (number(1234567), percent(1, 3), percent(1, 10_000), percent(0), percent(1, 0)) == (
        "1,234,567", "33.3%", "< 0.1%", "0.0%", "0.0%"
    )  # fmt: skip
