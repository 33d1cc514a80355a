"""The records that travel between stages: frozen, small, picklable, checked at birth.

Frame of reference. Unless a docstring says otherwise, points are pixels (x to the right,
y downwards, origin at the upper left corner) of the *upright, full-size* photograph.
Confidences are probabilities between 0 and 1. This module imports nothing of ours but the
vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline import vocabulary

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Segment = tuple[Point, Point]
Matrix = tuple[float, ...]
"""A 3 x 3 homography, row by row."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


# These are asked by the hundred thousand: the sentence is made only where something is wrong.
def _require_polygon(polygon: Polygon) -> None:
    if len(polygon) < 3:
        raise ValueError(f"a polygon needs three points, this one has {len(polygon)}")


def _require_probability(value: float, what: str) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{what} must lie between 0 and 1, not {value}")


def _require_code(code: str, known: Mapping[str, vocabulary.Code], what: str) -> None:
    if code not in known:
        raise ValueError(f"unknown {what} {code!r}")


def bounding_box(polygon: Polygon) -> tuple[float, float, float, float]:
    """The upright box round a polygon as (x, y, width, height), in the polygon's own unit."""
    xs = [x for x, _ in polygon]
    ys = [y for _, y in polygon]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


# --- the map half: one photograph at a time -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph that was accepted.

    `path` is its place below raw/<workshop>/, with forward slashes; `width` and `height` are
    pixels of the upright picture. `turn` is how many degrees (0, 90, 180, 270; clockwise) the picture had to
    be turned though the file called it upright.
    """

    path: str
    sha256: str
    width: int
    height: int
    format: str
    turn: int = 0

    def __post_init__(self) -> None:
        _require(self.turn in (0, 90, 180, 270), "a photograph is turned by quarters")
        _require(self.width > 0 and self.height > 0, "a photograph has a width and a height")
        _require(len(self.sha256) == 64, "sha256 is 64 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not processed, and why; `code` is one of vocabulary.REFUSALS."""

    path: str
    code: str
    reason: str
    remedy: str = ""
    sha256: str | None = None

    def __post_init__(self) -> None:
        _require_code(self.code, vocabulary.REFUSALS, "refusal code")


@dataclass(frozen=True, slots=True)
class Outline:
    """The visible edge of one note. `score` is how sure the detector is that it is a note.

    `shape_scores` are the detector's own votes per shape code, if it has any (they need not add
    up to one); `classify` turns them into a shape with a calibrated confidence.
    """

    polygon: Polygon
    score: float
    shape_scores: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_polygon(self.polygon)
        _require_probability(self.score, "score")


@dataclass(frozen=True, slots=True)
class HeadingBox:
    """Where a printed heading card or line lies; four corners, clockwise from its upper left."""

    polygon: Polygon
    score: float

    def __post_init__(self) -> None:
        _require_polygon(self.polygon)
        _require_probability(self.score, "score")


@dataclass(frozen=True, slots=True)
class Detection:
    """What the detector found on one photograph, in reading order (top to bottom, left to right)."""

    outlines: tuple[Outline, ...]
    headings: tuple[HeadingBox, ...]
    lines: tuple[Segment, ...] = ()
    """Long lines drawn on the board, by which its zones may be parted; looked for where there are two headings."""


