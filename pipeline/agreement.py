"""How far two people agree who read the same notes without knowing of each other."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import Levenshtein

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people's independent claims on one aspect (reading, response_type, …) of one note."""

    aspect: str
    first_person: str
    first: Any
    second_person: str
    second: Any


@dataclass(frozen=True, slots=True)
class Agreement:
    """`notes`: readings compared; `equal`: share that is equal after folding, 0 to 1; `cer`: characters to be
    changed to get from one person's readings to the other's, as a share of all characters; `types`: pairs of
    response types; `alpha`: Krippendorff's alpha for them (nominal), None where it is not defined."""

    notes: int
    equal: float
    cer: float
    types: int
    alpha: float | None


def fold(text: str) -> str:
    """The text without what two careful people may write differently: case, white space, kinds of quotes
    and dashes, full stops and commas at the end of words."""
    plain = unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()
    return " ".join(stripped for word in plain.split() if (stripped := word.rstrip(".,;:!")))


def measure(pairs: Iterable[Pair]) -> Agreement | None:
    """Agreement over independent pairs; None where nothing was read twice."""
    everything = list(pairs)
    readings = [(fold(str(p.first)), fold(str(p.second))) for p in everything if p.aspect == "reading"]
    types = [(p.first, p.second) for p in everything if p.aspect == "response_type"]
    if not readings and not types:
        return None
    changed = sum(Levenshtein.distance(one, other) for one, other in readings)
    characters = sum(max(len(one), len(other)) for one, other in readings)
    return Agreement(
        notes=len(readings),
        equal=sum(one == other for one, other in readings) / len(readings) if readings else 1.0,
        cer=changed / characters if characters else 0.0,
        types=len(types),
        alpha=krippendorff_alpha(types),
    )


def krippendorff_alpha(units: Sequence[Sequence[object]]) -> float | None:
    """Krippendorff's alpha for nominal data, from the coincidence matrix (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability").

    `units` holds, for each thing that was coded, the values given to it; None is a missing value and
    things with fewer than two values do not count. 1 is perfect agreement, 0 what chance would give.
    None where nothing can be said: nothing was coded twice, or only one value ever occurs.
    """
    coincidences: dict[tuple[object, object], float] = defaultdict(float)
    for unit in units:
        values = Counter(value for value in unit if value is not None)
        count = sum(values.values())
        if count < 2:
            continue
        for one, n in values.items():
            for other, m in values.items():
                coincidences[one, other] += (n * (m - 1) if one == other else n * m) / (count - 1)
    marginals: dict[object, float] = defaultdict(float)
    for (one, _), weight in coincidences.items():
        marginals[one] += weight
    total = sum(marginals.values())
    expected = total * total - sum(n * n for n in marginals.values())
    if total < 2 or expected == 0:
        return None
    observed = sum(weight for (one, other), weight in coincidences.items() if one != other)
    return 1.0 - (total - 1) * observed / expected


def sentence(agreement: Agreement | None) -> str:
    """What the method note says of it, or "" where nothing was read twice."""
    if agreement is None:
        return ""
    parts = []
    if agreement.notes:
        notes = "1 note" if agreement.notes == 1 else f"{agreement.notes:,} notes"
        parts.append(
            f"Two people read {notes} independently: {agreement.equal:.0%} of their readings are the same "
            f"(leaving aside case and punctuation), and {agreement.cer:.1%} of the characters differ."
        )
    if agreement.types and agreement.alpha is not None:
        parts.append(
            f"Their agreement on the type of response, over {agreement.types:,} notes, is "
            f"{agreement.alpha:.2f} (Krippendorff's alpha: 1 is perfect, 0 is chance)."
        )
    return " ".join(parts)
