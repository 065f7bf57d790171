"""The catalog: which data sets and models finloom knows, where they come from and under which terms.

The entries are the YAML files of `catalog/`, one file a group. A fact that nobody has checked is null, never
a guess: `verified` says what was read at the source, `recalled` what is only known from memory and must be
checked before use.
"""

import difflib
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from datasets_registry.artifact import SHA256

Stage = Literal[
    "corpus",
    "dedup",
    "queries",
    "embedding",
    "indexing",
    "reasoning",
    "sft",
    "grpo",
    "evaluation",
    "safety",
    "release",
]
RecordKind = Literal["document", "question"]

FIELDS: dict[RecordKind, frozenset[str]] = {
    "document": frozenset({"id", "text", "title", "source", "published"}),
    "question": frozenset({"id", "query", "answer", "gold", "as_of"}),
}
REQUIRED: dict[RecordKind, str] = {"document": "text", "question": "query"}


class UnknownEntry(KeyError):
    """No entry has the name that was asked for."""

    def __str__(self) -> str:
        return str(self.args[0])


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(_Plain):
    """Where the files are: an id on a hub, or for `url` the address of their folder.

    `mirror` is the id on ModelScope; `files` are the names or patterns to take, empty means all.
    """

    hub: Literal["huggingface", "modelscope", "url"]
    id: str
    revision: str | None = None
    mirror: str | None = None
    files: tuple[str, ...] = ()


class Size(_Plain):
    """How much it is, as its source states it; null is unknown."""

    rows: int | None = Field(default=None, ge=0)
    bytes: int | None = Field(default=None, ge=0)
    parameters: str | None = None
    note: str | None = None


class RowSchema(_Plain):
    """How a row becomes a finloom record.

    `fields` maps a field of the record to a path in the row (`qa.question`, `choices.0`,
    `messages.role:user.content`) or to several, which are joined. `choices` is the path of the options or the
    columns that hold them; they are appended to the query. `answer_after` cuts the answer behind a mark,
    `labels` turns an answer's code into words.
    """

    record: RecordKind
    fields: dict[str, str | tuple[str, ...]]
    choices: str | tuple[str, ...] | None = None
    answer_after: str | None = None
    labels: dict[str, str] = {}

    @model_validator(mode="after")
    def _knows_the_record(self) -> Self:
        unknown = sorted(self.fields.keys() - FIELDS[self.record])
        if unknown:
            raise ValueError(f"a {self.record} has no field {unknown}; it has {sorted(FIELDS[self.record])}")
        if REQUIRED[self.record] not in self.fields:
            raise ValueError(f"a {self.record} needs the field {REQUIRED[self.record]!r}")
        return self


class CatalogEntry(_Plain):
    """A data set or model: what it is, where it is, what may be done with it and how its rows are read.

    `licence` null means that the terms are not known: treat it as not permitted. `access` is `open` where a
    download needs nothing, `agreement` where somebody must accept or ask for terms, `manual` where no
    complete file exists to fetch. `sha256` is that of the artifact tree of the downloaded files, null until
    the first download.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    aliases: tuple[str, ...] = ()
    kind: Literal["dataset", "model"]
    title: str
    source: Source
    access: Literal["open", "agreement", "manual"] = "open"
    licence: str | None
    licence_url: str | None = None
    format: str | None
    languages: tuple[str, ...]
    size: Size
    row_schema: RowSchema | None = Field(default=None, alias="schema")
    sha256: str | None = Field(default=None, pattern=SHA256)
    used_by: tuple[Stage, ...]
    verified: tuple[str, ...] = ()
    recalled: tuple[str, ...] = ()
    notes: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def loader(self) -> str | None:
        """The function of `datasets_registry.loading` that reads its files, None where there is none."""
        return f"load_{self.row_schema.record}s" if self.row_schema else None


def read_entries(text: str, file: str) -> list[CatalogEntry]:
    """The entries of one YAML file; errors of form name the file and the entry."""
    entries = []
    for number, value in enumerate(yaml.safe_load(text) or [], start=1):
        name = value.get("name", f"entry {number}") if isinstance(value, dict) else f"entry {number}"
        try:
            entries.append(CatalogEntry.model_validate(value))
        except ValueError as error:
            raise ValueError(f"{file}: {name}: {error}") from error
    return entries


def by_name(entries: list[CatalogEntry]) -> dict[str, CatalogEntry]:
    """Entries by name, in order of names regardless of case.

    Raises:
        ValueError: two entries claim one name or alias.
    """
    owners: dict[str, str] = {}
    for entry in entries:
        for name in (entry.name, *entry.aliases):
            owner = owners.setdefault(name.lower(), entry.name)
            if owner != entry.name or entries.count(entry) > 1:
                raise ValueError(
                    f"the catalog has two entries called {name!r} ({owner}, {entry.name}); rename one"
                )
    return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name.lower())}


def load_catalog() -> dict[str, CatalogEntry]:
    """Every entry that finloom ships, by name, sorted."""
    folder = resources.files("datasets_registry") / "catalog"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name
    )
    return by_name([entry for file in files for entry in read_entries(file.read_text("utf-8"), file.name)])


def find(name: str) -> CatalogEntry:
    """The entry called `name`, with that alias or with that id on a hub, whatever the case.

    Raises:
        UnknownEntry: there is none; the message lists the names that come close.
    """
    catalog = load_catalog()
    names = {entry.source.id.lower(): entry for entry in catalog.values() if entry.source.hub != "url"}
    names |= {entry.source.mirror.lower(): entry for entry in catalog.values() if entry.source.mirror}
    names |= {alias.lower(): entry for entry in catalog.values() for alias in (entry.name, *entry.aliases)}
    if name.lower() in names:
        return names[name.lower()]
    close = difflib.get_close_matches(name.lower(), sorted(names), n=3, cutoff=0.5)
    meant = ", ".join(dict.fromkeys(names[match].name for match in close))
    advice = f"did you mean {meant}?" if meant else "`finloom data list` shows what there is"
    raise UnknownEntry(f"the catalog has no entry {name!r}; {advice}")
