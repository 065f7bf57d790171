"""The tasks of the dedup stage."""

from collections.abc import Callable, Collection, Iterable, Sequence

from blocks.history import lineage
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, FileEntry
from datasets_registry.records import Family
from tasks.dedup.config import DedupConfig
from tasks.dedup.families import describe_family, largest_families, named, pick_texts
from tasks.dedup.rank import Candidate, blocks, ranked
from tasks.dedup.rounds import BlockFiles, inputs_of_round, rounds
from tasks.dedup.rows import Guarded, Member, Outcome, Place
from tasks.dedup.verdicts import guarded, retract, verdicts
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_as, decode_rows
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.rows import add_rows, numbered
from tasks.runtime.shards import map_shards
from tasks.runtime.steps import Made, step

VERSION = "2026.11.24"

DUPLICATES = Identity("find-duplicates", VERSION, ("rapidfuzz",))


@step(DUPLICATES)
def find_duplicates(cleaned: ArtifactRef, earlier: ArtifactRef | None, config: DedupConfig) -> Made:
    """Decide which texts of a cleaned corpus repeat a better-ranked one that stays.

    Args:
        cleaned: the texts; its part `retracted` lists what no longer counts of `earlier`.
        earlier: the verdicts of an earlier corpus, whose texts all rank before these and are not decided again.
        config: what counts as a repeat.
    """
    store = load_store()
    tree = store.tree(cleaned)
    gone = {str(row["id"]) for data in store.blobs(tree.part("retracted")) for row in decode_rows(data)}
    old = _earlier(store, earlier, gone) if earlier else []
    shards = [list(decode_as(data, Candidate)) for data in store.blobs(tree.part("candidates"))]
    order, copies = ranked((candidate for shard in shards for candidate in shard), config)
    cut = [[candidate.id for candidate in block] for block in blocks(order, config)]
    new = _describe(store, tree.part("entries"), shards, cut, config)
    with progress_in_ui("find-duplicates", "comparisons of blocks") as progress:
        _compare(store, old, new, config, progress)
    measured = _measure_engine(store, new, config) if new and config.engine != "exact" else []
    return _published(store, old, new, copies, config, measured)


def earlier_verdicts(corpus: ArtifactRef, config: DedupConfig) -> ArtifactRef:
    """The verdicts that an earlier corpus was made with, from the history.

    Raises:
        ValueError: its texts were read for comparison with settings other than these.
    """
    made = [action for action in lineage(load_store(), corpus) if action.task == DUPLICATES.name]
    then = DedupConfig.model_validate(made[-1].config["config"])
    if (then.phrase_len, then.holds_apart) != (config.phrase_len, config.holds_apart):
        raise ValueError(
            f"corpus {corpus.sha256[:12]} was deduplicated with phrase_len {then.phrase_len}, guard {then.guard} and "
            f"family_policy {then.family_policy}; keep these settings, or build it anew by itself"
        )
    return made[-1].output


def _earlier(
    store: ArtifactStore, earlier: ArtifactRef, retracted: Collection[str]
) -> list[BlockFiles[FileEntry]]:
    """The blocks of an earlier corpus, without what was retracted since."""
    tree = store.tree(earlier)
    parts = (tree.part(name) for name in ("features", "texts", "members", "outcomes"))
    found = [
        BlockFiles(features, texts, members, [outcomes])
        for features, texts, members, outcomes in zip(*parts, strict=True)
    ]
    for block in found if retracted else ():
        members, outcomes = _read(store, block)
        block.outcomes = [add_rows(store, "outcomes", 0, retract(members, outcomes, retracted))]
    return found


