"""Mutated files of every kind that the program reads: each is read or refused with its reason, within bounds.

A child reads them; it may use so much processor time for one file and so much memory beyond what the libraries
themselves take. Anything but a result or a refusal of ours, a crash, a hang or want of memory fails the campaign, and
the file is kept to look at.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import random
import re
import resource
import signal
import struct
import tempfile
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from campaigns import computed

CPU_SECONDS = 20.0
WALL_SECONDS = 600.0
MEMORY = 2 << 30
"""For one file: processor seconds, seconds by the clock (a loaded machine is slow), bytes of address space."""
SPAWN = multiprocessing.get_context("spawn")
KEPT = Path(tempfile.gettempdir()) / "fuzz-failures"


@dataclass
class Tally:
    """What a campaign did and found."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    most_seconds: float = 0.0
    most_memory: int = 0

    @property
    def files(self) -> int:
        return sum(counts.total() for counts in self.outcomes.values())

    def __str__(self) -> str:
        rows = [
            f"  {kind:<14}{counts['read']:>6} read{counts['refused']:>7} refused{counts['failed']:>4} failed"
            for kind, counts in sorted(self.outcomes.items())
        ]
        peak = f"longest {self.most_seconds:.1f} s of processor time, most memory {self.most_memory >> 20} MB"
        return "\n".join([f"{self.files} files; {peak}", *rows, *self.failures])


# --- whole files to begin with --------------------------------------------------------------------


def _picture(form: str, mode: str = "RGB", **options: Any) -> bytes:
    from pictures import gradient

    out = io.BytesIO()
    gradient().convert(mode).save(out, form, **options)
    return out.getvalue()


@cache
def _seeds() -> dict[str, list[bytes]]:
    """For each kind of file, whole ones."""
    from factories import digest_of, make_decision, make_polygon, make_record
    from pictures import encoded, gradient
    from PIL import Image
    from test_transcript_files import HTML, MARKDOWN, TEXT, docx_file, pptx_file

    from pipeline import decisions
    from pipeline.exchange.pagexml import page_files
    from pipeline.template import new_workshop
    from pipeline.workshop import load_framework

    pages = [Image.new("RGB", (80, 80), colour) for colour in ("red", "blue")]
    place = {"photo_sha256": digest_of("board-1.jpg"), "polygon": make_polygon(2)}
    said = [
        ("text", "Listen first"),
        ("text_status", "illegible"),
        ("response_type", "challenge"),
        ("principle_id", "power"),
        ("not_a_note", True),
        ("same_as", place),
        ("personal", {"text": "Ada", "keep": False}),
        ("answers_note_id", "n0002"),
        ("note", make_polygon(9)),
        ("polygon", make_polygon(8)),
        ("undo", "d0001"),
    ]
    log = b"".join(
        decisions.encode(make_decision(number, field=name, new=new)) + b"\n"
        for number, (name, new) in enumerate(said, 1)
    )
    with tempfile.TemporaryDirectory() as folder:
        docx, pptx = (
            _packed(_parts(file.read_bytes()))
            for file in (docx_file(Path(folder) / "a.docx"), pptx_file(Path(folder) / "a.pptx"))
        )
    return {
        "jpeg": [encoded(gradient(), gps=True, orientation=6), _picture("JPEG", progressive=True)],
        "mpo": [_picture("MPO", save_all=True, append_images=pages)],
        "png": [encoded(gradient(), "PNG", gps=True), _picture("PNG", "P"), _picture("PNG", "RGBA")],
        "webp": [encoded(gradient(), "WEBP", gps=True), _picture("WEBP", "RGBA", lossless=True)],
        "heic": [encoded(gradient(), "HEIF", gps=True)],
        "avif": [_picture("AVIF")],
        "tiff": [
            _picture("TIFF", **{"compression": how})
            for how in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
        ],
        "gif": [_picture("GIF", "P"), _picture("GIF", "P", save_all=True, append_images=pages)],
        "bmp": [_picture("BMP"), _picture("BMP", "L")],
        "workshop.toml": [
            new_workshop("town-hall", load_framework("terrapins")).encode(),
            _WORKSHOP.encode(),
        ],
        "themes.toml": [_THEMES.encode()],
        "decisions": [log],
        "transcript.txt": [TEXT.encode(), TEXT.encode("utf-16")],
        "transcript.md": [MARKDOWN.encode()],
        "transcript.html": [HTML.encode()],
        "transcript.docx": [docx],
        "transcript.pptx": [pptx],
        "page-xml": list(page_files(make_record(), "2026-11-22T00:00:00").values()),
        "run": [log],
        **computed.seeds(),
    }


