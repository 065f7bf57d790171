"""From an Altair chart to inline SVG: vl-convert renders it without a browser.

Every position and size is given, never measured from text, so that the bytes do not depend on fonts.
"""

import re

import altair as alt
import vl_convert

FONTS = "'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
INK = "#1d2733"
MUTED = "#66727f"
WIDTH = 860


def svg(
    chart: alt.LayerChart | alt.Chart,
    *,
    width: int,
    height: int,
    left: int,
    top: int,
    bottom: int,
    right: int = 8,
) -> str:
    """The picture; the paddings `left`, `top`, `bottom` and `right` are pixels kept for names and labels."""
    placed = chart.properties(
        width=width,
        height=height,
        autosize=alt.AutoSizeParams(type="none"),
        padding={"left": left, "right": right, "top": top, "bottom": bottom},
    )
    styled = placed.configure(font=FONTS, background="transparent", aria=False).configure_view(stroke=None)
    styled = styled.configure_axis(domainColor="#cfd6dc", ticks=False, grid=False)
    svg = vl_convert.vegalite_to_svg(styled.to_dict())
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    if size is None:
        raise RuntimeError(f"vl-convert gave an SVG without a view box: {svg[:200]}")
    # without fixed width and height the picture fits the page and the paper
    return svg.replace(f' width="{size[1]}" height="{size[2]}" viewBox', " viewBox", 1)
