"""Published transcripts: read from text, Markdown, HTML, DOCX and PPTX; written as text.

The way in is `read_transcript_file` or `parse_transcript`, then `notes_of`; the way out `write_transcript`.
"""

from pipeline.transcript.notes import REMARK_PREFIX, notes_of, remark_notices, remarks_of
from pipeline.transcript.parse import parse_lines, parse_transcript
from pipeline.transcript.parts import Item, Line, Section, Transcript, TranscriptError, Unknown
from pipeline.transcript.write import groups_of, write_transcript

__all__ = [
    "REMARK_PREFIX",
    "Item",
    "Line",
    "Section",
    "Transcript",
    "TranscriptError",
    "Unknown",
    "groups_of",
    "notes_of",
    "parse_lines",
    "parse_transcript",
    "remark_notices",
    "remarks_of",
    "write_transcript",
]