_WORKSHOP = """title = "Town hall"
date = 2019-03-06
place = "Manchester"
language = "en"
introduction = "We met."
[[principles]]
id = "power"
heading = "Power"
also = ["POWER (who has it)"]
stated = 15
description = "Who has it:"
[[principles]]
heading = "Make Time"
[legend]
square = "challenge"
tick = "agreement"
"square yellow" = "other"
[shapes]
unsure_below = 0.6
[publish]
licence = "CC-BY-4.0"
contact = "team@example.org"
credits = ["A. Reader"]
point = "draft"
[people]
roster = ["Ada Lovelace"]
[readers]
notes = ["rapidocr"]
headings = "tesseract"
"""
_THEMES = """[[themes]]
key = "power-comes-first"
name = "Power comes first"
principle = "power"
description = "Power as the ground."
pinned = true
[themes.notes]
n0001 = "yellow"
[[themes]]
name = "Nothing"
rejected = true
notes = ["n0002", "n0003"]
[ungrouped]
n0004 = "Fundamental ..."
"""

# --- mutations ------------------------------------------------------------------------------------

_NUMBERS = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\x01",
    b"\xff\xff\xff\x7f",
    b"\0\1\0\0",
)
_TEXTS = (
    "",
    " ",
    "\0",
    "\x1b]0;title\x07",
    "\u202egnihton",
    "<script>alert(1)</script>",
    "]]>&<",
    '=HYPERLINK("http://x","y")',
    "../../../etc/passwd",
    "/etc/passwd",
    "[" * 3000,
    "x" * 70_000,
    "📌" * 50,
    "a\nb\r\n\tc",
    "{{ 7*7 }}${7*7}%s%n",
    "\ufffe\uffff",
    "﷽",
    "-- 1 x 99999",
    "(99999)",
)
_WORDS = (
    b"[" * 2000,
    b'{"a":' * 500,
    b"1e999",
    b"-1",
    b"9" * 5000,
    b"nan",
    b"null",
    b"true",
    b"\n",
    b"\0",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b'"""',
    b"'",
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    b"&b;",
    b"<![CDATA[",
    b"<p>" * 500,
    b"(99999)",
    b"- ",
    b"x 999999",
    b"# ",
    b"1979-05-27T07:32:00Z",
    b"0x" + b"f" * 40,
)


def mutated(content: bytes, rng: random.Random, is_text: bool) -> bytes:
    """The file with one to eight things wrong with it."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(data) + 1)
        some = rng.choice((1, 2, 4, 16, 200))
        act = rng.randrange(9 if is_text else 7)
        if act == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif act == 1 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif act == 2:
            del data[at : at + some]
        elif act == 3:
            data[at:at] = data[max(0, at - some) : at] * rng.choice((1, 3, 50))
        elif act == 4:
            del data[at:]
        elif act == 5:
            data[at : at + 4] = rng.choice(_NUMBERS)
        elif act == 6:
            other = rng.randrange(len(data) + 1)
            data[at : at + some] = data[other : other + some]
        elif act == 7:
            data[at:at] = rng.choice(_WORDS)
        else:
            data = _value_replaced(data, rng)
        if not data:
            break
    return bytes(data[: 4 << 20])


def _value_replaced(data: bytearray, rng: random.Random) -> bytearray:
    """One text or number of a settings file or log by another: still well-formed, so it gets further in."""
    values = list(re.finditer(rb'"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?', data))
    if not values:
        return data
    found = rng.choice(values)
    is_quoted = found[0].startswith(b'"')
    new = (
        json.dumps(rng.choice(_TEXTS)).encode() if is_quoted else rng.choice((b"0", b"-5", b"1e9", b"9" * 30))
    )
    return data[: found.start()] + bytearray(new) + data[found.end() :]


def _package_mutated(content: bytes, rng: random.Random) -> bytes:
    """An office file with one part mutated and everything round it whole, so that the part is really read."""
    parts = _parts(content)
    matters = r"word/(document|styles)\.xml|ppt/(presentation|slides/slide\d+)\.xml|ppt/_rels/.*"
    wanted = rng.choice([name for name in parts if re.fullmatch(matters, name)])
    return _packed({**parts, wanted: mutated(parts[wanted], rng, True)})


def _parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(parts: Mapping[str, bytes]) -> bytes:
    """The parts as an office file, without the time of day: what is made of it is to be always the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _checksums_mended(png: bytes) -> bytes:
    """A PNG whose chunks' checksums are right again: a decoder that looks at them would go no further."""
    data, at = bytearray(png), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        end = at + 8 + length
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(bytes(data[at + 4 : end])))
        at = end + 4
    return bytes(data)


