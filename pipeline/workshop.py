"""workshop.toml: what it may say, how it is read, and errors that name file, key and remedy.

Only the standard library and our own errors and vocabulary are needed here, so every command
that merely looks at a workshop starts at once.
"""

from __future__ import annotations

import datetime
import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline import vocabulary
from pipeline.errors import ConfigError, MissingError
from pipeline.model import Legend, Principle

FILE_NAME = "workshop.toml"
POINTS = ("strict", "default", "draft")
PHOTOGRAPHS = ("boards", "whole", "none")
DEFAULT_LEGEND = {
    "tick": "agreement",
    "heart": "importance",
    "speech_bubble": "amendment",
    "square": "challenge",
}
LEGEND_TYPES = tuple(code for code in vocabulary.RESPONSE_TYPES if code not in ("unsure", "not_recorded"))
MOST_STATED = 1_000_000
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Framework:
    """A set of principles shipped with the program: its code, title, credit and principles."""

    code: str
    title: str
    credit: str
    description: str
    principles: tuple[Principle, ...]


@dataclass(frozen=True, slots=True)
class Workshop:
    """One workshop's settings, complete with defaults; `folder` is raw/<id>."""

    id: str
    folder: Path
    title: str
    date: str | None
    place: str | None
    language: str
    introduction: str
    framework: str | None
    principles: tuple[Principle, ...]
    legend: Legend
    unsure_below: float
    licence: str | None
    photographs_licence: str | None
    photographs: str
    contact: str | None
    credits: tuple[str, ...]
    point: str
    roster: tuple[str, ...]
    note_readers: tuple[str, ...]
    heading_reader: str
    crosswalk: tuple[str, ...] = ()


