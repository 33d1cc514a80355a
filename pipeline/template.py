"""`workshop new`: a commented workshop.toml to fill in."""

from __future__ import annotations

import json
import re

from pipeline.errors import ConfigError
from pipeline.workshop import Framework

_HEAD = """# What this workshop was and how its notes are to be understood.
# Only `title` is required; take away the # in front of a line to use it.

title = {title}
# date = 2019-03-06
# place = "The town hall"
# language = "en"                  # the language most notes are written in
# introduction = "What people were asked, in a sentence or two. The record prints it."
"""

_FRAMEWORK = """
# {framework_title}{credit}: brings its principles; those below add to them or override them.
framework = "{code}"
# crosswalk = ["nihr-involve"]     # see the same notes through other frameworks, too: a suggestion by similarity
"""

_NO_FRAMEWORK = """
# framework = "terrapins"          # a set of principles shipped with the program: `workshop new --help` lists them
# crosswalk = ["nihr-involve"]     # see the same notes through other frameworks, too: a suggestion by similarity
"""

_TAIL = """
# One block for each principle or question people were asked about:
# [[principles]]
# id = "make-time"                 # short, lower case, never changed later
# heading = "Make Time"
# also = ["TIME", "Making time"]   # other wordings seen on the printed cards
# stated = 7                       # a count already published, to reconcile with

# How people could respond. This is the default; a colour ("yellow"), or a shape and a colour
# ("square yellow"), may stand there as well.
# [legend]
# tick = "agreement"
# heart = "importance"
# speech_bubble = "amendment"
# square = "challenge"

# [shapes]
# unsure_below = 0.6               # a shape less sure than this makes the type "unsure"

# [publish]
# licence = "CC-BY-4.0"            # of the text
# photographs_licence = "CC-BY-4.0"
# photographs = "boards"           # how much of the photographs is published: "boards" (cut to the notes, what
#                                  # lies round them blurred) | "whole" (with everybody on them) | "none"
# contact = "team@example.org"
# credits = ["Transcribed by the neighbourhood team"]
# point = "default"                # how sure a reading must be to be printed: strict | default | draft

# [people]
# roster = ["Names of people who were there, so that they can be kept out of the record"]
"""


def new_workshop(name: str, framework: Framework | None) -> str:
    """The text of a new workshop.toml; raises ConfigError for a name that cannot be a folder's."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ConfigError(
            f"“{name}” cannot be a workshop's name.",
            safe="Nothing was made.",
            remedy="Use letters, digits, hyphens and dots, for example: town-hall-2026",
        )
    title = re.sub(r"[-_.]+", " ", name).strip().capitalize()
    text = _HEAD.format(title=_quoted(title))
    if framework is None:
        return text + _NO_FRAMEWORK + _TAIL
    credit = f" ({framework.credit})" if framework.credit else ""
    text += _FRAMEWORK.format(framework_title=framework.title, credit=credit, code=framework.code)
    text += "#\n# Its principles, for reference:\n"
    text += "".join(f"#   {principle.id:32} {principle.heading}\n" for principle in framework.principles)
    return text + _TAIL


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)