def _describe(
    store: ArtifactStore,
    entries: Sequence[FileEntry],
    shards: Sequence[Sequence[Candidate]],
    cut: Sequence[Sequence[str]],
    config: DedupConfig,
) -> list[BlockFiles[FileEntry]]:
    """The texts of every block in rank order, with what the joins read of them."""
    from tasks.dedup.blocks import describe_block, gather_texts  # noqa: PLC0415 it loads compiled kernels

    place = {
        name: Place(name, block, row) for block, names in enumerate(cut) for row, name in enumerate(names)
    }
    gathered = []
    for index, (entry, shard) in enumerate(zip(entries, shards, strict=True)):
        places = (place[candidate.id] for candidate in shard if candidate.id in place)
        gathered.append([entry, add_rows(store, "places", index, places)])
    pieces = map_shards(store, DUPLICATES, gather_texts, gathered, config)
    of_block = [
        [file for file in pieces if file.name.startswith(f"texts-{block:05d}/")] for block in range(len(cut))
    ]
    files = map_shards(store, DUPLICATES, describe_block, of_block, config)
    parts = (
        [file for file in files if file.name.startswith(f"{name}/")]
        for name in ("features", "texts", "members")
    )
    return [BlockFiles(features, texts, members) for features, texts, members in zip(*parts, strict=True)]


def _compare(
    store: ArtifactStore,
    old: Sequence[BlockFiles[FileEntry]],
    new: Sequence[BlockFiles[FileEntry]],
    config: DedupConfig,
    progress: Callable[[int, int], None],
) -> None:
    """Decide block after block, by comparing blocks with all better-ranked texts that stay."""
    from tasks.dedup.blocks import compare_blocks, settle_block  # noqa: PLC0415 it loads compiled kernels

    plan = list(rounds(old, new, lambda block: block.features.bytes, config.compared_mib << 20))
    done, total = 0, sum(len(later) for _, later in plan)
    for better, later in plan:
        work = settle_block if better is later else compare_blocks
        made = map_shards(store, DUPLICATES, work, inputs_of_round(better, later), config)
        for block, outcomes in zip(later, made, strict=True):
            block.outcomes = [outcomes]
        done += len(later)
        progress(done, total)


def _measure_engine(
    store: ArtifactStore, new: Sequence[BlockFiles[FileEntry]], config: DedupConfig
) -> list[FileEntry]:
    from tasks.dedup.blocks import measure_engine  # noqa: PLC0415 it loads compiled kernels

    return map_shards(store, DUPLICATES, measure_engine, [[new[0].features, new[0].texts]], config)


def _published(
    store: ArtifactStore,
    old: Sequence[BlockFiles[FileEntry]],
    new: Sequence[BlockFiles[FileEntry]],
    copies: dict[str, str],
    config: DedupConfig,
    measured: Sequence[FileEntry],
) -> Made:
    """The verdicts on the new texts, what the guard holds apart, and all blocks, for the next day's texts."""
    known = [_read(store, block) for block in (*old, *new)]
    fresh = known[len(old) :]
    gone = verdicts([members for members, _ in fresh], [outcomes for _, outcomes in fresh], copies)
    apart = guarded([members for members, _ in known], [outcomes for _, outcomes in known], config)
    members = [[member.id for member in block] for block, _ in known]
    families = _families(store, [block.texts for block in (*old, *new)], members, apart)
    tables: dict[str, Iterable[object]] = {"verdicts": gone, "guarded": apart, "families": families}
    files = [*measured, *(add_rows(store, name, 0, rows) for name, rows in tables.items())]
    for number, block in enumerate((*old, *new)):
        held = (block.features, block.texts, block.members, *block.outcomes)
        files += (numbered(file, number) for file in held)
    counts = {"duplicates": len(gone), "guarded": sum(each.count for each in apart)}
    return Made(store.publish("dedup/verdicts", files), counts)


def _families(
    store: ArtifactStore,
    texts: Sequence[FileEntry],
    members: Sequence[Sequence[str]],
    apart: Sequence[Guarded],
) -> list[Family]:
    """The largest template families; only blocks that hold a text of one are read."""
    largest = largest_families(apart)
    wanted = named(largest)
    held = [file for file, ids in zip(texts, members, strict=True) if not wanted.isdisjoint(ids)]
    known = {text.id: text for data in store.blobs(held) for text in pick_texts(data, wanted)}
    return [describe_family(family, known) for family in largest]


def _read(store: ArtifactStore, block: BlockFiles[FileEntry]) -> tuple[list[Member], list[Outcome]]:
    members, outcomes = store.blobs([block.members, *block.outcomes])
    return list(decode_as(members, Member)), list(decode_as(outcomes, Outcome))
