"""The record as one self-contained, accessible HTML page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from pipeline import vocabulary
from pipeline.diff import Change
from pipeline.model import Crop, Note, Photograph, Record
from pipeline.publish import charting, icons, method, pictures, words
from pipeline.publish.captions import alt_of, caption_of, of_section
from pipeline.publish.changes import arrange_changes
from pipeline.publish.licences import LICENCES
from pipeline.publish.saying import Segment, anchor_of, describe, may_show_crop, plain_words
from pipeline.publish.theming import ACROSS_TITLE
from pipeline.publish.view import Imprint, Section, arrange, examples


@dataclass(frozen=True, slots=True)
class Page:
    """A page in UTF-8, piece by piece: its pictures, by far the most of it, become text as they are written."""

    parts: tuple[bytes | Crop, ...]

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Crop):
                yield from pictures.data_uri(part)
            else:
                yield part


def render_page(
    record: Record,
    crops: Mapping[str, Crop],
    changes: Sequence[Change] = (),
    imprint: Imprint | None = None,
    tables: Sequence[str] = (),
    *,
    photographs: Sequence[Photograph] = (),
) -> Page:
    """The whole page, pictures and style inside; no script.

    `crops` maps note ids to their pictures; a note without one is shown by its shape alone.
    `photographs` stand at the head of their sections, unless there are more than pictures.MANY notes: the
    page would grow too heavy. `tables` are the names of data files that lie beside the page, to link to.
    The same input gives the same page, byte for byte.
    """
    # Pictures are by far the most of it: they are put in last, so that the words alone go from hand to hand.
    stand_in = secrets.token_hex(16)  # new each time, so that no note can say it
    waiting: list[Crop] = []

    def address(_: str, crop: Crop) -> str:
        waiting.append(crop)
        return f"{stand_in}{len(waiting) - 1}:"

    page = render_html(record, crops, changes, imprint, tables, photographs=photographs, address=address)
    first, *rest = page.split(stand_in)
    parts: list[bytes | Crop] = [first.encode()]
    for part in rest:
        number, _, following = part.partition(":")
        parts += [waiting[int(number)], following.encode()]
    return Page(tuple(parts))


def render_html(
    record: Record,
    crops: Mapping[str, Crop],
    changes: Sequence[Change] = (),
    imprint: Imprint | None = None,
    tables: Sequence[str] = (),
    *,
    photographs: Sequence[Photograph] = (),
    address: Callable[[str, Crop], str] | None = None,
    is_close: bool = False,
) -> str:
    """As `render_page`, as text.

    `address` gives a picture's address by note id, or photograph_key, and picture; by default the picture
    itself, inlined. `is_close` sets the notes as plain lines, for paper.
    """
    view = arrange(record)
    crops = pictures.publishable(crops, (note.id for note in record.notes))
    both = charting.make_charts(view)
    imprint = imprint or Imprint()
    groups = arrange_changes(changes, view.headings)
    return (
        _environment()
        .get_template("record.html.j2")
        .render(
            record=record,
            view=view,
            figures=view.figures,
            charts=both,
            across_title=ACROSS_TITLE,
            changes=groups,
            changes_chart=charting.changes_chart(groups) if len(groups) > 1 else None,
            imprint=imprint,
            tables=tuple(tables),
            css=Markup(read_template("record.css")),  # noqa: S704 (our own style sheet)
            picture=_picture_maker(crops, address or _inlined),
            photographs=_photograph_maker(record, photographs, address or _inlined),
            shown=frozenset(note.id for note in record.notes if note.id in crops and may_show_crop(note)),
            examples=examples(view, crops.keys()),
            page_language="en",
            is_close=is_close,
            method_sentences=method.sentences(view),
            software=method.software(record),
            citation=method.citation(record, imprint.edition, imprint.edition_date),
            licence_link=LICENCES.get(record.licence or ""),
            refusal_label=lambda code: vocabulary.REFUSALS[code].label,
            statuses=vocabulary.TEXT_STATUSES,
            point_label=method.POINTS.get(record.point, record.point),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(read_template),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        long_date=words.long_date,
        paragraphs=words.paragraphs,
        marked=marked,
        anchor=anchor_of,
        short=_short,
        email_link=_email_link,
    )
    environment.globals.update(icon=icons.icon, count=words.count, percent=words.percent)
    return environment


def read_template(name: str) -> str:
    """A template or style sheet of this package, by file name."""
    return resources.files("pipeline.publish").joinpath("templates", name).read_text(encoding="utf-8")


def marked(segments: Sequence[Segment]) -> Markup:
    """Words with their marks made visible, and audible: never by colour alone."""
    return Markup("").join(_SPANS[segment.kind](segment.text) for segment in segments)


def _span(markup: Markup) -> Callable[[str], Markup]:
    return markup.format


_SPANS: dict[str, Callable[[str], Markup]] = {
    "text": escape,
    "lost": _span(Markup('<span class="lost" title="Words that cannot be read">{}</span>')),
    "removed": _span(Markup('<span class="lost" title="A name or contact was taken out">{}</span>')),
    "unsure": _span(
        Markup(
            '<span class="unsure" title="An unsure word: the best reading, it may be wrong">{}'
            '<span class="query" role="img" aria-label=" (unsure word)">[?]</span></span>'
        )
    ),
}


def _inlined(_: str, crop: Crop) -> str:
    return b"".join(pictures.data_uri(crop)).decode("ascii")


def _picture_maker(
    crops: Mapping[str, Crop], address: Callable[[str, Crop], str]
) -> Callable[[Note], Markup]:
    """A note's picture as an `img`, or its drawn shape where there is no picture to show."""

    def picture(note: Note) -> Markup:
        crop = crops.get(note.id)
        if crop is None or not may_show_crop(note):
            return Markup('<span class="drawn" role="img" aria-label="{}">{}</span>').format(
                describe(note), icons.icon(note.shape, note.response_type, 44)
            )
        # Escaped part by part: Markup.format takes three times as long, and there are thousands.
        return Markup(  # noqa: S704
            f'<img src="{escape(address(note.id, crop))}" width="{crop.width:d}" height="{crop.height:d}"'
            f' alt="{escape(describe(note))}" decoding="async">'
        )

    return picture


