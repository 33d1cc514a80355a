"""What DOCX and PPTX share: the zip they are, the XML in it, and lengths.

The two formats are written from templates, not through a document library: the same record gives
the same bytes, and thousands of pictures cost no more than their copying.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

EMU_PER_CM = 360_000
"""English Metric Units, in which both formats measure."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def emu(centimetres: float) -> int:
    """A length in English Metric Units."""
    return round(centimetres * EMU_PER_CM)


def fit(width: int, height: int, box_width: float, box_height: float) -> tuple[int, int]:
    """The size, in EMU, of a picture of width x height pixels that fills a box (in cm) without distortion."""
    scale = min(emu(box_width) / width, emu(box_height) / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def clean(text: str) -> str:
    """XML has no place for most control characters and for halves of surrogate pairs, even escaped.

    Those that separate words become blanks.
    """
    return _FORBIDDEN.sub(lambda sign: " " if sign[0].isspace() else "", text)


def _clean_value(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def environment() -> Environment:
    """Jinja for XML: everything is escaped, and unknown names are errors."""
    return Environment(
        loader=FunctionLoader(
            lambda name: resources.files("pipeline.publish").joinpath("templates", name).read_text("utf-8")
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean_value,
    )


def pack(parts: Mapping[str, bytes | str]) -> bytes:
    """A zip of the parts in the order given, with no trace of when it was made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            is_picture = name.endswith((".jpeg", ".png"))
            entry.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