@dataclass(frozen=True, slots=True)
class Classification:
    """One outline's shape and paper colour, with a calibrated confidence for the shape."""

    shape: str
    shape_confidence: float
    colour: str

    def __post_init__(self) -> None:
        _require_code(self.shape, vocabulary.SHAPES, "shape")
        _require_code(self.colour, vocabulary.COLOURS, "colour")
        _require_probability(self.shape_confidence, "shape_confidence")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as an engine read it; `box` in pixels of the straightened note."""

    text: str
    confidence: float
    box: Polygon = ()
    alternatives: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        _require_probability(self.confidence, "confidence")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of handwriting or print, its words from left to right."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words with single spaces between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader made of one note: lines from top to bottom, or the error that stopped it."""

    reader: str
    version: str
    lines: tuple[Line, ...]
    error: str | None = None

    @property
    def text(self) -> str:
        """All lines, one below the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in reading order."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def letters_right(self) -> float:
        """The number of letters expected to be right."""
        return sum(word.confidence * len(word.text) for word in self.words)


@dataclass(frozen=True, slots=True)
class Ink:
    """What the pixels of one straightened note say about writing, whatever an engine read.

    `coverage`: share of the paper that is ink. `uncovered`: share of that ink outside every box
    of the reading (0 when there is no ink). `sharpness`: focus measure, comparable between the
    sightings of one note. `text_height`: median height of the strokes' components, in pixels of
    the photograph. `is_written`: the ink test's verdict: is there writing at all? `drawn`: how much
    the ink's shapes speak for a drawing (positive) or for writing (negative), in log odds.
    """

    coverage: float
    uncovered: float
    sharpness: float
    text_height: float
    is_written: bool
    drawn: float = 0.0


@dataclass(frozen=True, slots=True)
class NoteReading:
    """Everything read from one outline: the readers' readings, the first being the main one, and the ink.

    `turn` is how many degrees (0, 90, 180, 270; clockwise) the straightened note had to be turned
    further until its text stood upright.
    """

    readings: tuple[Reading, ...]
    ink: Ink
    turn: int = 0


@dataclass(frozen=True, slots=True)
class HeadingReading:
    """A heading's words, with the reader's mean word confidence."""

    text: str
    confidence: float
    reader: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PageReading:
    """The readings of one photograph: `notes` beside its outlines, `headings` beside its heading boxes."""

    notes: tuple[NoteReading, ...]
    headings: tuple[HeadingReading, ...]


@dataclass(frozen=True, slots=True)
class Crop:
    """A note cut out upright, or a photograph made small, as an encoded picture (JPEG) without any metadata."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph, or the part of it that shows one heading's notes, as it is published.

    `principle_id` None is "unplaced"; `photo` its path below raw/<workshop>/; `note_ids` the heading's notes
    that are seen on it, in the record's order.
    """

    principle_id: str | None
    photo: str
    note_ids: tuple[str, ...]
    picture: Crop


@dataclass(frozen=True, slots=True)
class Features:
    """Points of a photograph by which it can be laid over another; `scale` = described px / full-size px.

    `points` are x, y pairs in full-size pixels; `descriptors` is a flat byte string of
    `len(points) // 2` rows of `width` bytes each.
    """

    points: tuple[float, ...]
    descriptors: bytes
    width: int


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """All that the map half knows of one photograph; the tuples stand beside each other."""

    photo: Photo
    detection: Detection
    classifications: tuple[Classification, ...]
    page: PageReading

    def __post_init__(self) -> None:
        count = len(self.detection.outlines)
        _require(len(self.classifications) == count, "one classification an outline")
        _require(len(self.page.notes) == count, "one reading an outline")
        _require(len(self.page.headings) == len(self.detection.headings), "one text a heading box")


# --- the reduce half: one workshop at a time ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Principle:
    """A heading people were asked about. `also`: other wordings seen on cards; `stated`: a published count."""

    id: str
    heading: str
    also: tuple[str, ...] = ()
    stated: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One note as seen in one photograph; `index` is its number among the photograph's outlines.

    `index` is -1 for an outline that a person drew.
    """

    photo: str
    photo_sha256: str
    polygon: Polygon
    index: int = -1

    def __post_init__(self) -> None:
        _require_polygon(self.polygon)


@dataclass(frozen=True, slots=True)
class BoardNote:
    """One physical note of a board: its sightings, the best (sharpest, least covered) first.

    `polygon` is its place in the board's frame: pixels of the board's first photograph.
    """

    sightings: tuple[Sighting, ...]
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class BoardHeading:
    """A heading on a board, in the board's frame, read from its best sighting."""

    text: str
    confidence: float
    polygon: Polygon
    photo: str


@dataclass(frozen=True, slots=True)
class Board:
    """One physical sheet or wall: its photographs laid over each other.

    `photos` are paths, the first being the reference; `transforms` hold, for each photograph, the
    homography from its pixels to the reference's.
    """

    id: str
    photos: tuple[str, ...]
    transforms: tuple[Matrix, ...]
    notes: tuple[BoardNote, ...]
    headings: tuple[BoardHeading, ...]
    lines: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one board note belongs: `principle_id` None is "unplaced"; `why` is said in plain words.

    `answers` is the index, on the same board, of the note it points at.
    """

    principle_id: str | None
    confidence: float
    why: str
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be printed of a reading: `text` with marks, its status, and the probability that it is right."""

    text: str
    text_status: str
    confidence: float

    def __post_init__(self) -> None:
        _require_code(self.text_status, vocabulary.TEXT_STATUSES, "text status")
        _require_probability(self.confidence, "confidence")


