"""The record as a Word document: headings, notes' pictures with alternative text, tables, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline import vocabulary
from pipeline.diff import Change
from pipeline.model import Crop, Note, Photograph, Record
from pipeline.publish import charting, icons, method, ooxml, pictures, words
from pipeline.publish.captions import alt_of, caption_of, of_section
from pipeline.publish.changes import arrange_changes
from pipeline.publish.saying import describe, may_show_crop, plain_words
from pipeline.publish.theming import ACROSS_TITLE
from pipeline.publish.view import Imprint, Item, RecordView, Section, arrange

_PICTURE_CM = (2.75, 2.75)
_SMALL_CM = (1.25, 1.25)
_PHOTOGRAPH_CM = (12.0, 8.5)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the document's XML names it; sizes in EMU."""

    number: int
    rel_id: str
    part: str
    width: int
    height: int
    alt: str
    name: str


def render_docx(
    record: Record,
    crops: Mapping[str, Crop],
    changes: Sequence[Change] = (),
    imprint: Imprint | None = None,
    photographs: Sequence[Photograph] = (),
) -> bytes:
    """The whole record as DOCX (Office Open XML, transitional); the same input gives the same bytes."""
    view = arrange(record)
    imprint = imprint or Imprint()
    album = _Album(view, pictures.publishable(crops, (note.id for note in record.notes)))
    render = ooxml.environment().get_template
    body = render("document.xml.j2").render(
        record=record,
        view=view,
        figures=view.figures,
        summary=charting.describe_total(view),
        charts=charting.make_charts(view),
        across_title=ACROSS_TITLE,
        changes=arrange_changes(changes, view.headings),
        imprint=imprint,
        paragraphs=words.paragraphs,
        long_date=words.long_date,
        count=words.count,
        cells=album.cells,
        photographs=lambda section: album.photographs(section, photographs),
        bookmark=album.bookmark,
        is_pictured=album.is_pictured,
        ink={code: colours[0].lstrip("#") for code, colours in icons.COLOURS.items()},
        method_sentences=(*method.sentences(view), *record.notices),
        software=method.software(record),
        refusal_label=lambda code: vocabulary.REFUSALS[code].label,
        citation=method.citation(record, imprint.edition, imprint.edition_date),
        plain_words=plain_words,
    )
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": render("docx_types.xml.j2").render(),
        "_rels/.rels": render("docx_rels.xml.j2").render(),
        "docProps/core.xml": render("core.xml.j2").render(record=record),
        "word/document.xml": body,
        "word/styles.xml": render("docx_styles.xml.j2").render(),
        "word/numbering.xml": render("docx_numbering.xml.j2").render(),
        "word/settings.xml": render("docx_settings.xml.j2").render(),
        "word/footer1.xml": render("docx_footer.xml.j2").render(record=record),
        "word/_rels/document.xml.rels": render("document_rels.xml.j2").render(pictures=album.used),
    }
    for picture, crop in zip(album.used, album.crops, strict=True):
        parts[f"word/{picture.part}"] = crop.jpeg
    return ooxml.pack(parts)


class _Album:
    """Hands out the pictures as the template comes to them, and remembers which it used."""

    def __init__(self, view: RecordView, crops: Mapping[str, Crop]) -> None:
        self._view = view
        self._all = crops
        self._numbers = {note.id: number for number, note in enumerate(view.record.notes, start=1)}
        self.used: list[Picture] = []
        self.crops: list[Crop] = []

    def bookmark(self, note: Note) -> str:
        """A name for the note's place in the document: letters and digits only, as Word wants it."""
        return f"note{self._numbers[note.id]}"

    def number(self, note: Note) -> int:
        """The note's own number, unique in the document."""
        return self._numbers[note.id]

    def cells(self, items: Sequence[Item]) -> list[list[dict[str, object] | None]]:
        """A group's items two by two, as rows of the table; an odd one has None beside it."""
        filled: list[dict[str, object] | None] = [
            {
                "item": item,
                "notes": [
                    {
                        "id": self.number(note),
                        "bookmark": self.bookmark(note),
                        "picture": self._picture(note, is_small=len(item.notes) > 1),
                        "shape": vocabulary.SHAPES[note.shape].label,
                        "answers": self._view.answers.get(note.id),
                        "state": note.reading_state,
                    }
                    for note in item.notes
                ],
            }
            for item in items
        ]
        if len(filled) % 2:
            filled.append(None)
        return [filled[index : index + 2] for index in range(0, len(filled), 2)]

    def photographs(self, section: Section, photographs: Sequence[Photograph]) -> list[tuple[Picture, str]]:
        """A section's photographs, each with its caption."""
        return [
            (
                self._placed(one.picture, _PHOTOGRAPH_CM, "Photograph", alt_of(one, section)),
                caption_of(one, self._view.record),
            )
            for one in of_section(photographs, section)
        ]

    def is_pictured(self, items: Sequence[Item]) -> bool:
        """Whether any of the notes has a picture or a shape to tell of."""
        return any(
            note.id in self._all or note.shape != "not_recorded" for item in items for note in item.notes
        )

    def _picture(self, note: Note, *, is_small: bool) -> Picture | None:
        crop = self._all.get(note.id)
        if crop is None or not may_show_crop(note):
            return None
        return self._placed(crop, _SMALL_CM if is_small else _PICTURE_CM, "Note", describe(note))

    def _placed(self, crop: Crop, box: tuple[float, float], kind: str, alt: str) -> Picture:
        number = len(self.used) + 1
        size = ooxml.fit(crop.width, crop.height, *box)
        picture = Picture(
            number, f"rIdP{number}", f"media/picture{number}.jpeg", *size, alt, f"{kind} {number}"
        )
        self.used.append(picture)
        self.crops.append(crop)
        return picture
