"""What a row is: the records that stages read and write, one frozen dataclass each.

Offsets are in Python characters (code points), half open. Dates are `YYYY-MM-DD`. Every derived row carries
`parents`, the ids of the rows it was made from, so that `finloom why` can walk back to an input line.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import GetPydanticSchema, JsonValue

JsonObject = Annotated[dict[str, JsonValue], GetPydanticSchema(lambda _, schema: schema(dict[str, object]))]
"""A JSON object; its values, which came out of a JSON parser, are not looked at again."""

DecisionKind = Literal["kept", "structured", "filtered", "duplicate", "quarantined", "superseded"]
"""What became of one non-empty input line; `superseded` gave way to another line of the same id."""

DuplicateLayer = Literal["hash", "exact", "simhash", "ngram", "phrase"]
"""The five layers of deduplication, by the names that the reports use."""

FactKind = Literal["code", "number", "date", "party"]
"""The typed facts that texts are compared, searched and verified by."""

ExerciseKind = Literal["number", "choice", "fact"]
"""How the answer to an exercise is judged."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """One valid input line: a text or a structured record, never both empty.

    `file` is the input file's name as the user gave it, `line` counts from 1, `sha256` is that of the raw line.
    `metadata` holds the input's other fields untouched.
    """

    id: str
    file: str
    line: int
    sha256: str
    title: str
    text: str | None
    record: JsonObject | None
    source: str
    published: str | None
    metadata: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that cleaning made: characters `start:end` of the raw text became `replacement`, because of `rule`."""

    start: int
    end: int
    replacement: str
    rule: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A typed value found at characters `start:end` of a text; `value` is its canonical spelling.

    `code`: `600519.SH` or `600519`. `date`: `2024-03-05`, `2024-03`, `2024`, or `03-05` without a year.
    `party`: the name as written. `number`: a decimal and its unit, `1.5亿元` is `150000000 元`; units that differ by a
    power of ten are one (bp is `百分点`, ‰ is `%`, MW is `瓦`), a number without a unit is bare, and the numbers of a
    range share their unit.
    """

    kind: FactKind
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One row of the clean corpus.

    `contents` is the cleaned text, or the record as one line of text for a structured row. `metadata` holds at least
    `sha256` (of the raw input line), `input_file` and `input_line`; for texts also `edits`.
    """

    id: str
    contents: str
    title: str
    published: str | None
    source: str
    metadata: JsonObject


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one non-empty input line, and why: a row of `decisions.jsonl`."""

    file: str
    line: int
    id: str | None
    decision: DecisionKind
    reason: str | None = None
    layer: DuplicateLayer | None = None
    witness: str | None = None
    score: float | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A text of a template family, and a fact that it gives otherwise than the family's best-ranked text.

    `value` and `against` are the two spellings, its own and the other's; `context` is what stands before its own.
    """

    id: str
    kind: FactKind
    value: str
    against: str
    context: str


@dataclass(frozen=True, slots=True)
class Family:
    """Texts made like one another that all stay, because they give other facts.

    `root` is the id of the best-ranked, `size` counts the texts with it. `skeleton` is a passage of its normalised text
    in which each fact is its shape in angle brackets, as `<number 元>`. `members` are some of the others.
    """

    root: str
    size: int
    skeleton: str
    members: tuple[FamilyMember, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of search: characters `start:end` of a document's `contents`.

    `id` is `<document id>#<ordinal>`; `parents` is `[document id]`; `heading` is the section it stands in,
    `file` and `line` the input line that the document came from. `kind` and `tenant` are the document's, as its
    metadata has them, and empty where it has none: what sort of document it is, and to whom alone it may be shown.
    """

    id: str
    parents: tuple[str, ...]
    title: str
    heading: str
    text: str
    start: int
    end: int
    published: str | None
    source: str
    file: str = ""
    line: int = 0
    kind: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A query with the ids of the documents that answer it.

    `as_of`: only documents published on or before it may be found. `answer` is the expected short
    answer where there is one.
    """

    id: str
    query: str
    gold: tuple[str, ...]
    as_of: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Exercise:
    """A question whose answer can be checked, with a worked solution in the format that models are trained to give.

    `answer`: a number with its unit, the letters of a choice, or a value that stands in the question's material.
    `solution`: `<think>Step1: ...</think><answer><|box_start|>answer<|box_end|></answer>`. `topic` names what the
    exercise is about; `parents` are the ids of the documents that its material is from.
    """

    id: str
    kind: ExerciseKind
    topic: str
    question: str
    answer: str
    solution: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found by a search: its score and the passage that earned it."""

    document: str
    score: float
    passage: Passage


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that stands word for word at characters `start:end` of document `id`'s `contents`."""

    id: str
    quote: str
    start: int
    end: int
    published: str | None
    file: str
    line: int
