"""What stands beside the themes, as tables of the data package: links, mentions, other frameworks."""

from __future__ import annotations

from pipeline.model import Record
from pipeline.publish.tables import Column, Table


def _found_as(record: Record, theme_id: str) -> str:
    if theme_id in {link.id for link in record.links}:
        return "link"
    return "heading" if theme_id in {theme.id for theme in record.missing_headings} else "theme"


def across_tables(record: Record) -> tuple[Table, ...]:
    """Links across principles with their notes, notes that name another principle, and crosswalks."""
    notes = {note.id for note in record.notes}
    missing = {theme.id for theme in record.missing_themes}
    links = [link for link in record.links if link.quote_note_id in notes]
    return (
        Table(
            "links",
            "Notes under two or more principles that say much the same: suggestions of a program.",
            (
                Column("link_id", "string", "The link.", is_required=True),
                Column("label", "string", "What its notes have in common.", is_required=True),
                Column("similarity", "number", "Mean likeness of its notes, from 0 to 1.", is_required=True),
                Column("quote_note_id", "string", "The note that stands for it.", is_required=True),
                Column(
                    "is_suggested_missing",
                    "boolean",
                    "Whether it fits none of the principles asked about.",
                    is_required=True,
                ),
            ),
            ("link_id",),
            (("quote_note_id", "responses", "note_id"),),
            tuple(
                (link.id, link.label, round(link.similarity, 6), link.quote_note_id, link.id in missing)
                for link in links
            ),
        ),
        Table(
            "link_notes",
            "The notes of each link.",
            (
                Column("link_id", "string", "The link.", is_required=True),
                Column("note_id", "string", "A note of it.", is_required=True),
            ),
            ("link_id", "note_id"),
            (("link_id", "links", "link_id"), ("note_id", "responses", "note_id")),
            tuple((link.id, note_id) for link in links for note_id in link.note_ids if note_id in notes),
        ),
        Table(
            "suggested_missing",
            "What may be missing: what people named when they were invited to, and themes, and links, that fit none "
            "of the principles asked about.",
            (
                Column(
                    "theme_id", "string", "The theme, the link, or the heading as a theme.", is_required=True
                ),
                Column("label", "string", "What it is called.", is_required=True),
                Column(
                    "found_as",
                    "string",
                    "heading: named by people; theme: among the notes of one heading, or of none; link: across "
                    "principles.",
                    is_required=True,
                ),
                Column("principle_id", "string", "The heading it stands under; missing where it has none."),
                Column("notes", "integer", "How many notes it groups.", is_required=True),
                Column(
                    "quote_note_id", "string", "The note nearest its centre; of a heading, nearest its name."
                ),
            ),
            ("theme_id",),
            (("principle_id", "principles", "principle_id"), ("quote_note_id", "responses", "note_id")),
            tuple(
                (
                    theme.id,
                    theme.label,
                    found_as,
                    theme.principle_id,
                    sum(note_id in notes for note_id in theme.note_ids),
                    theme.quote_note_id if theme.quote_note_id in notes else None,
                )
                for theme in record.missing_themes
                for found_as in [_found_as(record, theme.id)]
            ),
        ),
        Table(
            "mentions",
            "Notes under one principle that name another in so many words.",
            (
                Column("note_id", "string", "The note.", is_required=True),
                Column("principle_id", "string", "The other principle, which it names.", is_required=True),
                Column("words", "string", "The words that name it, in small letters.", is_required=True),
            ),
            ("note_id", "principle_id"),
            (("note_id", "responses", "note_id"), ("principle_id", "principles", "principle_id")),
            tuple(
                (mention.note_id, mention.principle_id, mention.words)
                for mention in record.mentions
                if mention.note_id in notes
            ),
        ),
        Table(
            "crosswalk",
            "The same notes through another framework: which of its principles each is nearest to. A suggestion "
            "by similarity, never a placement.",
            (
                Column("framework", "string", "The other framework.", is_required=True),
                Column("note_id", "string", "The note; those without words are left out.", is_required=True),
                Column(
                    "suggested_principle_id",
                    "string",
                    "The other framework's principle; missing where none is near, or two equally near.",
                ),
                Column("suggested_principle", "string", "Its heading."),
                Column("similarity", "number", "How near the nearest is (cosine).", is_required=True),
                Column("margin", "number", "How much nearer than the next.", is_required=True),
            ),
            ("framework", "note_id"),
            (("note_id", "responses", "note_id"),),
            tuple(
                (
                    crosswalk.framework,
                    crossing.note_id,
                    crossing.suggested_principle_id,
                    {one.id: one.heading for one in crosswalk.principles}.get(
                        crossing.suggested_principle_id or ""
                    ),
                    crossing.similarity,
                    crossing.margin,
                )
                for crosswalk in record.crosswalks
                for crossing in crosswalk.crossings
                if crossing.note_id in notes
            ),
        ),
    )
