"""The record as PDF: the page's own print form, tagged for screen readers (PDF/UA-1).

WeasyPrint draws it. It needs Pango, a library of the system that most desktops have; where it is
missing, `why_unavailable` says so and how to get it, and everything else is published without it.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from pipeline.diff import Change
from pipeline.errors import MissingError
from pipeline.model import Crop, Photograph, Record
from pipeline.publish.html import photograph_key, read_template, render_html
from pipeline.publish.pictures import MANY, publishable
from pipeline.publish.saying import anchor_of
from pipeline.publish.view import Imprint

_CLOSE_PIXELS = 120
"""Long side of a picture where thousands are set: sharp at the 13 mm they get on paper."""
_REMEDY = "Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0. macOS: brew install pango."


_LIBRARIES = (
    "libgobject-2.0.so.0",
    "libpango-1.0.so.0",
    "libharfbuzz.so.0",
    "libfontconfig.so.1",
    "libpangoft2-1.0.so.0",
)
"""What WeasyPrint opens, under the names that Linux has for them."""


@cache
def why_unavailable() -> str | None:
    """None when PDFs can be made here; otherwise what is missing and the command that mends it."""
    # WeasyPrint itself takes longer to load than all else that a command does which only asks.
    if find_spec("weasyprint") is not None and all(map(_opens, _LIBRARIES)):
        return None
    return _why_not_loaded()


def _opens(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


@cache
def _why_not_loaded() -> str | None:
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it warns of every rule meant for screens
    try:
        import weasyprint  # type: ignore[import-untyped]  # noqa: F401, PLC0415  (loads a library of the system: only when it is wanted)
    except ImportError:
        return "The Python package weasyprint is not installed: pip install weasyprint."
    except OSError:
        return f"The system's library Pango is not installed. {_REMEDY}"
    return None


def render_pdf(
    record: Record,
    crops: Mapping[str, Crop],
    changes: Sequence[Change] = (),
    imprint: Imprint | None = None,
    photographs: Sequence[Photograph] = (),
) -> bytes:
    """The whole record as a tagged PDF on A4; the same input gives the same bytes.

    More than pictures.MANY notes are set closer, as plain lines with small pictures. Raises
    MissingError where PDFs cannot be made.
    """
    missing = why_unavailable() or _why_not_loaded()
    if missing:
        raise MissingError("The record cannot be written as PDF.", remedy=missing)
    is_close = len(record.notes) > MANY
    shown = publishable(
        crops, (note.id for note in record.notes), longest=_CLOSE_PIXELS if is_close else None
    )
    page = render_html(
        record,
        shown,
        changes,
        imprint,
        photographs=photographs,
        address=lambda key, _: _address(key),
        is_close=is_close,
    )
    if is_close:
        page = page.replace("</style>", f"{read_template('close.css')}</style>", 1)
    known = {_address(note_id): crop.jpeg for note_id, crop in shown.items()}
    known |= {_address(photograph_key(number)): one.picture.jpeg for number, one in enumerate(photographs)}
    return _draw(page, known)


def _address(note_id: str) -> str:
    return f"note:{anchor_of(note_id)}"


def fetcher(pictures: Mapping[str, bytes]) -> Any:
    """What WeasyPrint asks for pictures: it has those given, by address, and reaches for nothing else."""
    import weasyprint  # noqa: PLC0415

    class Fetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> object:
            if url not in pictures:
                raise ValueError(f"a record fetches nothing from outside: {url}")
            return weasyprint.urls.URLFetcherResponse(url, pictures[url], {"Content-Type": "image/jpeg"})

    return Fetcher()


def _draw(page: str, pictures: Mapping[str, bytes]) -> bytes:
    import weasyprint  # noqa: PLC0415

    identifier = hashlib.sha256(page.encode()).digest()[:16]
    data = weasyprint.HTML(string=page, url_fetcher=fetcher(pictures)).write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=identifier
    )
    if not isinstance(data, bytes):
        raise TypeError("weasyprint gave no bytes")
    return data
