"""The charts as PNG, for programs that take no SVG; title and description travel inside the file."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipeline.errors import MissingError
from pipeline.publish.charting import Chart

_ZOOM = 2.0
_PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="16" font-size="16">Word</text></svg>'


@cache
def why_unavailable() -> str | None:
    """None when PNGs can be made here; otherwise what is missing and the command that mends it."""
    try:
        drawn = _draw(_PROBE)
    except ImportError:
        return "The Python package resvg-py is not installed: pip install resvg-py."
    with Image.open(io.BytesIO(drawn)) as picture:
        if picture.convert("L").getextrema() == (255, 255):
            return "There are no fonts on this system. Debian, Ubuntu: apt-get install fonts-dejavu-core."
    return None


def render_png(chart: Chart) -> bytes:
    """A chart as PNG on white, twice the SVG's size; Title and Description stand in its text fields.

    Raises MissingError where PNGs cannot be made. The same on one machine; letters may differ in shape
    between machines with other fonts.
    """
    missing = why_unavailable()
    if missing:
        raise MissingError("The charts cannot be written as PNG.", remedy=missing)
    told = PngInfo()
    told.add_itxt("Title", chart.title)
    told.add_itxt("Description", chart.description)
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(_draw(chart.svg))) as picture:
        picture.convert("RGB").quantize(64).save(buffer, "PNG", pnginfo=told, optimize=True)
    return buffer.getvalue()


def _draw(svg: str) -> bytes:
    import resvg_py  # noqa: PLC0415  (compiled code: only when it is wanted)

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            background="#ffffff",
            zoom=int(_ZOOM),
            sans_serif_family="DejaVu Sans",
        )
    )
