"""Charts as SVG, drawn with nothing but text: bars on a logarithmic scale, and what was reached of each target."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 860
LEFT: Final = 260
RIGHT: Final = 90
LINE: Final = 18
GAP: Final = 12
COLOURS: Final = {
    "floor (a)": "#9aa5b1",
    "floor (b)": "#6b7785",
    "Legation": "#0b6e4f",
    "Legation, small store": "#74b49b",
    "OpenTAXII": "#c8553d",
    "medallion": "#e0a458",
}
OTHER: Final = "#74b49b"
_FONT: Final = 'font-family="system-ui, sans-serif" font-size="12"'


def bars(title: str, groups: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    """Groups of bars, one bar for each contestant, in milliseconds; each step of the scale is ten times the one before."""
    values = [value for _, group in groups for value in group.values() if value > 0]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    height = 60 + sum(len(group) * LINE + GAP for _, group in groups)
    parts = [_text(10, 22, title, weight="bold"), *_scale(low, high, height)]
    top = 40
    for name, group in groups:
        parts.append(_text(10, top + LINE * len(group) / 2 + 4, name))
        for who, value in group.items():
            width = _place(value, low, high) - LEFT
            parts.append(_bar(top, max(width, 1), COLOURS.get(who, OTHER)))
            parts.append(_text(LEFT + width + 6, top + 12, f"{who} {value:.3g}"))
            top += LINE
        top += GAP
    return _svg(height, parts)


def targets(title: str, ratios: Sequence[tuple[str, float]]) -> str:
    """A bar for each target: how much of its bound is used. The line at 1 is the target; the scale is logarithmic, from a tenth to ten times."""
    height = 60 + len(ratios) * (LINE + 4)
    line = _place(1, -1, 1)
    parts = [_text(10, 22, title, weight="bold"), f'<line x1="{line:.1f}" y1="32" x2="{line:.1f}" y2="{height - 18}" stroke="#333"/>']
    for number, (name, ratio) in enumerate(ratios):
        top = 40 + number * (LINE + 4)
        width = _place(min(max(ratio, 0.1), 10), -1, 1) - LEFT
        parts += [_text(10, top + 12, name[:42]), _bar(top, max(width, 2), COLOURS["Legation"] if ratio <= 1 else COLOURS["OpenTAXII"])]
        parts.append(_text(LEFT + width + 6, top + 12, f"{ratio:.2f}"))
    return _svg(height, parts)


def _place(value: float, low: int, high: int) -> float:
    share = (log10(value) - low) / max(1, high - low) if value > 0 else 0.0
    return LEFT + share * (WIDTH - LEFT - RIGHT - 60)


def _scale(low: int, high: int, height: int) -> list[str]:
    parts = []
    for power in range(low, high + 1):
        at = _place(10**power, low, high)
        parts.append(f'<line x1="{at:.1f}" y1="32" x2="{at:.1f}" y2="{height - 18}" stroke="#e1e5e9"/>')
        parts.append(_text(at - 8, height - 4, f"{10**power:g} ms"))
    return parts


def _bar(top: float, width: float, colour: str) -> str:
    return f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{LINE - 3}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}">{escape(text)}</text>'


def _svg(height: int, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    background = f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" {_FONT}>\n{background}\n{body}\n</svg>\n'


# ---- curves, for documents: told in words, by day and by night

_STYLE: Final = """\
  <style>
    .sheet { fill: #ffffff; stroke: #d0d7de }
    .grid { stroke: #d8dee4 }
    .mark { stroke: #57606a; stroke-dasharray: 5 4 }
    text { fill: #1f2328 }
    .soft { fill: #57606a }
    .line { fill: none; stroke-width: 2.5 }
    .c0 { stroke: #0b6e4f } .c1 { stroke: #0969da } .c2 { stroke: #c8553d }
    .t0 { fill: #0b6e4f } .t1 { fill: #0969da } .t2 { fill: #c8553d }
    @media (prefers-color-scheme: dark) {
      .sheet { fill: #0d1117; stroke: #30363d }
      .grid { stroke: #21262d }
      .mark { stroke: #8b949e }
      text { fill: #e6edf3 }
      .soft { fill: #9da7b3 }
      .c0 { stroke: #56d4a4 } .c1 { stroke: #58a6ff } .c2 { stroke: #ff9b82 }
      .t0 { fill: #56d4a4 } .t1 { fill: #58a6ff } .t2 { fill: #ff9b82 }
    }
  </style>"""
_SHEET: Final = (860, 440)
_AREA: Final = (70, 60, 820, 380)
"""Left, top, right, bottom of what is drawn in."""

Points = Sequence[tuple[float, float]]


def curves(title: str, told: str, series: Mapping[str, Points], mark: tuple[float, str]) -> str:
    """Up to three curves of seconds over a number of clients, both on logarithmic scales; `mark` is a number of clients and what it stands for."""
    points = [point for curve in series.values() for point in curve]
    across = floor(log10(min(x for x, _ in points))), ceil(log10(max(x for x, _ in points)))
    upward = floor(log10(min(y for _, y in points))), ceil(log10(max(y for _, y in points)))
    left, top, right, bottom = _AREA

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (log10(x) - across[0]) / (across[1] - across[0]) * (right - left), bottom - (log10(y) - upward[0]) / (
            upward[1] - upward[0]
        ) * (bottom - top)

    parts = [f'  <text x="16" y="28" font-weight="700" font-size="16">{escape(title)}</text>']
    for power in range(across[0], across[1] + 1):
        x, _ = place(10.0**power, 10.0 ** upward[0])
        parts.append(f'  <line class="grid" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(f'  <text class="soft" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{10**power:,}</text>')
    for power in range(upward[0], upward[1] + 1):
        _, y = place(10.0 ** across[0], 10.0**power)
        parts.append(f'  <line class="grid" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        shown = f"{10**power:g} s" if power >= 0 else f"{10 ** (power + 3):g} ms"
        parts.append(f'  <text class="soft" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>')
    x, _ = place(mark[0], 10.0 ** upward[0])
    parts.append(f'  <line class="mark" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>')
    parts.append(f'  <text class="soft" x="{x + 6:.1f}" y="{top + 14}">{escape(mark[1])}</text>')
    for number, (name, curve) in enumerate(series.items()):
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in curve))
        parts.append(f'  <polyline class="line c{number}" points="{way}"/>')
        parts.append(f'  <text class="t{number}" x="{left + 10}" y="{top + 40 + 20 * number}">{escape(name)}</text>')
    parts.append(f'  <text class="soft" x="{right}" y="{bottom + 42}" text-anchor="end">clients that poll once a minute</text>')
    width, height = _SHEET
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc" '
        f'font-family="system-ui, \'Segoe UI\', Helvetica, Arial, sans-serif" font-size="13">'
    )
    labels = f'  <title id="title">{escape(title)}</title>\n  <desc id="desc">{escape(told)}</desc>'
    sheet = f'  <rect class="sheet" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>'
    return "\n".join([head, labels, _STYLE, sheet, *parts, "</svg>", ""])
