"""Coded values: one table each, of code, label and description.

They feed the database schema, the data dictionary, the record and the exports, so a
code means the same everywhere. This module imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value: what is stored, what people read, and what it means."""

    code: str
    label: str
    description: str


def _table(*rows: tuple[str, str, str]) -> dict[str, Code]:
    return {code: Code(code, label, description) for code, label, description in rows}


SHAPES = _table(
    ("tick", "Tick", "A note cut as a tick (check mark)."),
    ("heart", "Heart", "A note cut as a heart."),
    ("speech_bubble", "Speech bubble", "A note cut as a speech bubble, rounded or oval, with a tail."),
    ("square", "Square", "A square sticky note: longer side at most about 1.2 times the shorter."),
    ("rectangle", "Rectangle", "A rectangular note: longer side above about 1.2 times the shorter."),
    ("other", "Other shape", "A note of a shape not listed here."),
    ("not_recorded", "Not recorded", "No photograph to see the shape on, as in an imported transcript."),
)

RESPONSE_TYPES = _table(
    ("agreement", "Agreement", "I agree."),
    ("importance", "Importance", "This matters."),
    ("amendment", "Amendment", "Amend or expand this."),
    ("challenge", "Challenge", "Challenge or disagreement."),
    ("other", "Other", "The workshop's legend gives this shape no meaning."),
    ("unsure", "Type unsure", "The shape is not sure enough to say which type of response this is."),
    ("not_recorded", "Type not recorded", "An imported transcript that does not say which type it was."),
)

TEXT_STATUSES = _table(
    ("legible", "Legible", "Every word is read and sure enough to print."),
    ("partial", "Partly legible", "Some words are unsure or lost; they are marked in the text."),
    ("illegible", "Illegible", "There is writing, and it cannot be read well enough to print."),
    ("no_text", "No text", "A note without writing: a response all the same, and counted."),
)

READING_STATES = _table(
    ("machine", "Read by machine", "Nobody has looked yet."),
    ("reviewed", "Reviewed", "One person has checked it."),
    ("double_keyed", "Double-keyed", "Two people read it independently and agree."),
    ("disputed", "Disputed", "Two people read it differently, and nobody has settled it yet."),
)

COLOURS = _table(
    ("yellow", "Yellow", "Yellow and lemon paper."),
    ("orange", "Orange", "Orange and peach paper."),
    ("red", "Red", "Red paper."),
    ("pink", "Pink", "Pink, rose and magenta paper."),
    ("purple", "Purple", "Purple, violet and lilac paper."),
    ("blue", "Blue", "Blue paper of any depth."),
    ("teal", "Teal", "Turquoise, teal and cyan paper."),
    ("green", "Green", "Green and lime paper."),
    ("cream", "Cream", "Cream, beige and kraft paper."),
    ("white", "White", "White paper."),
    ("grey", "Grey", "Grey paper."),
    ("brown", "Brown", "Brown paper."),
    ("black", "Black", "Black paper."),
    ("not_recorded", "Not recorded", "No photograph to see the colour on."),
)

REFUSALS = _table(
    ("empty", "Empty file", "The file has no content."),
    ("not_an_image", "Not an image", "The content is not a picture in a format that is read."),
    ("damaged", "Damaged", "The picture is cut short or broken."),
    ("too_large", "Too large", "The picture has more pixels than the limit, as a decompression bomb has."),
    ("too_small", "Too small", "The picture is too small to hold a readable note."),
    ("duplicate", "Exact duplicate", "The same bytes as another file of the workshop; counted once."),
    ("outside", "Outside the workshop", "The file is a link to something outside the workshop's folder."),
    ("unreadable", "Cannot be opened", "The file could not be opened or changed while it was read."),
    ("failed", "Failed", "A stage failed on this photograph; the reason says which and how."),
)

MARKS = _table(
    ("[illegible]", "Lost words", "One or more words that cannot be read."),
    ("word[?]", "Unsure word", "The word before the mark is a best reading and may be wrong."),
    ("[no text]", "No text", "A note without writing."),
    ("[name removed]", "Name removed", "A person's name or contact, taken out of the published text."),
)
