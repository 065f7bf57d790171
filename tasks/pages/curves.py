"""Line charts as inline SVG: training curves, latency over load."""

import math
from collections.abc import Mapping, Sequence

import altair as alt

from tasks.pages.drawing import INK, MUTED, WIDTH, svg

Point = tuple[float, float]

COLOURS = ("#1f5f8b", "#b3261e", "#6f9fbd", "#8a6d1f", "#4f7a4a")


def curves(lines: Mapping[str, Sequence[Point]], x_title: str, height: int, width: int = WIDTH) -> str:
    """Lines of (x, y) points, one colour each in the order given, each named at its last point.

    Points whose y is not finite are left out; a line without points is not drawn.
    """
    finite = {name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in lines.items()}
    rows = [
        {"line": name, "x": x, "y": y, "last": number == len(points)}
        for name, points in finite.items()
        for number, (x, y) in enumerate(points, start=1)
    ]
    colour = alt.Color(
        "line:N", scale=alt.Scale(domain=list(lines), range=list(COLOURS[: len(lines)])), legend=None
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("x:Q", axis=_axis(x_title), scale=alt.Scale(nice=True, zero=False)),
        y=alt.Y("y:Q", axis=_axis(None), scale=alt.Scale(nice=True, zero=False)),
        color=colour,
    )
    drawn = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18))
    names = base.transform_filter("datum.last").mark_text(align="left", dx=6, fontSize=12)
    layers = alt.LayerChart(layer=[drawn, names.encode(text="line:N")])
    return svg(layers, width=width - 200, height=height, left=60, top=10, bottom=40, right=140)


def _axis(title: str | None) -> alt.Axis:
    return alt.Axis(
        title=title,
        titleColor=MUTED,
        titleFontWeight="normal",
        labelColor=INK,
        labelFontSize=11,
        labelPadding=8,
        tickCount=5,
        grid=False,
    )
