"""What slides are made of: runs, paragraphs, shapes, and a canvas to lay them out on, in centimetres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.model import Crop, Note
from pipeline.publish import icons, ooxml
from pipeline.publish.saying import describe

WIDTH_CM, HEIGHT_CM = 33.867, 19.05
MARGIN = 1.6
QUIET = "5A564E"
Box = tuple[float, float, float, float]
"""Left, top, width, height in centimetres."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one look; `size` in points, `colour` six hexadecimal digits."""

    text: str
    size: float = 14
    colour: str = "1F1D1A"
    is_bold: bool = False
    is_italic: bool = False
    is_serif: bool = False
    underline: str = "none"
    language: str = "en-GB"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text; `is_bullet` sets a bullet before it."""

    runs: tuple[Run, ...]
    is_bullet: bool = False
    align: str = "l"


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing on a slide; position and size in EMU. `kind`: title, text, picture, drawn or table."""

    kind: str
    number: int
    name: str
    x: int
    y: int
    width: int
    height: int
    paragraphs: tuple[Paragraph, ...] = ()
    alt: str = ""
    rel_id: str = ""
    geometry: str = ""
    fill: str = ""
    line: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    anchor: str = "t"


@dataclass(frozen=True, slots=True)
class Slide:
    """A finished slide: its shapes in reading order, and the pictures it uses (relation id, part)."""

    shapes: tuple[Shape, ...]
    pictures: tuple[tuple[str, str], ...]


class Canvas:
    """One slide being laid out. `picture_of` gives a note's media part and picture, if it may be shown."""

    def __init__(self, picture_of: Callable[[Note], tuple[str, Crop] | None]) -> None:
        self._picture_of = picture_of
        self._shapes: list[Shape] = []
        self._pictures: list[tuple[str, str]] = []

    def title(
        self,
        text: str,
        box: Box = (MARGIN, 0.9, WIDTH_CM - 2 * MARGIN, 1.9),
        *,
        size: float | None = None,
        language: str = "en-GB",
    ) -> None:
        """The slide's title, a real one: screen readers and outlines find it."""
        fitting = size or (32 if len(text) <= 60 else 24 if len(text) <= 110 else 16)
        run = Run(text, fitting, is_bold=True, is_serif=True, language=language)
        self._add("title", "Title", box, paragraphs=(Paragraph((run,)),), anchor="b")

    def text(
        self,
        name: str,
        box: Box,
        paragraphs: Sequence[Paragraph],
        *,
        anchor: str = "t",
    ) -> None:
        """A box of text."""
        self._add("text", name, box, paragraphs=tuple(paragraphs), anchor=anchor)

    def picture(self, note: Note, box: Box) -> None:
        """A note's picture in the middle of a box; its shape, drawn, where there is no picture to show."""
        found = self._picture_of(note)
        if found is None:
            ink, tint = (colour.lstrip("#").upper() for colour in icons.COLOURS[note.response_type])
            side = min(box[2], box[3]) * 0.7
            place = (box[0] + (box[2] - side) / 2, box[1] + (box[3] - side) / 2, side, side)
            self.drawn(note.shape, place, tint, ink, describe(note))
            return
        self.photograph(*found, box, f"Note {len(self._pictures) + 1}", describe(note))

    def photograph(self, part: str, crop: Crop, box: Box, name: str, alt: str) -> None:
        """A picture in the middle of a box, as large as fits."""
        rel_id = f"rId{len(self._pictures) + 2}"
        self._pictures.append((rel_id, part))
        wide, high = ooxml.fit(crop.width, crop.height, box[2], box[3])
        place = (
            box[0] + (box[2] - wide / ooxml.EMU_PER_CM) / 2,
            box[1] + (box[3] - high / ooxml.EMU_PER_CM) / 2,
            wide / ooxml.EMU_PER_CM,
            high / ooxml.EMU_PER_CM,
        )
        self._add("picture", name, place, alt=alt, rel_id=rel_id)

    def drawn(self, shape: str, box: Box, fill: str, line: str, alt: str) -> None:
        """A shape of the legend."""
        self._add(
            "drawn", alt[:60], box, alt=alt, geometry=_GEOMETRY.get(shape, "pentagon"), fill=fill, line=line
        )

    def table(self, name: str, box: Box, rows: Sequence[tuple[str, ...]], alt: str) -> None:
        """A table; the box's height is that of one row."""
        self._add("table", name, box, rows=tuple(rows), alt=alt)

    def _add(self, kind: str, name: str, box: Box, **more: object) -> None:
        x, y, width, height = (ooxml.emu(value) for value in box)
        number = len(self._shapes) + 2
        self._shapes.append(Shape(kind, number, name, x, y, width, height, **more))  # type: ignore[arg-type]

    def done(self) -> Slide:
        """The finished slide."""
        return Slide(tuple(self._shapes), tuple(self._pictures))


_GEOMETRY = {
    "tick": "tick",
    "heart": "heart",
    "speech_bubble": "wedgeRoundRectCallout",
    "square": "rect",
    "rectangle": "rect",
    "not_recorded": "ellipse",
}
