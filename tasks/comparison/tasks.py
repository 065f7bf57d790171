"""The tasks of the comparison stage: what changed between two corpora."""

from functools import partial
from pathlib import Path

import orjson
from prefect.artifacts import create_table_artifact

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.comparison.join import EXPORTED, ComparisonSummary, compare
from tasks.comparison.report import comparison_table, render_comparison
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_rows
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.shards import map_shards
from tasks.runtime.steps import Made, step

VERSION = "2026.11.22"

COMPARE = Identity("compare-documents", VERSION, ("rapidfuzz", "altair", "vl-convert-python"))


@step(COMPARE)
def compare_documents(old: ArtifactRef, new: ArtifactRef) -> Made:
    """Two corpora joined by id: what went, came and changed, the likely cause of every change, and a page."""
    store = load_store()
    with progress_in_ui("compare-documents") as progress:
        over_shards = partial(map_shards, store, COMPARE, progress=progress)
        files, summary, total = compare(store.tree(old), store.tree(new), store, over_shards)
    files.append(store.add_file("summary.json", summary.model_dump_json(indent=2).encode()))
    files.append(store.add_file("report.html", render_comparison(summary, total, VERSION).encode()))
    return Made(store.publish("corpus/comparison", files), summary.counts())


@step(Identity("present-comparison", VERSION), cached=False)
def present_comparison(comparison: ArtifactRef) -> Made:
    """Show the accounts of a comparison in the Prefect UI, for cached runs too."""
    summary = ComparisonSummary.model_validate_json(load_store().read(comparison, "summary.json"))
    said = f"旧语料 {summary.old:,} 行，新语料 {summary.new:,} 行"
    create_table_artifact(comparison_table(summary), key="corpus-comparison", description=said)
    return Made(comparison)


@step(Identity("export-comparison", VERSION), cached=False)
def export_comparison(comparison: ArtifactRef, folder: str) -> Made:
    """Write a comparison as plain files: five of rows, and comparison_report.html."""
    store, target = load_store(), Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    tree = store.tree(comparison)
    for part, name in EXPORTED.items():
        with (target / name).open("wb") as out:
            for data in store.blobs(tree.part(part)):
                out.writelines(orjson.dumps(row) + b"\n" for row in decode_rows(data))
    store.download(tree.file("report.html"), target / "comparison_report.html")
    return Made(comparison)