_TEXT_KINDS = (
    "workshop.toml",
    "themes.toml",
    "decisions",
    "page-xml",
    "run",
    "edition.json",
    "edition.sums",
    *(f"cached-{stage}" for stage in computed.STAGES),
    "planned-state",
    "planned-index",
)


def case(seed: int, number: int) -> tuple[str, bytes]:
    """The file of that number: its kind and content; always the same."""
    rng = random.Random(f"{seed}:{number}")
    kinds = sorted(_seeds())
    weights = [0.15 if kind == "run" else 1.0 for kind in kinds]
    kind = rng.choices(kinds, weights)[0]
    content = rng.choice(_seeds()[kind])
    if kind.endswith(("docx", "pptx")) and rng.random() < 0.6:
        return kind, _package_mutated(content, rng)
    changed = mutated(content, rng, kind in _TEXT_KINDS or kind.startswith("transcript"))
    return kind, _checksums_mended(changed) if kind == "png" and rng.random() < 0.6 else changed


# --- reading them ---------------------------------------------------------------------------------


def take(kind: str, content: bytes, folder: Path) -> str:
    """Give the file to what reads it: "read" or "refused"; anything else raises."""
    from pipeline.errors import WorkshopError
    from pipeline.model import Refusal

    try:
        found = _TAKERS.get(kind, _take_transcript if kind.startswith("transcript") else _take_picture)(
            kind, content, folder
        )
    except WorkshopError as error:
        assert str(error).strip()
        return "refused"
    if isinstance(found, Refusal):
        assert found.reason
        assert found.code
        return "refused"
    return found or "read"


def _take_picture(kind: str, content: bytes, folder: Path) -> Any:
    from pipeline.stages.intake import intake

    found = intake(content, "x")
    return found if not isinstance(found, tuple) else None


def _take_workshop(kind: str, content: bytes, folder: Path) -> None:
    from pipeline.workshop import load_workshop

    (folder / "workshop.toml").write_bytes(content)
    load_workshop(folder)


def _take_themes(kind: str, content: bytes, folder: Path) -> None:
    from pipeline.themes import themes_toml

    (folder / "themes.toml").write_bytes(content)
    themes_toml.read(folder / "themes.toml")


def _take_decisions(kind: str, content: bytes, folder: Path) -> str:
    from factories import make_record

    from pipeline.decisions import parse_log
    from pipeline.stages.amend import hand_outlines
    from pipeline.stages.decide import decide

    log = parse_log(content)
    record = make_record()
    decide(record.notes, log.decisions, [principle.id for principle in record.principles])
    hand_outlines(log.decisions)
    return "refused" if log.problems else "read"


def _take_transcript(kind: str, content: bytes, folder: Path) -> None:
    from pipeline.transcript import notes_of
    from pipeline.transcript.files import read_transcript_file

    file = folder / kind
    file.write_bytes(content)
    notes_of(read_transcript_file(file), "town-hall", ())


def _take_page(kind: str, content: bytes, folder: Path) -> str:
    from factories import make_record

    from pipeline.exchange.pagexml_in import corrections_of

    found = corrections_of({"page.xml": content}, make_record(), person="ada", when="2026-11-22T00:00:00Z")
    return "refused" if found.problems else "read"


