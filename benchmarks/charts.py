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