class _Table:
    """One table of a TOML file, read key by key so that what is left over can be told."""

    def __init__(self, values: Mapping[str, Any], file: Path | str, name: str = "") -> None:
        self.values = dict(values)
        self.file = file
        self.name = name
        self.known: list[str] = []

    def key(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def fail(self, key: str, found: object, expected: str, remedy: str = "") -> ConfigError:
        return ConfigError(
            f"{self.file}: `{self.key(key)}` is {_shown(found)}, but it must be {expected}.",
            safe="Nothing was changed.",
            remedy=remedy or f"Correct `{self.key(key)}` in that file and run the command again.",
        )

    def take(self, key: str, check: Callable[[Any], bool], expected: str, default: Any = _NOTHING) -> Any:
        self.known.append(key)
        if key not in self.values:
            if default is not _NOTHING:
                return default
            raise ConfigError(
                f"{self.file}: the key `{self.key(key)}` is missing; it must be {expected}.",
                safe="Nothing was changed.",
                remedy=f'Add a line such as  {key} = "…"  to that file.',
            )
        value = self.values[key]
        if not check(value):
            raise self.fail(key, value, expected)
        return value

    def text(self, key: str, default: Any = _NOTHING) -> Any:
        return self.take(key, lambda v: isinstance(v, str) and bool(v.strip()), "a text in quotes", default)

    def texts(self, key: str) -> tuple[str, ...]:
        found = self.take(
            key,
            lambda v: isinstance(v, list) and all(isinstance(item, str) for item in v),
            'a list of texts such as ["one", "two"]',
            [],
        )
        return tuple(found)

    def table(self, key: str) -> _Table:
        found = self.take(key, lambda v: isinstance(v, dict), f"a table, written [{key}]", {})
        return _Table(found, self.file, self.key(key))

    def done(self) -> None:
        """Refuse what nobody asked for: a misspelt key would otherwise be silently without effect."""
        for key in self.values:
            if key not in self.known:
                near = nearest(key, self.known)
                hint = (
                    f"Did you mean `{self.key(near)}`?" if near else f"Known keys: {', '.join(self.known)}."
                )
                raise ConfigError(
                    f"{self.file}: `{self.key(key)}` is not a key that is known here.",
                    safe="Nothing was changed.",
                    remedy=hint,
                )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, if one is close."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def slug(text: str) -> str:
    """A short identifier made of a text: lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "untitled"


def load_workshop(folder: Path) -> Workshop:
    """Read raw/<workshop>/workshop.toml.

    Raises MissingError when the file is not there and ConfigError when it cannot be read or says
    something that cannot be meant; the message names file, key, what was found and what was expected.
    """
    file = folder / FILE_NAME
    top = _Table(_read_toml(file), file)
    title = top.text("title")
    date = _date(top)
    place = top.text("place", None)
    language = top.take(
        "language",
        lambda v: isinstance(v, str) and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", v) is not None,
        'a language code such as "en"',
        "en",
    )
    introduction = top.text("introduction", "")
    framework = top.text("framework", None)
    others = top.take(
        "crosswalk",
        lambda v: isinstance(v, list) and all(code in frameworks() for code in v),
        f"a list of frameworks, of {', '.join(frameworks())}",
        [],
    )
    rows = top.take("principles", lambda v: isinstance(v, list), "a list, each written [[principles]]", [])
    legend = _legend(top.table("legend"))
    shapes = top.table("shapes")
    unsure_below = shapes.take("unsure_below", _is_share, "a number between 0 and 1, such as 0.6", 0.6)
    shapes.done()
    publish = top.table("publish")
    licence = publish.text("licence", None)
    photographs_licence = publish.text("photographs_licence", None)
    photographs = publish.take(
        "photographs", lambda v: v in PHOTOGRAPHS, 'one of "boards", "whole", "none"', "boards"
    )
    contact = publish.text("contact", None)
    credit_lines = publish.texts("credits")
    point = publish.take("point", lambda v: v in POINTS, 'one of "strict", "default", "draft"', "default")
    publish.done()
    people = top.table("people")
    roster = people.texts("roster")
    people.done()
    readers = top.table("readers")
    note_readers = readers.texts("notes") or ("rapidocr",)
    heading_reader = readers.text("headings", "tesseract")
    readers.done()
    top.done()
    own = tuple(_principle(row, file, f"principles[{number}]") for number, row in enumerate(rows, 1))
    base = _framework(framework, file).principles if framework else ()
    return Workshop(
        id=folder.name,
        folder=folder,
        title=title,
        date=date,
        place=place,
        language=language,
        introduction=introduction,
        framework=framework,
        principles=_merged(base, own, file),
        legend=legend,
        unsure_below=float(unsure_below),
        licence=licence,
        photographs_licence=photographs_licence,
        photographs=photographs,
        contact=contact,
        credits=credit_lines,
        point=point,
        roster=roster,
        note_readers=note_readers,
        heading_reader=heading_reader,
        crosswalk=tuple(dict.fromkeys(others)),
    )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise MissingError(
            f"{file.parent} has no {FILE_NAME}.",
            safe="Nothing was changed.",
            remedy=f'Make one with `workshop new {file.parent.name}`; one line is enough:  title = "…"',
        ) from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", safe="Nothing was changed.") from error
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file} is not written in UTF-8 (byte {error.start}).",
            safe="Nothing was changed.",
            remedy="Save it again as UTF-8: every text editor has that choice under “Save as”.",
        ) from None
    except ValueError as error:  # TOMLDecodeError, and a number of more digits than Python turns into one
        raise ConfigError(
            f"{file} is not valid TOML: {error}.",
            safe="Nothing was changed.",
            remedy="Texts stand in quotes, and each setting on a line of its own.",
        ) from None
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply to be meant.", safe="Nothing was changed.") from None


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _date(top: _Table) -> str | None:
    found = top.take(
        "date",
        lambda v: isinstance(v, str | datetime.date),
        "a date such as 2019-03-06",
        None,
    )
    if found is None:
        return None
    if isinstance(found, datetime.datetime):
        return found.date().isoformat()
    if isinstance(found, datetime.date):
        return found.isoformat()
    try:
        return datetime.date.fromisoformat(found).isoformat()
    except ValueError:
        raise top.fail("date", found, "a date such as 2019-03-06") from None


def _legend(table: _Table) -> Legend:
    by_shape: dict[str, str] = {}
    by_colour: dict[str, str] = {}
    by_both: dict[str, str] = {}
    shapes = [code for code in vocabulary.SHAPES if code != "not_recorded"]
    colours = [code for code in vocabulary.COLOURS if code != "not_recorded"]
    table.known += shapes
    for key, value in table.values.items():
        words = key.split()
        if value not in LEGEND_TYPES:
            near = nearest(str(value), LEGEND_TYPES)
            hint = f"Did you mean “{near}”?" if near else ""
            raise table.fail(key, value, "one of " + ", ".join(f'"{code}"' for code in LEGEND_TYPES), hint)
        if key in shapes:
            by_shape[key] = value
        elif key in colours:
            by_colour[key] = value
        elif len(words) == 2 and words[0] in shapes and words[1] in colours:
            by_both[key] = value
        else:
            near = nearest(key, shapes + colours)
            raise ConfigError(
                f"{table.file}: `{table.key(key)}` is neither a shape nor a colour.",
                safe="Nothing was changed.",
                remedy=(f"Did you mean `{near}`? " if near else "")
                + f'Shapes: {", ".join(shapes)}. Colours: {", ".join(colours)}. Both: "square yellow".',
            )
    if not table.values:
        by_shape = dict(DEFAULT_LEGEND)
    return Legend(by_shape=by_shape, by_colour=by_colour, by_shape_and_colour=by_both)


def _principle(row: object, file: Path | str, name: str) -> Principle:
    if not isinstance(row, dict):
        raise ConfigError(
            f"{file}: `{name}` is {_shown(row)}, but it must be a table, written [[principles]].",
            safe="Nothing was changed.",
        )
    table = _Table(row, file, name)
    heading = table.text("heading", None)
    identifier = table.take(
        "id",
        lambda v: isinstance(v, str) and re.fullmatch(r"[a-z0-9][a-z0-9_-]*", v) is not None,
        "lower-case letters, digits and hyphens",
        slug(heading) if heading else _NOTHING,
    )
    also = table.texts("also")
    stated = table.take(
        "stated",
        lambda v: isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= MOST_STATED,
        "a whole number, 0 or more and not above a million",
        None,
    )
    description = table.text("description", "")
    table.done()
    return Principle(id=identifier, heading=heading or "", also=also, stated=stated, description=description)


def _merged(base: tuple[Principle, ...], own: tuple[Principle, ...], file: Path) -> tuple[Principle, ...]:
    """The framework's principles with the workshop's laid over them: same id overrides, new ids are added."""
    merged = {principle.id: principle for principle in base}
    seen: set[str] = set()
    for principle in own:
        if principle.id in seen:
            raise ConfigError(
                f"{file}: two principles have the id `{principle.id}`.",
                safe="Nothing was changed.",
                remedy="Give each principle an id of its own.",
            )
        seen.add(principle.id)
        before = merged.get(principle.id)
        if before is None and not principle.heading:
            raise ConfigError(
                f"{file}: the principle `{principle.id}` has no heading, and the framework knows none for it.",
                safe="Nothing was changed.",
                remedy='Add a line such as  heading = "Power"  below that id.',
            )
        merged[principle.id] = Principle(
            id=principle.id,
            heading=principle.heading or (before.heading if before else ""),
            also=tuple(dict.fromkeys((before.also if before else ()) + principle.also)),
            stated=principle.stated,
            description=principle.description or (before.description if before else ""),
        )
    return tuple(merged.values())


@cache
def frameworks() -> tuple[str, ...]:
    """The codes of the frameworks shipped with the program, sorted."""
    folder = resources.files("pipeline") / "frameworks"
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml")))


def load_framework(code: str) -> Framework:
    """One shipped framework; raises ConfigError naming the nearest one when there is none of that code."""
    return _framework(code, "the command")


def _framework(code: str, file: Path | str) -> Framework:
    if code not in frameworks():
        near = nearest(code, frameworks())
        raise ConfigError(
            f'{file}: `framework` is "{code}", but there is no framework of that name.',
            safe="Nothing was changed.",
            remedy=(f'Did you mean "{near}"? ' if near else "") + f"There are: {', '.join(frameworks())}.",
        )
    source = resources.files("pipeline") / "frameworks" / f"{code}.toml"
    table = _Table(tomllib.loads(source.read_text("utf-8")), source.name)
    title = table.text("title")
    credit = table.take("credit", lambda v: isinstance(v, str), "a text", "")
    description = table.text("description", "")
    rows = table.take("principles", lambda v: isinstance(v, list), "a list")
    table.done()
    principles = tuple(
        _principle(row, source.name, f"principles[{number}]") for number, row in enumerate(rows, 1)
    )
    return Framework(code=code, title=title, credit=credit, description=description, principles=principles)


def find_workshops(raw: Path, names: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """The folders of the named workshops, or of all of them, sorted; raises MissingError with the nearest name."""
    if not raw.is_dir():
        raise MissingError(
            f"There is no folder {raw}.",
            remedy="Go to the project's folder, or say where the photographs are with --raw FOLDER.",
        )
    there = sorted(
        item.name for item in raw.iterdir() if item.is_dir() and not item.name.startswith((".", "_"))
    )
    if not names:
        with_settings = [name for name in there if (raw / name / FILE_NAME).is_file()]
        if not with_settings:
            raise MissingError(
                f"There is no workshop in {raw}: no folder below it has a {FILE_NAME}.",
                remedy="Make one with `workshop new NAME`, put its photographs there, and run again.",
            )
        return tuple(raw / name for name in with_settings)
    for name in names:
        if name not in there or Path(name).name != name:
            near = nearest(name, there)
            raise MissingError(
                f"There is no workshop “{name}” in {raw}.",
                safe="Nothing was changed.",
                remedy=(f"Did you mean “{near}”? " if near else "")
                + (f"There are: {', '.join(there)}." if there else ""),
            )
    return tuple(raw / name for name in dict.fromkeys(names))
