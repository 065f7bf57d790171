"""The page shows three methods side by side, marks the words of the query, and trusts no document."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from datasets_registry.records import Document
from services.search.app import make_app
from services.search.page import marked
from tests.fakes.page import Page
from tests.services.conftest import QUICK, Folders, documents, serving
from tests.tasks.conftest import WriteIndex

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>碳配额\u202e"


@pytest.fixture
def server(tmp_path: Path, write_index: WriteIndex) -> Iterator[httpx.Client]:
    """A server whose index has a document that would like to be a script."""
    folders = Folders(tmp_path)
    evil = Document("evil<b>", f"{EVIL}成交上涨。" * 4, f"{EVIL}标题", "2024-01-05", EVIL, {})
    folders.promote(folders.add(write_index([*documents(), evil])))
    with serving(make_app(folders, QUICK)) as client:
        yield client


def test_three_methods_stand_side_by_side(server: httpx.Client) -> None:
    answer = server.get("/", params={"q": "央行利率通知", "top_k": 3})
    page = Page(answer.text)
    assert answer.text.count("<section>") == 3
    assert answer.text.count("<li>") == 9
    assert set(page.marked["mark"]) == {"央行", "利率", "通知"}
    assert "BM25（词）" in answer.text


def test_what_documents_say_is_text(server: httpx.Client) -> None:
    answer = server.get("/", params={"q": "碳配额<script>", "top_k": 50})
    page = Page(answer.text)
    assert "evil&lt;b&gt;" in answer.text
    assert not {"script", "img", "b"} & page.tags
    assert "onerror" not in page.attributes
    assert "\u202e" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy


def test_nothing_comes_from_elsewhere(server: httpx.Client) -> None:
    assert not {"src", "href"} & Page(server.get("/", params={"q": "利率"}).text).attributes


def test_the_as_of_date_is_kept(server: httpx.Client) -> None:
    answer = server.get("/", params={"q": "统计", "as_of": "2024-02-01", "top_k": 50})
    assert 'value="2024-02-01"' in answer.text
    assert "2024-02-01　" in answer.text and "2024-03-01　" not in answer.text
    assert "只找 2024-02-01 及以前发布的文档，日期不详的除外。" in answer.text
    assert "日期不详　" not in answer.text


@pytest.mark.parametrize("day", ["soon", "2024-13-01"])
def test_a_date_that_is_none_is_said(server: httpx.Client, day: str) -> None:
    answer = server.get("/", params={"q": "利率", "as_of": day})
    assert answer.status_code == 422
    assert f"as_of is &#39;{day}&#39;" in answer.text


def test_without_a_question_there_is_a_form(server: httpx.Client) -> None:
    answer = server.get("/")
    assert answer.status_code == 200
    assert "<form" in answer.text and "<section>" not in answer.text
    assert server.get("/readyz").json()["index"][:12] in answer.text


@given(st.text(), st.lists(st.text(max_size=3), max_size=4))
def test_marking_keeps_every_character(text: str, words: list[str]) -> None:
    pieces = marked(text, words)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)
    assert all(piece.lower() in {word.lower() for word in words} for piece, hit in pieces if hit)


@given(st.text("ab碳", min_size=1, max_size=8), st.text("ab碳", min_size=1, max_size=3))
def test_a_word_that_stands_there_is_marked(text: str, word: str) -> None:
    assert any(hit for _, hit in marked(text, [word])) == (word in text)


@pytest.fixture
def tab() -> Iterator[Tab]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.set_default_timeout(60_000)
        yield tab
        browser.close()


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH; install it (Debian: apt-get install chromium)"
)
def test_in_a_browser_a_question_is_typed_and_answered(
    server: httpx.Client, tab: Tab, tmp_path: Path
) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(str(server.base_url))
    tab.get_by_label("问题").fill("碳配额成交")
    tab.get_by_label("截止日期").fill("2024-06-30")
    tab.get_by_role("button", name="检索").click()
    tab.wait_for_selector("section")
    assert tab.locator("section h2").all_inner_texts() == ["BM25（词）", "向量（义）", "混合"]
    left = [box["x"] for box in (section.bounding_box() for section in tab.locator("section").all()) if box]
    assert left == sorted(set(left))
    assert tab.locator("mark").first.is_visible()
    assert tab.get_by_label("截止日期").input_value() == "2024-06-30"
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(url.startswith(str(server.base_url)) for url in asked)
    assert said == []
    tab.set_viewport_size({"width": 390, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
