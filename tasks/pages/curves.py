"""Line charts as inline SVG: training curves, latency over load."""

import math
from collections.abc import Mapping, Sequence

import altair as alt

from tasks.pages.drawing import INK, MUTED, WIDTH, svg

Point = tuple[float, float]

LEGEND = 24
"""Pixels above the picture for the names of the lines."""
COLOURS = ("#1f5f8b", "#b3261e", "#6f9fbd", "#8a6d1f", "#4f7a4a")


def curves(lines: Mapping[str, Sequence[Point]], x_title: str, height: int, width: int = WIDTH) -> str:
    """Lines of (x, y) points, one colour each in the order given, named above the picture.

    Points whose y is not finite are left out; a line without points is not drawn.
    """
    finite = {name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in lines.items()}
    rows = [{"line": name, "x": x, "y": y} for name, points in finite.items() for x, y in points]
    colour = alt.Color(
        "line:N",
        scale=alt.Scale(domain=list(lines), range=list(COLOURS[: len(lines)])),
        legend=alt.Legend(orient="none", legendX=0, legendY=-LEGEND, direction="horizontal", title=None),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("x:Q", axis=_axis(x_title), scale=alt.Scale(nice=True, zero=False)),
        y=alt.Y("y:Q", axis=_axis(None), scale=alt.Scale(nice=True, zero=False)),
        color=colour,
    )
    drawn = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18))
    layers = alt.LayerChart(layer=[drawn])
    return svg(layers, width=width - 100, height=height, left=60, top=LEGEND + 4, bottom=40, right=40)


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
