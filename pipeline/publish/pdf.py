"""The record as PDF: the page's own print form, tagged for screen readers (PDF/UA-1).

WeasyPrint draws it. It needs Pango, a library of the system that most desktops have; where it is
missing, `why_unavailable` says so and how to get it, and everything else is published without it.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from importlib import resources

from pipeline.errors import MissingError
from pipeline.publish.pictures import MANY

_REMEDY = "Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0. macOS: brew install pango."


@cache
def why_unavailable() -> str | None:
    """None when PDFs can be made here; otherwise what is missing and the command that mends it."""
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it warns of every rule meant for screens
    try:
        import weasyprint  # type: ignore[import-untyped]  # noqa: F401, PLC0415  (loads a library of the system: only when it is wanted)
    except ImportError:
        return "The Python package weasyprint is not installed: pip install weasyprint."
    except OSError:
        return f"The system's library Pango is not installed. {_REMEDY}"
    return None


def render_pdf(page: str, notes: int) -> bytes:
    """The HTML record `page` as a tagged PDF on A4; the same page gives the same bytes.

    `notes` is how many notes it holds: where there are very many they are set closer, as plain lines.
    Raises MissingError where PDFs cannot be made.
    """
    missing = why_unavailable()
    if missing:
        raise MissingError("The record cannot be written as PDF.", remedy=missing)
    import weasyprint  # noqa: PLC0415

    if notes > MANY:
        close = resources.files("pipeline.publish").joinpath("templates", "close.css").read_text("utf-8")
        page = page.replace("</style>", f"{close}</style>", 1)
    identifier = hashlib.sha256(page.encode()).digest()[:16]
    data = weasyprint.HTML(string=page, url_fetcher=_only_inlined()).write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=identifier
    )
    if not isinstance(data, bytes):
        raise TypeError("weasyprint gave no bytes")
    return data


def _only_inlined() -> object:
    """Fetches what stands inside the page and nothing else: no record reaches out to the network."""
    import weasyprint  # noqa: PLC0415

    return weasyprint.urls.URLFetcher(allowed_protocols=("data",))
