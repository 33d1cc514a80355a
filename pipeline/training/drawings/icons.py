"""Hand-drawn icons as pictures of ink.

Source: npm `@iconify-json/streamline-freehand` (1,000 icons, Streamline, CC BY 4.0). They are drawn with a line
like a pen's, much as people draw on notes: faces, people, clocks, machines, buildings.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray

PACKAGE = "@iconify-json/streamline-freehand@1.2.1"
MARGIN = 0.05
Grey = NDArray[np.uint8]


def load_icons(home: Path, side: int = 200) -> list[Grey]:
    """Every icon of the set, in the order of their names: side x side, 255 where ink is.

    Fetches the package to the folder `home` if it is not there; raises CalledProcessError where npm cannot.
    """
    home.mkdir(parents=True, exist_ok=True)
    pattern = "*streamline-freehand-1.2.1.tgz"
    if not sorted(home.glob(pattern)):
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=home, check=True, capture_output=True)
    with tarfile.open(sorted(home.glob(pattern))[0]) as archive:
        member = archive.extractfile("package/icons.json")
        if member is None:
            raise FileNotFoundError("package/icons.json")
        drawn = json.load(member)
    size = max(float(drawn.get("width", 24)), float(drawn.get("height", 24)))
    return [picture(drawn["icons"][name]["body"], size, side) for name in sorted(drawn["icons"])]


def picture(body: str, size: float, side: int) -> Grey:
    """The elements of an SVG of size x size, as ink on side x side pixels with a margin."""
    low, wide = -MARGIN * size / (1 - 2 * MARGIN), size / (1 - 2 * MARGIN)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
        f'viewBox="{low} {low} {wide} {wide}">{body}</svg>'
    )
    png = np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_string=svg)), np.uint8)
    return np.ascontiguousarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED)[..., 3])