@dataclass(frozen=True, slots=True)
class Note:
    """One response as it stands after machine and people: a row of the `responses` view.

    `text` holds the words with marks ("" for no_text and illegible notes); `machine_text` what the
    main reader said, never published. A note from an imported transcript has no sightings.
    `position` orders notes within a principle; `group` is the transcript's group, if any.
    """

    id: str
    principle_id: str | None
    response_type: str
    shape: str
    shape_confidence: float
    colour: str
    text: str
    text_status: str
    reading_state: str
    confidence: float
    sightings: tuple[Sighting, ...] = ()
    board_id: str | None = None
    placement: str = ""
    answers_note_id: str | None = None
    theme_id: str | None = None
    machine_text: str = ""
    turn: int = 0
    position: int = 0
    group: int | None = None
    personal_data: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_code(self.shape, vocabulary.SHAPES, "shape")
        _require_code(self.response_type, vocabulary.RESPONSE_TYPES, "type")
        _require_code(self.text_status, vocabulary.TEXT_STATUSES, "text status")
        _require_code(self.reading_state, vocabulary.READING_STATES, "state")
        _require_code(self.colour, vocabulary.COLOURS, "colour")
        if self.text_status in ("no_text", "illegible"):
            if self.text:
                raise ValueError(f"a note that is {self.text_status} has no text to print")
        elif not self.text.strip():
            raise ValueError(f"a note that is {self.text_status} has text")


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme among one principle's notes. `strength`: `suggested` theme or `possible` link.

    What is suggested is that `sure_note_ids` say the same; the rest of `note_ids` may belong to them, and of a
    possible link all may. `quote_note_id` is the note nearest the centre; `is_named_by_person` when people own
    the label, and then `description` is what they wrote about it and the sure notes are those they put there.
    """

    id: str
    principle_id: str | None
    label: str
    strength: str
    cohesion: float
    note_ids: tuple[str, ...]
    quote_note_id: str | None
    is_named_by_person: bool = False
    description: str = ""
    sure_note_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Notes under two or more principles that say much the same; `quote_note_id` is nearest their centre."""

    id: str
    label: str
    similarity: float
    principle_ids: tuple[str | None, ...]
    note_ids: tuple[str, ...]
    quote_note_id: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A note under one principle that names another (`principle_id`): "Links to iterative & testing"."""

    note_id: str
    principle_id: str
    words: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How the notes of one principle fared; the three counts add up to the principle's notes."""

    principle_id: str | None
    in_theme: int
    alone: int
    without_content: int

    @property
    def notes(self) -> int:
        """All notes of the principle."""
        return self.in_theme + self.alone + self.without_content


@dataclass(frozen=True, slots=True)
class LostTheme:
    """A theme that people named and that no note belongs to any more."""

    key: str
    name: str
    principle_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """One note under another framework: the principle suggested for it (None: none is near), and how near.

    `principle_id` is the note's own; `similarity` the cosine to the suggested principle's nearest wording;
    `margin` how much nearer it is than the next. Marked as suggestion wherever it is stored or shown.
    """

    note_id: str
    principle_id: str | None
    framework: str
    suggested_principle_id: str | None
    similarity: float
    margin: float


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A workshop's notes seen through another framework: its code, title and principles, a crossing a note."""

    framework: str
    title: str
    principles: tuple[Principle, ...]
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of decisions.jsonl: what a person decided about one note, and on what grounds.

    `field` is what it changes: text, text_status, response_type, shape, colour, principle_id,
    polygon, not_a_note, note (an added outline) or the like; `old` and `new` are JSON values;
    `based_on` is the reading the person saw.
    """

    id: str
    photo_sha256: str
    polygon: Polygon
    field: str
    old: object
    new: object
    reason: str
    person: str
    when: str
    based_on: str


@dataclass(frozen=True, slots=True)
class Legend:
    """How people could respond: a response type by shape, by paper colour, or by both ("square yellow")."""

    by_shape: dict[str, str]
    by_colour: dict[str, str] = field(default_factory=dict)
    by_shape_and_colour: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A whole workshop as it stands now: what is stored, published and frozen as an edition.

    `photographs` is how much of them may be published: boards, whole or none (workshop.toml).
    `software` maps each component (pipeline, readers, models) to its version; `notices` are plain
    sentences for the method note (a reader that was missing, say). `orphans` are decisions that
    found no note. `missing_themes` are headings that people named as missing (`missing_headings`), and those
    `themes`, and those made of `links`, that fit none of the principles asked about; `lost_themes` are themes
    of people that no note belongs to any more.
    """

    workshop_id: str
    title: str
    date: str | None
    place: str | None
    language: str
    licence: str | None
    contact: str | None
    point: str
    legend: Legend
    principles: tuple[Principle, ...]
    photos: tuple[Photo, ...]
    refusals: tuple[Refusal, ...]
    boards: tuple[Board, ...]
    notes: tuple[Note, ...]
    themes: tuple[Theme, ...]
    orphans: tuple[Decision, ...]
    software: dict[str, str]
    notices: tuple[str, ...] = ()
    introduction: str = ""
    framework: str | None = None
    photographs_licence: str | None = None
    credits: tuple[str, ...] = ()
    photographs: str = "boards"
    links: tuple[Link, ...] = ()
    mentions: tuple[Mention, ...] = ()
    missing_themes: tuple[Theme, ...] = ()
    theme_tallies: tuple[Tally, ...] = ()
    lost_themes: tuple[LostTheme, ...] = ()
    crosswalks: tuple[Crosswalk, ...] = ()

    @property
    def missing_headings(self) -> tuple[Theme, ...]:
        """The headings that people named when they were invited to say what is missing, as themes."""
        known = {theme.id for theme in self.themes} | {link.id for link in self.links}
        return tuple(theme for theme in self.missing_themes if theme.principle_id and theme.id not in known)
