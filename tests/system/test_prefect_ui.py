"""The Prefect UI in a real browser: deployments, a run from the form, Retry after a failure and after a crash.

`FINLOOM_SCREENSHOTS=rewrite` also takes the pictures of docs/screenshots anew.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import psutil
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright
from pydantic import BaseModel, JsonValue

from tasks.corpus.config import CleaningConfig, QualityConfig, ReadingConfig
from tasks.dedup.config import DedupConfig
from tests.system.conftest import ROOT, System
from tests.system.prefect_api import PrefectApi, eventually
from tests.system.test_resume import EXPORTED, write_documents

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
WIDTH, HEIGHT = 1440, 900
SLOWEST_PAGE = 60_000

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium on the PATH; install it (Debian: apt-get install chromium)"
    ),
]

CONFIGS: tuple[type[BaseModel], ...] = (ReadingConfig, CleaningConfig, QualityConfig, DedupConfig)
KEPT_STEPS = ("read-rows", "clean-documents", "find-duplicates", "assemble-corpus", "report-corpus")
# Bounds that no text here is near: no byte of the result changes, but nothing comes from the cache of other runs.
OTHER_KEYS = (
    "--set",
    "reading.max_line_megabytes=17",
    "--set",
    "quality.min_characters=99",
    "--refresh",
    "all",
)

FIRMS = [f"{first}{second}" for first in "华中国海东南" for second in "泰信通达"]
NEWS = (
    "{company}公告：2024年度公司实现营业收入{income}.5亿元，同比增长12.3%，归属于上市公司股东的净利润为3.2亿元。"
    * 3
)
# What `write_announcements` writes, as the rows of the table that shows where every line went.
ACCOUNTS = (
    *("结构化1", "保留24", "隔离1"),
    *("过滤：too_little_chinese1", "过滤：too_short2", "重复：exact1"),
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A tab of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        expect.set_options(timeout=SLOWEST_PAGE)
        tab.set_default_timeout(SLOWEST_PAGE)
        yield tab
        browser.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for inputs whose name is fit for a picture."""
    with tempfile.TemporaryDirectory(prefix="announcements-") as made:
        yield Path(made)


def write_announcements(path: Path) -> None:
    """Thirty lines: good texts, a copy, a quote, and what a corpus must not hold."""
    rows: list[dict[str, object]] = [
        {
            "id": f"a{n}",
            "title": f"第{n}号公告",
            "text": NEWS.format(company=f"{FIRMS[n]}科技股份有限公司", income=n + 10),
        }
        for n in range(24)
    ]
    rows.append(rows[0] | {"id": "copy"})
    rows.append({"id": "quote", "contents": {"股票代码": "600519", "收盘价": "1520.0"}, "metadata": {}})
    rows += [{"id": f"short{n}", "title": "短讯", "text": "今日休市。"} for n in range(2)]
    rows.append(
        {"id": "english", "title": "News", "text": "Nothing of this text is written in Chinese. " * 5}
    )
    lines = [orjson.dumps({"source": "交易所"} | row) for row in rows]
    path.write_bytes(b"\n".join([*lines, b'{"id": "broken", "text": "', b""]))


def picture(page: Page, name: str, height: int = HEIGHT) -> None:
    """Take a picture for the documentation, where that is asked for."""
    if os.environ.get("FINLOOM_SCREENSHOTS") != "rewrite":
        return
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.mouse.move(0, 0)
    # The graph of a run is drawn on a canvas, which says nowhere that it is done.
    page.wait_for_timeout(3000)
    page.screenshot(path=ROOT / "docs" / "screenshots" / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def field(page: Page, part: str, label: str) -> Locator:
    """A text field of a form by its label, which the page does not tie to it."""
    return page.locator(part, has_text=label).get_by_role("textbox")


def show_run(page: Page, prefect: PrefectApi, run_id: str, state: str) -> None:
    """Open the page of a run and see its state."""
    page.goto(f"{ui(prefect)}/runs/flow-run/{run_id}")
    expect(page.get_by_text(state, exact=True).first).to_be_visible()


def press_retry(page: Page) -> None:
    """On the page of a run: Retry, and Retry again where the UI asks whether one is sure."""
    page.get_by_role("button", name="Retry").click()
    with page.expect_response("**/set_state") as answer:
        page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    assert answer.value.json()["status"] == "ACCEPT"


def ui(prefect: PrefectApi) -> str:
    return prefect.url.removesuffix("/api")


def published(system: System, name: str) -> set[str]:
    """The checksums of every corpus that was ever in force under a name."""
    done = system.finloom("versions", "corpus", "list", "--name", name, "--json")
    return {version["target"]["sha256"] for version in orjson.loads(done.stdout)}


def kill_run(run_id: str) -> None:
    """As the kernel does when memory is short: kill -9 for the run's process and its Dask workers, all at once."""
    family = []
    for process in psutil.process_iter():
        try:
            of_run = process.environ().get("PREFECT__FLOW_RUN_ID") == run_id
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
        if of_run:
            family.append(process)
    assert family, f"no process works on flow run {run_id}"
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=30)


