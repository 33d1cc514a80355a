"""Places on a photograph as its file has it, for programs that open the file and know nothing of its turn."""

from __future__ import annotations

from pipeline.model import Photo, Polygon


def size_in_file(photo: Photo) -> tuple[int, int]:
    """Width and height of the picture as other programs open it: without the turn that the file does not tell."""
    return (photo.height, photo.width) if photo.turn in (90, 270) else (photo.width, photo.height)


def in_file(polygon: Polygon, photo: Photo) -> Polygon:
    """A polygon of the upright picture, in pixels of the picture as its file has it."""
    match photo.turn:
        case 90:
            return tuple((y, photo.width - x) for x, y in polygon)
        case 180:
            return tuple((photo.width - x, photo.height - y) for x, y in polygon)
        case 270:
            return tuple((photo.height - y, x) for x, y in polygon)
    return polygon


def upright(polygon: Polygon, photo: Photo) -> Polygon:
    """A polygon of the picture as its file has it, in pixels of the upright one: `in_file` undone."""
    match photo.turn:
        case 90:
            return tuple((photo.width - y, x) for x, y in polygon)
        case 180:
            return tuple((photo.width - x, photo.height - y) for x, y in polygon)
        case 270:
            return tuple((y, photo.height - x) for x, y in polygon)
    return polygon
