"""The reliability diagram of the judge's words, as the calibration draws it."""

from __future__ import annotations

from collections.abc import Sequence


def diagram(rows: Sequence[tuple[float, float, int]], error: float) -> str:
    """The reliability diagram as SVG: the share of words that are right over what was said of them; the larger the
    dot, the more words."""
    side, edge = 320, 46
    most = max(count for _, _, count in rows)

    def place(x: float, y: float) -> tuple[str, str]:
        return f"{edge + x * side:.1f}", f"{edge / 2 + (1 - y) * side:.1f}"

    (left, bottom), (right, top) = place(0, 0), place(1, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side + 1.5 * edge:.0f} {side + 2 * edge}" '
        'role="img" font-family="sans-serif" font-size="12">',
        f"<title>Words: how sure the reader said it was, and how often it was right (mean gap {error:.3f})</title>",
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#fff" stroke="#999"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="#999" stroke-dasharray="4 4"/>',
    ]
    for tenth in range(0, 11, 2):
        (x, low), (start, y) = place(tenth / 10, 0), place(0, tenth / 10)
        parts.append(f'<text x="{x}" y="{float(low) + 16:.1f}" text-anchor="middle">{tenth / 10:g}</text>')
        parts.append(
            f'<text x="{float(start) - 6:.1f}" y="{float(y) + 4:.1f}" text-anchor="end">{tenth / 10:g}</text>'
        )
    for said, share, count in rows:
        x, y = place(said, share)
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{3 + 9 * (count / most) ** 0.5:.1f}" fill="#1d5fa8" fill-opacity="0.7">'
            f"<title>{count} words: said {said:.2f}, right {share:.2f}</title></circle>"
        )
    parts.append(
        f'<text x="{edge + side / 2}" y="{side + 1.4 * edge:.1f}" text-anchor="middle">'
        "said: the probability that a word is right</text>"
    )
    middle = edge / 2 + side / 2
    parts.append(
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">'
        "share of words that are right</text></svg>"
    )
    return "\n".join(parts) + "\n"