def _take_run(kind: str, content: bytes, folder: Path) -> None:
    """A whole run with mutated settings, themes and decisions: what they let through must go all the way."""
    import pytest
    from fakes import in_this_process, use_fakes, workshop_of

    from pipeline.planning import Places
    from pipeline.run import run

    rng = random.Random(content)
    with tempfile.TemporaryDirectory(dir=folder) as name, pytest.MonkeyPatch.context() as patch:
        use_fakes(patch)
        base = Path(name)
        home = workshop_of(base / "raw", photos=2)
        settings = bytearray(_WORKSHOP.encode())
        for _ in range(rng.randrange(3)):
            settings = _value_replaced(settings, rng)
        themes = _value_replaced(bytearray(_THEMES.encode()), rng)
        (home / "workshop.toml").write_bytes(bytes(settings))
        (home / "themes.toml").write_bytes(bytes(themes))
        import hashlib

        from factories import digest_of

        sha256 = hashlib.sha256((home / "photo-1.png").read_bytes()).hexdigest()
        here = content.replace(digest_of("board-1.jpg").encode(), sha256.encode())
        # On the notes that are there, so that the decisions are really laid.
        here = re.sub(
            rb'"polygon":\[\[100\.0,100\.0\].*?\]\]', b'"polygon":[[40,100],[80,100],[80,140],[40,140]]', here
        )
        (home / "decisions.jsonl").write_bytes(here)
        run(
            Places(base / "raw", base / "processed", base / "reports"),
            workers=1,
            make_executor=in_this_process,
        )


_TAKERS: dict[str, Callable[[str, bytes, Path], Any]] = {
    "workshop.toml": _take_workshop,
    "themes.toml": _take_themes,
    "decisions": _take_decisions,
    "page-xml": _take_page,
    "run": _take_run,
    **dict.fromkeys(computed.EDITION, computed.take_edition),
    **{f"cached-{stage}": computed.take_cached for stage in computed.STAGES},
    "planned-state": computed.take_planned,
    "planned-index": computed.take_planned,
}


# --- the campaign ---------------------------------------------------------------------------------


def _warm_up(folder: Path) -> None:
    for kind, contents in _seeds().items():
        for content in contents:
            # A whole file that is refused would make everything made of it a waste of time.
            assert take(kind, content, folder) == "read" or kind in ("decisions", "planned-index"), kind


def _reader(seed: int, first: int, last: int, tell: Any) -> None:
    """The child: reads files `first` to `last` and tells of each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _warm_up(folder)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(first, last):
            kind, content = case(seed, number)
            tell.send((number, kind, "begins", "", 0.0, 0))
            # Ends the process, even in the middle of a library's C code; the child need not co-operate.
            signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
            outcome, detail = "failed", ""
            try:
                outcome = take(kind, content, folder)
            except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
                detail = traceback.format_exc()[-3000:]
            seconds = CPU_SECONDS - signal.setitimer(signal.ITIMER_VIRTUAL, 0)[0]
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            tell.send((number, kind, outcome, detail, seconds, grown << 10))


def campaign(files: int, seed: int = 8, say: Callable[[str], None] = lambda _: None) -> Tally:
    """So many mutated files; what failed is in `failures`, and the files below KEPT."""
    tally = Tally()
    next_one = 0
    while next_one < files:
        heard, tell = SPAWN.Pipe(duplex=False)
        child = SPAWN.Process(target=_reader, args=(seed, next_one, files, tell))
        child.start()
        tell.close()
        pending: tuple[int, str] | None = None
        why = "hung"
        try:
            # Loading everything takes as long as it takes; one file does not.
            while heard.poll(WALL_SECONDS if pending else None):
                number, kind, outcome, detail, seconds, grown = heard.recv()
                next_one = number + 1
                pending = (number, kind) if outcome == "begins" else None
                if outcome == "begins":
                    continue
                _count(tally, seed, number, kind, outcome, detail)
                tally.most_seconds = max(tally.most_seconds, seconds)
                tally.most_memory = max(tally.most_memory, grown)
                if number % 500 == 499:
                    say(f"{number + 1} of {files} files, {len(tally.failures)} failed")
        except EOFError:
            child.join()
            why = f"the reader ended with {child.exitcode}"
        child.kill()
        child.join()
        if pending is not None:
            _count(tally, seed, *pending, "failed", why)
        elif next_one < files:
            raise RuntimeError(f"the child could not begin: {why}")
    return tally


def _count(tally: Tally, seed: int, number: int, kind: str, outcome: str, detail: str) -> None:
    tally.outcomes.setdefault(kind, Counter())[outcome] += 1
    if outcome == "failed":
        KEPT.mkdir(exist_ok=True)
        file = KEPT / f"{seed}-{number}-{kind}"
        file.write_bytes(case(seed, number)[1])
        tally.failures.append(f"{file}: {detail}")
