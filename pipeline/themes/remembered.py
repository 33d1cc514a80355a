"""What an analyser knows, as bytes: so that a second run need not read 10,000 notes again.

The content depends on texts and models only, never on what people decide, and carries the models' fingerprint:
after a change of model it is worthless and is ignored. Numbers and texts only (no pickles).
"""

from __future__ import annotations

import functools
import hashlib
import io
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pipeline.damage import UNDECODABLE
from pipeline.files import write_atomically
from pipeline.themes.spelling import FINGERPRINT as SPELLING
from pipeline.themes.spelling import Candidates, Speller
from pipeline.themes.vectors import WIDTH, Analyser, Analysis, Term, fingerprint

_DIGEST_LENGTH = 64


class _Known(msgspec.Struct):
    fingerprint: str
    texts: list[str]
    terms: list[list[tuple[str, str, str, int]]]
    spelling: dict[str, Candidates]


@functools.cache
def _fingerprint() -> str:
    return f"{fingerprint()} {SPELLING} wordfreq={metadata.version('wordfreq')}"


def remember(analyser: Analyser) -> bytes:
    """Everything the analyser knows; the same bytes for the same knowledge."""
    known = analyser.known
    head = msgspec.msgpack.encode(
        _Known(
            _fingerprint(),
            [analysis.text for analysis in known],
            [[(t.lemma, t.surface, t.pos, t.place) for t in analysis.terms] for analysis in known],
            dict(sorted(analyser.speller.known.items())),
        )
    )
    rows = np.stack([analysis.vector for analysis in known]) if known else np.zeros((0, WIDTH), np.float32)
    payload = io.BytesIO()
    payload.write(len(head).to_bytes(8, "big") + head)
    np.save(payload, rows.astype(np.float32), allow_pickle=False)
    content = payload.getvalue()
    return hashlib.sha256(content).hexdigest().encode() + content


def recall(content: bytes) -> Analyser:
    """An analyser that knows what `remember` wrote down; one that knows nothing if that is damaged or outdated."""
    stated, payload = content[:_DIGEST_LENGTH], content[_DIGEST_LENGTH:]
    if hashlib.sha256(payload).hexdigest().encode() != stated:
        return Analyser()
    size = int.from_bytes(payload[:8], "big")
    try:
        head = msgspec.msgpack.decode(payload[8 : 8 + size], type=_Known)
    except UNDECODABLE:  # whole, but written in another version's way
        return Analyser()
    if head.fingerprint != _fingerprint():
        return Analyser()
    rows: Any = np.load(io.BytesIO(payload[8 + size :]), allow_pickle=False)
    known = (
        Analysis(text, tuple(Term(*term) for term in terms), row)
        for text, terms, row in zip(head.texts, head.terms, rows, strict=True)
    )
    return Analyser(known, Speller(head.spelling))


def recall_from(file: Path) -> Analyser:
    """An analyser that knows what `file` holds; one that knows nothing if it is absent, damaged or outdated."""
    try:
        return recall(file.read_bytes())
    except OSError:
        return Analyser()


def remember_in(file: Path, analyser: Analyser) -> None:
    """Write down what the analyser was asked for, if that is not what the file says. Raises StorageError."""
    content = remember(analyser.in_use())
    try:
        is_known = file.read_bytes() == content
    except OSError:
        is_known = False
    if not is_known:
        write_atomically(file, content, durable=False)