def test_the_deployments_page_lists_every_flow_and_the_nightly_schedule(
    page: Page, prefect: PrefectApi
) -> None:
    page.goto(f"{ui(prefect)}/deployments")
    for name in ("build-corpus", "build-index", "research-factory", "reindex-nightly"):
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name))
        expect(row).to_contain_text("Ready")
    nightly = page.get_by_role("row").filter(has_text="reindex-nightly")
    expect(nightly).to_contain_text("At 02:00 AM")
    picture(page, "deployments", height=600)


def test_a_run_started_from_the_form_completes_and_shows_its_accounts(
    page: Page, prefect: PrefectApi, folder: Path
) -> None:
    source = folder / "2025-03.jsonl"
    write_announcements(source)
    page.goto(f"{ui(prefect)}/deployments/deployment/{prefect.deployment('build-corpus')}/run")
    for config in CONFIGS:
        for setting in config.model_fields.values():
            expect(page.get_by_text(str(setting.description))).to_be_visible()
    field(page, ".p-label", "Run Name").fill("announcements-of-march")
    field(page, ".schema-form-property", "input (Optional)").fill(str(source))
    picture(page, "run-form", height=2400)
    with page.expect_response("**/create_flow_run") as answer:
        page.get_by_role("button", name="Submit").click()
    run_id = answer.value.json()["id"]
    assert prefect.run(run_id).parameters["input"] == str(source)

    assert prefect.end(run_id) == "Completed"
    assert set(prefect.steps(run_id, last="publish-corpus").values()) <= {"Completed", "Cached"}
    shown = eventually(lambda: prefect.artifacts(run_id), "the artifacts of the run")
    assert {shown["corpus-accounts"].type, shown["corpus-summary"].type} == {"table", "markdown"}
    show_run(page, prefect, run_id, "Completed")
    picture(page, "run")
    page.get_by_text("Artifacts", exact=True).click()
    expect(page.get_by_text("corpus-summary").first).to_be_visible()
    page.get_by_text("corpus-accounts").first.click()
    for cells in ACCOUNTS:
        expect(page.get_by_role("row").filter(has_text=cells)).to_be_visible()
    picture(page, "artifacts")


def test_retry_pressed_on_a_failed_run_completes_it_from_the_cache(
    system: System, page: Page, prefect: PrefectApi, folder: Path
) -> None:
    source, blocked = folder / "in.jsonl", folder / "results"
    write_announcements(source)
    blocked.write_text("a file where the export wants a folder")
    parameters: dict[str, JsonValue] = {"input": str(source), "name": "failed", "export": str(blocked)}
    run_id = prefect.start("build-corpus", parameters)
    assert prefect.end(run_id) == "Failed"
    assert prefect.steps(run_id, last="export-corpus")["export-corpus"] == "Failed"

    blocked.unlink()
    show_run(page, prefect, run_id, "Failed")
    press_retry(page)
    assert prefect.end(run_id, attempt=2) == "Completed"
    again = prefect.steps(run_id, last="export-corpus", attempt=2)
    assert {step: again[step] for step in KEPT_STEPS} == dict.fromkeys(KEPT_STEPS, "Cached")
    assert sorted(path.name for path in blocked.iterdir()) == sorted(EXPORTED)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    undisturbed = system.json(
        "run", "build-corpus", "--set", f"input={source}", "--set", "name=failed", *OTHER_KEYS
    )
    assert published(system, "failed") == {undisturbed["sha256"]}


def test_retry_pressed_on_a_crashed_run_goes_on_where_it_died(
    system: System, page: Page, prefect: PrefectApi, folder: Path
) -> None:
    source = folder / "in.jsonl"
    write_documents(source, 1000, seed=5)
    parameters: dict[str, JsonValue] = {
        "input": str(source),
        "name": "crashed",
        "reading": {"rows_per_shard": 100},
    }
    run_id = prefect.start("build-corpus", parameters)

    def cleaned() -> JsonValue:
        progress = prefect.artifacts(run_id).get("clean-documents")
        return progress.data if progress else None

    eventually(cleaned, "the first cleaned shard")
    kill_run(run_id)
    assert prefect.end(run_id) == "Crashed"
    # The worker reports a crash twice, and its second report would undo a Retry pressed seconds after the first.
    eventually(lambda: "prefect.worker.executed-flow-run" in prefect.events(run_id), "the worker to be done")
    before = prefect.steps_now(run_id)
    assert "publish-corpus" not in before

    show_run(page, prefect, run_id, "Crashed")
    press_retry(page)
    assert prefect.end(run_id, attempt=2) == "Completed"
    after = prefect.steps(run_id, last="publish-corpus", attempt=2)
    finished = [step for step in KEPT_STEPS if before.get(step) in ("Completed", "Cached")]
    assert finished
    assert {step: after[step] for step in finished} == dict.fromkeys(finished, "Cached")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    show_run(page, prefect, run_id, "Completed")
    picture(page, "retried")
    undisturbed = system.json(
        *("run", "build-corpus", "--set", f"input={source}", "--set", "name=crashed"),
        *("--set", "reading.rows_per_shard=100", *OTHER_KEYS),
    )
    assert published(system, "crashed") == {undisturbed["sha256"]}
