"""The record as slides: a heading, its photographs and what people wrote; or its notes' pictures and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil

from pipeline import vocabulary
from pipeline.diff import Change
from pipeline.model import Crop, Note, Photograph, Record
from pipeline.publish import charting, icons, method, ooxml, pictures, words
from pipeline.publish.captions import alt_of, of_section
from pipeline.publish.changes import arrange_changes
from pipeline.publish.paging import BOTTOM, boxes, columns, pages, size_for
from pipeline.publish.saying import may_show_crop, plain_words, segments
from pipeline.publish.slides import HEIGHT_CM, MARGIN, QUIET, WIDTH_CM, Box, Canvas, Paragraph, Run, Slide
from pipeline.publish.view import Imprint, Item, RecordView, Section, arrange, examples

_WORDS_CM = 2.75
"""Height of the words under a picture."""
_MOST = 10
"""Cards a slide."""
_LONG_INTRODUCTION = 500
"""Letters of an introduction that still fit on the first slide; a longer one gets a slide of its own."""
_SHEET_TOP = 3.9
_PIXELS_A_CM = 40
"""A photograph is not shown larger than this makes it."""
_LINES = 22
"""Lines of text that fit on a slide of words."""


def render_pptx(
    record: Record,
    crops: Mapping[str, Crop],
    changes: Sequence[Change] = (),
    imprint: Imprint | None = None,
    photographs: Sequence[Photograph] = (),
) -> bytes:
    """The whole record as PPTX, 16 : 9; the same input gives the same bytes.

    A heading with photographs is shown by them, with its responses beside; one without, by its notes' pictures.
    """
    view = arrange(record)
    shown = pictures.publishable(crops, (note.id for note in record.notes))
    deck = _Deck(view, shown, imprint or Imprint(), photographs)
    slides = list(deck.slides(changes))
    render = ooxml.environment().get_template
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": render("pptx_types.xml.j2").render(count=len(slides)),
        "_rels/.rels": render("pptx_rels.xml.j2").render(),
        "docProps/core.xml": render("core.xml.j2").render(record=record),
        "ppt/presentation.xml": render("presentation.xml.j2").render(
            count=len(slides), width=ooxml.emu(WIDTH_CM), height=ooxml.emu(HEIGHT_CM)
        ),
        "ppt/_rels/presentation.xml.rels": render("presentation_rels.xml.j2").render(count=len(slides)),
        "ppt/theme/theme1.xml": render("pptx_theme.xml.j2").render(),
        "ppt/slideMasters/slideMaster1.xml": render("pptx_master.xml.j2").render(),
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": render("pptx_master_rels.xml.j2").render(),
        "ppt/slideLayouts/slideLayout1.xml": render("pptx_layout.xml.j2").render(),
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": render("pptx_layout_rels.xml.j2").render(),
    }
    slide_xml, slide_rels = render("slide.xml.j2"), render("slide_rels.xml.j2")
    for number, slide in enumerate(slides, start=1):
        parts[f"ppt/slides/slide{number}.xml"] = slide_xml.render(slide=slide)
        parts[f"ppt/slides/_rels/slide{number}.xml.rels"] = slide_rels.render(slide=slide)
    for part, crop in deck.media.items():
        parts[f"ppt/media/{part}"] = crop.jpeg
    return ooxml.pack(parts)


class _Deck:
    """Lays the record out, slide by slide; remembers which pictures it used."""

    def __init__(
        self,
        view: RecordView,
        crops: Mapping[str, Crop],
        imprint: Imprint,
        photographs: Sequence[Photograph],
    ) -> None:
        self._view = view
        self._photographs = photographs
        self._crops = crops
        self._imprint = imprint
        self._part_of: dict[str, str] = {}
        language = view.record.language
        self._language = language if language and language != "en" else "en-GB"
        self.media: dict[str, Crop] = {}

    def slides(self, changes: Sequence[Change]) -> Iterator[Slide]:
        """Every slide in order."""
        yield self._title()
        if len(self._view.record.introduction) > _LONG_INTRODUCTION:
            said = words.paragraphs(self._view.record.introduction)
            yield from self._text(
                "What this was about", [_line(part, 16, language=self._language) for part in said]
            )
        if self._view.legend:
            yield self._legend()
        yield from self._tables()
        for section in self._view.all_sections:
            if shown := of_section(self._photographs, section):
                yield from self._photographed(section, shown)
            else:
                yield from self._section(section) if self._is_pictured(section) else self._listed(section)
        themes = [line for section in self._view.all_sections for line in self._themes(section)]
        if themes:
            yield from self._text("Themes", themes)
        yield from self._across()
        lines = [
            Paragraph(
                (Run(_change_line(line.heading, [piece.text for piece in line.pieces], line.explanation)),),
                True,
            )
            for group in arrange_changes(changes, self._view.headings)
            for line in group.lines
        ]
        if lines:
            yield from self._text("What changed", lines)
        yield from self._text("How this record was made", self._method())
        yield from self._text("Credits, licence, contact", self._about())

    # --- kinds of slide ---------------------------------------------------------------------

    def _title(self) -> Slide:
        record, canvas = self._view.record, Canvas(self.use)
        shown = examples(self._view, self._crops.keys())
        text_width = 19.0 if shown else WIDTH_CM - 2 * MARGIN
        canvas.text(
            "Kind of document",
            (MARGIN, 2.6, text_width, 0.9),
            [_line("Public record of a workshop", 14, QUIET)],
        )
        title_size = 44 if len(record.title) <= 45 else 34 if len(record.title) <= 90 else 24
        canvas.title(record.title, (MARGIN, 3.6, text_width, 4.6), size=title_size, language=self._language)
        where = " · ".join(part for part in (record.place, words.long_date(record.date)) if part)
        below = [_line(where, 18, QUIET)] if where else []
        intro = " ".join(words.paragraphs(record.introduction))
        if intro and len(self._view.record.introduction) <= _LONG_INTRODUCTION:
            below.append(_line(intro, 18 if len(intro) < 260 else 14, language=self._language))
        below.append(_line(charting.describe_total(self._view), 14, QUIET))
        edition = self._imprint.edition
        said = "Working state, not yet frozen as an edition" if edition is None else f"Edition {edition}"
        below.append(_line(said, 12, QUIET))
        canvas.text("About this record", (MARGIN, 8.6, text_width, 8.6), below)
        for number, note in enumerate(shown):
            x = WIDTH_CM - MARGIN - 10.4 + (number % 2) * 5.4
            canvas.picture(note, (x, 4.4 + (number // 2) * 5.6, 5.0, 5.0))
        return canvas.done()

    def _legend(self) -> Slide:
        canvas = Canvas(self.use)
        canvas.title("How people could respond")
        entries = self._view.legend
        row = min(3.2, 13.0 / max(1, len(entries)))
        for number, entry in enumerate(entries):
            top = 4.2 + number * row
            ink, tint = (colour.lstrip("#").upper() for colour in icons.COLOURS[entry.response_type])
            canvas.drawn(
                entry.shape, (MARGIN + 0.2, top, row * 0.72, row * 0.72), tint, ink, entry.shape_label
            )
            canvas.text(
                entry.shape_label,
                (MARGIN + 3.4, top - 0.1, 26.0, row * 0.9),
                [
                    Paragraph((Run(entry.shape_label, 22, is_bold=True, is_serif=True),)),
                    _line(f"{entry.label}: {entry.description}", 16),
                ],
                anchor="ctr",
            )
        return canvas.done()

    def _tables(self) -> Iterator[Slide]:
        for chart in charting.make_charts(self._view):
            header = ("Principle", *chart.table.columns, "All")
            rows = [(heading, *map(str, values), str(sum(values))) for heading, values in chart.table.rows]
            rows.append(("All", *map(str, chart.table.totals), str(sum(chart.table.totals))))
            for page, title in pages(rows, 14, chart.title):
                canvas = Canvas(self.use)
                canvas.title(title)
                canvas.table(
                    chart.title,
                    (MARGIN, 3.9, WIDTH_CM - 2 * MARGIN, 0.9),
                    (header, *page),
                    chart.description,
                )
                yield canvas.done()

    def _photographed(self, section: Section, photographs: Sequence[Photograph]) -> Iterator[Slide]:
        """A heading as workshops show it: its photograph, and beside it what people wrote.

        As many slides as there are photographs; the responses run on beside them, and behind them where
        there are more.
        """
        title = f"{section.heading} ({section.found})"
        sizes = [_shown_size(one.picture) for one in photographs]
        left = MARGIN + max(wide for wide, _ in sizes) + 1.0
        column = (left, _SHEET_TOP, WIDTH_CM - MARGIN - left, BOTTOM - _SHEET_TOP)
        for points in (20.0, 18.0, 16.0, 14.0, 12.5, 11.0):
            beside, rest = columns(self._responses(section, points), column, len(photographs))
            if not rest:
                break
        about = "   ".join(part for part in (section.description, section.reconciliation) if part)
        for number, photograph in enumerate(photographs):
            canvas = Canvas(self.use)
            language = self._language if section.principle else "en-GB"
            canvas.title(title if number == 0 else f"{title}, continued", language=language)
            if about and number == 0:
                canvas.text(
                    "About this heading",
                    (MARGIN, 2.85, WIDTH_CM - 2 * MARGIN, 0.9),
                    [_line(about, 13, QUIET)],
                )
            picture = photograph.picture
            part = f"photograph{len(self.media) + 1}.jpeg"
            self.media[part] = picture
            box = (MARGIN, _SHEET_TOP, *sizes[number])
            canvas.photograph(part, picture, box, "Photograph", alt_of(photograph, section))
            if beside[number]:
                canvas.text("Responses", column, beside[number])
            yield canvas.done()
        if rest:
            yield from self._text(f"{title}, continued", rest)

    def _section(self, section: Section) -> Iterator[Slide]:
        title = f"{section.heading} ({section.found})"
        cards = [(group.response_type, item) for group in section.groups for item in group.items]
        counts = " · ".join(
            f"{vocabulary.RESPONSE_TYPES[code].label} {count}"
            for code, count in section.by_type.items()
            if count
        )
        about = "   ".join(part for part in (section.description, counts, section.reconciliation) if part)
        for page, page_title in pages(cards, _MOST, title):
            canvas = Canvas(self.use)
            canvas.title(page_title, language=self._language if section.principle else "en-GB")
            canvas.text(
                "About this heading",
                (MARGIN, 2.85, WIDTH_CM - 2 * MARGIN, 0.9),
                [_line(about or "Nobody put a note here.", 13, QUIET)],
            )
            for (response_type, item), box in zip(page, boxes(len(page)), strict=True):
                self._card(canvas, item, response_type, box)
            yield canvas.done()

    def _is_pictured(self, section: Section) -> bool:
        notes = [note for group in section.groups for item in group.items for note in item.notes]
        return not notes or any(note.id in self._crops or note.shape != "not_recorded" for note in notes)

    def _listed(self, section: Section) -> Iterator[Slide]:
        """A heading whose notes nobody can see: their words as a list, as in a transcript."""
        lines = [_line(section.reconciliation, 13, QUIET)] if section.reconciliation else []
        yield from self._text(f"{section.heading} ({section.found})", [*lines, *self._responses(section, 16)])

    def _responses(self, section: Section, size: float) -> list[Paragraph]:
        """What people wrote under a heading, type by type, as lines of a list."""
        lines: list[Paragraph] = []
        for group in section.groups:
            if not group.is_continued:
                label = f"{group.label} ({section.by_type[group.response_type]})"
                ink = icons.COLOURS[group.response_type][0].lstrip("#").upper()
                lines.append(Paragraph((Run(label, round(size * 0.85, 1), ink, is_bold=True),)))
            for item in group.items:
                first, *more = self._words(item, size)
                aside = [
                    replace(run, text=f"  {run.text}", size=size * 0.7) for line in more for run in line.runs
                ]
                lines.append(Paragraph((*first.runs, *aside), is_bullet=True))
        return lines

    def _card(self, canvas: Canvas, item: Item, response_type: str, box: Box) -> None:
        x, y, width, height = box
        high = min(height - _WORDS_CM, 7.0)
        across = ceil(len(item.notes) ** 0.5) if len(item.notes) <= 16 else 4
        side = ((width - 0.4) / across, high / across)
        for number, note in enumerate(item.notes[: across * across]):
            left = x + 0.2 + (number % across) * side[0]
            canvas.picture(note, (left, y + (number // across) * side[1], side[0] * 0.95, side[1] * 0.95))
        label = vocabulary.RESPONSE_TYPES[response_type].label
        ink = icons.COLOURS[response_type][0].lstrip("#").upper()
        canvas.text(
            f"{label}: words",
            (x, y + high + 0.15, width, _WORDS_CM - 0.15),
            [Paragraph((Run(label, 10, ink, is_bold=True),), align="ctr"), *self._words(item)],
        )

    def _words(self, item: Item, size: float | None = None) -> list[Paragraph]:
        if item.is_collapsed:
            times = f" × {len(item.notes)}" if len(item.notes) > 1 else ""
            return [Paragraph((Run(f"{item.mark}{times}", size or 14, QUIET, is_italic=True),), align="ctr")]
        note = item.notes[0]
        size = size or size_for(len(plain_words(note)))
        lines = [Paragraph(tuple(self._runs(note, size)), align="ctr")]
        if note.id in self._view.answers:
            lines.append(
                Paragraph(
                    (Run(f"answers: {plain_words(self._view.answers[note.id])}", 9, QUIET),), align="ctr"
                )
            )
        return lines

    def _runs(self, note: Note, size: float) -> Iterator[Run]:
        for piece in segments(note.text):
            if piece.kind == "text":
                yield Run(piece.text, size, is_serif=True, language=self._language)
            elif piece.kind == "unsure":
                yield Run(piece.text, size, is_serif=True, underline="dotted", language=self._language)
                yield Run("[?]", size * 0.8, "7A4F00", is_bold=True)
            else:
                yield Run(piece.text, size, QUIET, is_italic=True)

    def _across(self) -> Iterator[Slide]:
        """What runs across the headings: its quotations as text, its counts as a table."""
        for passage in self._view.across:
            lines = [_line(passage.introduction, 13, QUIET)]
            for one in passage.lines:
                lines.append(
                    Paragraph(
                        (Run(one.label, 16, is_bold=True), Run(f" ({one.about})", 13, QUIET)), is_bullet=True
                    )
                )
                lines += [
                    Paragraph(
                        (
                            Run(plain_words(note), 14, is_serif=True, language=self._language),
                            Run(f" ({heading})", 12, QUIET),
                        )
                    )
                    for note, heading in one.notes
                ]
            if passage.lines:
                yield from self._text(passage.title, lines)
            rows = [(heading, *map(str, counts)) for heading, counts in passage.rows]
            for page, title in pages(rows, 14, passage.title) if rows else ():
                canvas = Canvas(self.use)
                canvas.title(title)
                box = (MARGIN, 3.9, WIDTH_CM - 2 * MARGIN, 0.9)
                canvas.table(passage.title, box, (("Heading", *passage.columns), *page), passage.introduction)
                yield canvas.done()

    def _themes(self, section: Section) -> list[Paragraph]:
        lines = [_line(section.heading, 16, QUIET, language=self._language)] if section.themes else []
        for theme in section.themes:
            quote = f" “{plain_words(theme.quote_note)}”" if theme.quote_note else ""
            lines.append(
                Paragraph(
                    (
                        Run(theme.label, 18, is_bold=True),
                        Run(f" ({theme.about})", 14, QUIET),
                        Run(quote, 18, is_serif=True, is_italic=True, language=self._language),
                    ),
                    is_bullet=True,
                )
            )
        return lines

    def _method(self) -> list[Paragraph]:
        said = [*method.sentences(self._view), *self._view.record.notices]
        versions = "; ".join(f"{name} {version}" for name, version in method.software(self._view.record))
        if versions:
            said.append(f"Readers and software: {versions}.")
        for refusal in self._view.record.refusals:
            said.append(
                f"Not used: {refusal.path} ({vocabulary.REFUSALS[refusal.code].label}: {refusal.reason})"
            )
        return [_line(sentence, 14, is_bullet=True) for sentence in said]

    def _about(self) -> list[Paragraph]:
        record, imprint = self._view.record, self._imprint
        pairs = [("Words", "the people who took part in the workshop and wrote the notes")]
        if imprint.credits:
            pairs.append(("Transcribed and checked by", ", ".join(imprint.credits)))
        if record.licence:
            photos = f"; photographs: {imprint.photo_licence}" if imprint.photo_licence else ""
            pairs.append(("Licence", record.licence + photos))
        if record.contact:
            pairs.append(("Contact", record.contact))
        pairs.append(("How to cite", method.citation(record, imprint.edition, imprint.edition_date)))
        if imprint.promises:
            pairs.append(("Still to come", " ".join(imprint.promises)))
        return [Paragraph((Run(f"{label}: ", 16, is_bold=True), Run(text, 16))) for label, text in pairs]

    def _text(self, title: str, paragraphs: Sequence[Paragraph]) -> Iterator[Slide]:
        """Paragraphs on as many slides as they need."""
        page: list[Paragraph] = []
        used = 0.0
        filled = []
        for paragraph in paragraphs:
            size = max(run.size for run in paragraph.runs)
            length = sum(len(run.text) for run in paragraph.runs)
            need = (1 + length * size // 1900) * size / 14 + 0.45
            if page and used + need > _LINES:
                filled.append(page)
                page, used = [], 0.0
            page.append(paragraph)
            used += need
        filled.append(page)
        for number, lines in enumerate(filled, start=1):
            canvas = Canvas(self.use)
            canvas.title(title if len(filled) == 1 else f"{title}, {number} of {len(filled)}")
            canvas.text("Text", (MARGIN, 3.6, WIDTH_CM - 2 * MARGIN, 14.2), lines)
            yield canvas.done()

    def use(self, note: Note) -> tuple[str, Crop] | None:
        """The media part and picture of a note; None where there is none to show."""
        crop = self._crops.get(note.id)
        if crop is None or not may_show_crop(note):
            return None
        part = self._part_of.setdefault(note.id, f"note{len(self._part_of) + 1}.jpeg")
        self.media[part] = crop
        return part, crop


def _shown_size(picture: Crop) -> tuple[float, float]:
    """How large a photograph stands on a slide, in centimetres: enlarged far it is no better to see."""
    box = ((WIDTH_CM - 2 * MARGIN) * 0.54, BOTTOM - _SHEET_TOP)
    scale = min(box[0] / picture.width, box[1] / picture.height, 1 / _PIXELS_A_CM)
    return picture.width * scale, picture.height * scale


def _line(
    text: str, size: float, colour: str = "1F1D1A", *, is_bullet: bool = False, language: str = "en-GB"
) -> Paragraph:
    return Paragraph((Run(text, size, colour, language=language),), is_bullet)


def _change_line(heading: str, pieces: Sequence[str], explanation: str) -> str:
    parts = [f"{heading}:" if heading else "", " → ".join(pieces), explanation]
    return " ".join(part for part in parts if part)
