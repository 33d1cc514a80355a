"""The record as Markdown: in the spirit of published records, and nothing a note says takes effect."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest
from factories import make_note, make_record
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import marks
from pipeline.publish import Change, Imprint, render_markdown
from pipeline.publish.markdown import escape_markdown, inline

markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py reads the Markdown back")

NASTY = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "# not a heading",
    "- not a list",
    "1. not a list",
    "12) nor this",
    "***not strong*** _nor_ `this`",
    "a | b | c",
    "&lt;b&gt; &amp; &#65;",
    "> not a quotation",
    "~~~ not code",
    "--- ===",
    "a\\*b\\",
    "<https://example.org>",
    "[illegible](javascript:alert(1))",
    "[a]: http://example.org",
]


def html_of(text: str) -> str:
    return str(markdown_it.MarkdownIt("commonmark").enable("table").render(text))


def plain_of(html: str) -> str:
    import re

    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def test_it_reads_like_a_published_record() -> None:
    notes = [
        make_note(1, "I know it's hard to cede power", shape="tick"),
        *(make_note(number, "", shape="tick") for number in range(2, 6)),
        make_note(6, "", shape="tick", text_status="illegible"),
        make_note(7, "POWER [illegible] requires[?] us", shape="square"),
    ]
    text = render_markdown(make_record(notes=notes))
    assert (
        "## Power (7)\n\n5 stated earlier, 7 found: 2 more.\n\n### Agreement (6)\n\n"
        "- I know it's hard to cede power\n- [illegible]\n- [no text] × 4\n\n"
        "### Challenge (1)\n\n- POWER [illegible] requires[?] us\n"
    ) in text


def test_it_holds_what_the_page_holds() -> None:
    text = render_markdown(
        make_record(),
        [Change("now_readable", "n0001", "power", "[illegible]", "Listen", "read from the original")],
        Imprint(2, "2026-11-22", "the originals", ("A. Reader",), "", ("More to come.",)),
        ("responses.csv",),
    )
    for part in (
        "# Co-production values and principles",
        "**The Whitworth, Manchester · 6 March 2019**",
        "*Edition 2, 22 November 2026, based on the originals*",
        "## How people could respond",
        "- **Tick** – Agreement: I agree.",
        "## Power (6)",
        "## Transparent (0)",
        "## Unplaced notes (2)",
        "(answers: “",
        "### Themes",
        "## What changed\n\n### Now readable (1)\n\n",
        "- **Power**: <del>\\[illegible\\]</del> <ins>Listen</ins> – read from",
        "## How this record was made",
        "## Files that could not be used",
        "| notes.txt | Not an image: it holds text | take it out |",
        "A. Reader",
        "More to come.",
        "[responses.csv](<responses.csv>)",
        "responses-by-principle.svg",
    ):
        assert part in text, part


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_people_wrote_takes_effect(nasty: str) -> None:
    text = marks.literal(nasty)
    html = html_of(f"- {escape_markdown(nasty)}\n")
    assert html == f"<ul>\n<li>{html.split('<li>')[1].split('</li>')[0]}</li>\n</ul>\n"
    inside = html.split("<li>")[1].split("</li>")[0]
    assert "<" not in inside
    assert unescape(inside) == nasty
    record = make_record(notes=[make_note(1, text, text_status="legible")], title=nasty, themes=())
    page = html_of(render_markdown(record))
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert plain_of(page).count(nasty) >= 2


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_reads_as_itself(text: str) -> None:
    shown = " ".join(text.split())
    html = html_of(f"- {escape_markdown(text)}\n")
    assert " ".join(unescape(html.removeprefix("<ul>\n<li>").removesuffix("</li>\n</ul>\n")).split()) == shown


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["[illegible]", "[name removed]", "w[?]", "(x)", ":", "[a]", " ", "b", "!", "\\"]),
        max_size=8,
    )
)
def test_marks_beside_brackets_never_become_links(parts: list[str]) -> None:
    text = "".join(parts)
    if not text.strip():
        return
    note = replace(make_note(1), text=text)
    page = html_of(render_markdown(make_record(notes=[note], themes=())))
    body = page.split("<h2>Power (1)</h2>")[1].split("<h2>")[0]
    assert "<a" not in body
    assert "<img" not in body


def test_cells_of_a_table_hold() -> None:
    row = f"| a |\n| --- |\n| {inline('x | y')} |\n"
    assert "<td>x | y</td>" in html_of(row)


def test_the_same_record_gives_the_same_text() -> None:
    assert render_markdown(make_record()) == render_markdown(make_record())