def shows_photographs(record: Record) -> bool:
    """Whether whole photographs stand on the page: among very many notes it would grow too heavy."""
    return len(record.notes) <= pictures.MANY


def photograph_key(number: int) -> str:
    """What stands for a photograph, counted from 0, where a picture's address is asked for."""
    return f"photograph {number}"


def _photograph_maker(
    record: Record, photographs: Sequence[Photograph], address: Callable[[str, Crop], str]
) -> Callable[[Section], list[tuple[Markup, str]]]:
    """A section's photographs, each as an `img` with its caption."""
    keys = {id(one): photograph_key(number) for number, one in enumerate(photographs)}

    def of(section: Section) -> list[tuple[Markup, str]]:
        if not shows_photographs(record):
            return []
        return [
            (
                Markup('<img src="{}" width="{}" height="{}" alt="{}">').format(
                    address(keys[id(one)], one.picture),
                    one.picture.width,
                    one.picture.height,
                    alt_of(one, section),
                ),
                caption_of(one, record),
            )
            for one in of_section(photographs, section)
        ]

    return of


def _short(note: Note, longest: int = 60) -> str:
    text = plain_words(note)
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _email_link(contact: str) -> Markup:
    """A contact as a link where it plainly is an address; as text otherwise."""
    plain = contact.strip()
    if " " not in plain and plain.count("@") == 1 and not plain.startswith("@") and not plain.endswith("@"):
        return Markup('<a href="mailto:{0}">{0}</a>').format(plain)
    if plain.startswith(("https://", "http://")) and " " not in plain:
        return Markup('<a href="{0}">{0}</a>').format(plain)
    return escape(plain)
