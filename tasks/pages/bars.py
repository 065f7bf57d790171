"""Bar charts as inline SVG."""

from typing import NamedTuple

import altair as alt

from tasks.pages.drawing import INK, MUTED, WIDTH, svg


class Bar(NamedTuple):
    """A bar: its name on the axis, its height, the label at its end, its colour."""

    name: str
    value: int
    label: str
    colour: str


def horizontal_bars(bars: list[Bar], left: int, height: int) -> str:
    """Bars from the left, top to bottom in the order given; `left` pixels are kept for the names."""
    base = alt.Chart(_values(bars)).encode(
        y=alt.Y("name:N", sort=None, axis=_names(), scale=alt.Scale(paddingInner=0.4, paddingOuter=0.15)),
        x=alt.X("value:Q", axis=None, scale=_scale(bars, room=1.25)),
    )
    labels = base.mark_text(align="left", baseline="middle", dx=8, fontSize=12, fill=MUTED)
    return svg(_drawn(base, labels), width=WIDTH - left - 8, height=height, left=left, top=4, bottom=4)


def vertical_bars(bars: list[Bar], height: int) -> str:
    """Bars from the bottom, left to right in the order given."""
    base = alt.Chart(_values(bars)).encode(
        x=alt.X("name:N", sort=None, axis=_names(), scale=alt.Scale(paddingInner=0.3, paddingOuter=0.2)),
        y=alt.Y("value:Q", axis=None, scale=_scale(bars, room=1.12)),
    )
    labels = base.mark_text(align="center", baseline="bottom", dy=-4, fontSize=10, fill=MUTED)
    return svg(_drawn(base, labels), width=WIDTH - 16, height=height, left=8, top=8, bottom=28)


def paired_bars(pairs: list[tuple[Bar, Bar]], height: int) -> str:
    """Two bars side by side for each name, first and second of every pair."""
    bars = [bar for pair in pairs for bar in pair]
    sides = [side for _ in pairs for side in ("first", "second")]
    base = alt.Chart(_values(bars, sides)).encode(
        x=alt.X("name:N", sort=None, axis=_names(), scale=alt.Scale(paddingInner=0.25, paddingOuter=0.15)),
        xOffset=alt.XOffset("side:N", sort=["first", "second"]),
        y=alt.Y("value:Q", axis=None, scale=_scale(bars, room=1.12)),
    )
    labels = base.mark_text(align="center", baseline="bottom", dy=-4, fontSize=10, fill=MUTED)
    return svg(_drawn(base, labels), width=WIDTH - 16, height=height, left=8, top=8, bottom=28)


def _values(bars: list[Bar], sides: list[str] | None = None) -> alt.InlineData:
    rows = [bar._asdict() for bar in bars]
    for row, side in zip(rows, sides or [], strict=False):
        row["side"] = side
    return alt.InlineData(values=rows)


def _names() -> alt.Axis:
    return alt.Axis(
        title=None,
        labelOverlap=False,
        labelLimit=0,
        labelAngle=0,
        labelPadding=8,
        labelColor=INK,
        labelFontSize=12,
    )


def _scale(bars: list[Bar], room: float) -> alt.Scale:
    return alt.Scale(domain=[0, room * max((bar.value for bar in bars), default=0) or 1], nice=False)


def _drawn(base: alt.Chart, labels: alt.Chart) -> alt.LayerChart:
    bars = base.mark_bar().encode(color=alt.Color("colour:N", scale=None))
    return alt.LayerChart(layer=[bars, labels.encode(text="label:N")])
