"""Template families: texts that the identity guard holds apart, joined under the best-ranked text of each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from datasets_registry.records import Family, FamilyMember
from tasks.dedup.guard import conflict
from tasks.dedup.rows import Guarded, Text
from tasks.dedup.slots import Profile, skeleton
from tasks.runtime.parts import decode_rows

SHOWN = 50
"""Families, the largest, that are described."""
MEMBERS = 3
"""Texts of each that are compared with its best-ranked one."""
EXCERPT = 160
LEAD = 40
"""Characters of a skeleton before its first fact that are shown."""

TEXT = TypeAdapter(Text)


@dataclass(frozen=True, slots=True)
class Kin:
    """A family by ids: its best-ranked text, how many texts it has, and the first of those held apart from that one."""

    root: str
    size: int
    members: tuple[str, ...]


def largest_families(guarded: Sequence[Guarded]) -> list[Kin]:
    """The largest families, largest first; `guarded` is in rank order, so a leader comes before those it leads."""
    roots: dict[str, str] = {}
    sizes: dict[str, int] = {}
    members: dict[str, list[str]] = {}
    for each in guarded:
        root = roots[each.id] = roots.get(each.leader, each.leader)
        sizes[root] = sizes.get(root, 1) + 1
        if each.leader == root:
            members.setdefault(root, []).append(each.id)
    order = sorted(sizes, key=lambda root: (-sizes[root], root))
    return [Kin(root, sizes[root], tuple(members[root][:MEMBERS])) for root in order[:SHOWN]]


def named(families: Sequence[Kin]) -> set[str]:
    """The ids of the texts that describing families takes."""
    return {name for each in families for name in (each.root, *each.members)}


def pick_texts(data: bytes, wanted: Collection[str]) -> Iterator[Text]:
    """The texts of a block whose ids are wanted."""
    return (TEXT.validate_python(row) for row in decode_rows(data) if row["id"] in wanted)


def describe_family(kin: Kin, texts: Mapping[str, Text]) -> Family:
    """A family with the passage that its texts share and how some of them differ; `texts` holds those it names."""
    root = texts[kin.root].profile()
    found = (_member(name, texts[name].profile(), root) for name in kin.members)
    return Family(kin.root, kin.size, _passage(skeleton(root)), tuple(member for member in found if member))


def _member(name: str, profile: Profile, root: Profile) -> FamilyMember | None:
    differing = conflict(profile, root)
    if differing is None:
        return None
    return FamilyMember(name, differing.kind, differing.left, differing.right, differing.context)


def _passage(whole: str) -> str:
    """A skeleton from a little before its first fact on, without half a fact at the end."""
    start = max(0, whole.find("<") - LEAD)
    cut = whole[start : start + EXCERPT]
    return cut if cut.rfind("<") <= cut.rfind(">") else cut[: cut.rfind("<")]
