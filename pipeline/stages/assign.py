"""assign: what a note's shape and colour mean in this workshop. Pure: records in, a code out."""

from __future__ import annotations

from pipeline.model import Classification, Legend

OTHER = "other"
UNSURE = "unsure"


def response_type(classification: Classification, legend: Legend, threshold: float) -> str:
    """The response type (a code of vocabulary.RESPONSE_TYPES) of a note.

    The most particular entry of the legend decides: shape and colour together, then shape, then colour.
    "unsure" where the meaning hangs on a shape that is less sure than `threshold`; "other" where the
    legend has no entry.
    """
    meaning = _meaning(classification.shape, classification.colour, legend)
    if classification.shape_confidence >= threshold:
        return meaning
    # A doubtful shape does no harm where every shape of this colour means the same.
    shapes = {
        *legend.by_shape,
        *(key.split(" ")[0] for key in legend.by_shape_and_colour),
        classification.shape,
    }
    possible = {_meaning(shape, classification.colour, legend) for shape in shapes}
    possible.add(_meaning("", classification.colour, legend))
    return meaning if len(possible) == 1 else UNSURE


def _meaning(shape: str, colour: str, legend: Legend) -> str:
    both = legend.by_shape_and_colour.get(f"{shape} {colour}")
    return both or legend.by_shape.get(shape) or legend.by_colour.get(colour) or OTHER
