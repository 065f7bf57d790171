"""The page of a whole run, in Chinese: every stage, what went in, its curves, what came out and what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from markupsafe import Markup
from pydantic import JsonValue

from datasets_registry.artifact import Action, ArtifactRef
from tasks.pages.curves import Point, curves
from tasks.pages.rendering import render
from tasks.runtime.metrics import Metric, series

CURVE_HEIGHT = 170


@dataclass(frozen=True, slots=True)
class Table:
    """A table of results; `note` says what its figures are and what they are not."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def upright(self) -> "Table":
        """The table, turned where it is wider than high: pages and terminals are narrow."""
        if len(self.header) <= len(self.rows) + 1:
            return self
        names = (self.header[0], *(row[0] for row in self.rows))
        columns = zip(self.header[1:], *(row[1:] for row in self.rows), strict=True)
        return replace(self, header=names, rows=tuple(columns))


@dataclass(frozen=True, slots=True)
class Section:
    """A stage of the run: its result, the steps that led to it and to no stage before it, and what it showed."""

    title: str
    result: ArtifactRef
    steps: tuple[Action, ...]
    curves: Mapping[str, Mapping[str, Sequence[Point]]]
    """By caption, lines by name."""
    axis: str
    """What the curves run along."""
    tables: tuple[Table, ...]


def render_factory(sections: Sequence[Section]) -> str:
    """The page, as one HTML text."""
    steps = [step for section in sections for step in section.steps]
    return render(
        Path(__file__).with_name("factory.html.j2"),
        sections=[(section, _drawn(section)) for section in sections],
        steps=len(steps),
        wall=sum(step.wall_seconds for step in steps),
        cpu=sum(step.cpu_seconds for step in steps),
        plain=_plain,
    )


def in_sections(steps: Sequence[Action], results: Sequence[ArtifactRef]) -> list[tuple[Action, ...]]:
    """The steps behind each result that are behind no result before it; `steps` is the lineage of all of them."""
    sections, rest = [], list(steps)
    for result in results:
        made = [number for number, step in enumerate(rest) if step.output.sha256 == result.sha256]
        end = made[0] + 1 if made else 0
        sections.append(tuple(rest[:end]))
        rest = rest[end:]
    return sections


def training_curves(metrics: Sequence[Metric]) -> dict[str, dict[str, list[Point]]]:
    """The loss and, where there are any, the rewards of a training."""
    names = dict.fromkeys(metric.name for metric in metrics)
    rewards = [name for name in names if name == "reward" or name.startswith("reward/")]
    groups: dict[str, list[str]] = {
        "损失": [name for name in ("loss", "eval_loss") if name in names],
        "奖励": rewards,
    }
    return {
        caption: {name: [(float(step), value) for step, value in series(metrics, name)] for name in group}
        for caption, group in groups.items()
        if group
    }


def _drawn(section: Section) -> list[tuple[str, Markup]]:
    """The curves of a section as pictures."""
    return [
        (caption, Markup(curves(lines, section.axis, CURVE_HEIGHT)))
        for caption, lines in section.curves.items()
        if any(lines.values())
    ]


def _plain(config: Mapping[str, JsonValue]) -> str:
    """A step's configuration as compact JSON."""
    return orjson.dumps(config, option=orjson.OPT_SORT_KEYS).decode()
