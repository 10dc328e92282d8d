"""Small charts as SVG: the same numbers always give the same bytes, and every chart can be read.

A chart's title element says every number, since that is what a screen reader reads out and what
becomes the alternative text in a tagged PDF. Colours keep apart for colour-blind readers (Okabe
and Ito).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 680
BLUE = "#0072B2"
GRID = "#D9DEE5"
INK = "#1F2933"
QUIET = "#52606D"
FONT = "DejaVu Sans, Noto Sans, sans-serif"

_ROWS = ((10, 30), (16, 22))
_LOWEST_ROW = 17
_BAR_SHARE = 0.6
_TOP = 8
_AXIS = 26
_LABEL_SHARE = 0.34
_LINE = 13
_LETTER = 6.5
"""Mean width of a letter at 11 px: an estimate is enough to break lines."""
_STEPS = {1: 5, 1.2: 4, 1.5: 3, 2: 4, 2.5: 5, 3: 3, 4: 4, 5: 5, 6: 3, 8: 4, 10: 5}
"""Where an axis may end (times a power of ten) and in how many steps it gets there."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a label, its height, and the text at its end."""

    label: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


def bar_chart(bars: Sequence[Bar], *, title: str) -> str:
    """Horizontal bars, in the given order: long labels stay readable."""
    left = _label_width([bar.label for bar in bars])
    right = max((len(bar.text) for bar in bars), default=0) * _LETTER + 12
    plot = WIDTH - left - right
    top = nice_ceiling(max((bar.value for bar in bars), default=0))
    row = next((height for most, height in _ROWS if len(bars) <= most), _LOWEST_ROW)
    bottom = _TOP + row * len(bars)
    parts = [_vertical_grid(left, plot, bottom, top)]
    for number, bar in enumerate(bars):
        parts.append(_bar(bar, _Box(left, _TOP + row * number, plot * bar.value / top, row)))
    parts.append(_line(left, _TOP, left, bottom, INK))
    described = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return _svg("".join(parts), height=bottom + _AXIS, title=title, description=described)


def line_chart(points: Sequence[Point], *, title: str, height: int = 220) -> str:
    """One line over evenly spaced labels, from zero."""
    left, right, bottom = 46, 18, height - _AXIS
    top = nice_ceiling(max((point.value for point in points), default=0))
    step = (WIDTH - left - right) / max(1, len(points) - 1)

    def place(number: int, value: float) -> tuple[float, float]:
        return left + step * number, bottom - (bottom - _TOP) * value / top

    places = [place(number, point.value) for number, point in enumerate(points)]
    parts = [_horizontal_grid(left, WIDTH - right, bottom, top)]
    parts.append(_polyline(places))
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{BLUE}"/>'
        for x, y in (places if len(places) <= 62 else [])  # noqa: PLR2004 - two months of days
    ]
    every = max(1, math.ceil(len(points) / 8))
    parts += [
        _text(point.label, x, bottom + 17, anchor="middle", colour=QUIET)
        for number, (point, (x, _)) in enumerate(zip(points, places, strict=True))
        if number % every == 0
    ]
    described = "; ".join(f"{point.label}: {_figure(point.value)}" for point in points)
    return _svg("".join(parts), height=height, title=title, description=described)


def nice_ceiling(value: float) -> float:
    """A round number that reaches the value and is not much greater; 1 for nothing."""
    if value <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in _STEPS if factor * power >= value)


def _bar(bar: Bar, box: _Box) -> str:
    lines = _wrapped(
        bar.label, int((box.x - 10) / _LETTER), lines=2 if box.height >= 2 * _LINE else 1
    )
    middle = box.y + box.height / 2
    first = middle + 4 - _LINE / 2 * (len(lines) - 1)
    labels = [
        _text(line, box.x - 8, first + _LINE * number, anchor="end")
        for number, line in enumerate(lines)
    ]
    thick = box.height * _BAR_SHARE
    shape = (
        f'<rect x="{box.x:.1f}" y="{middle - thick / 2:.1f}" width="{box.width:.1f}" '
        f'height="{thick:.1f}" fill="{BLUE}"/>'
    )
    return "".join([*labels, shape, _text(bar.text, box.x + box.width + 6, middle + 4)])


def _label_width(labels: Sequence[str]) -> float:
    longest = max((len(label) for label in labels), default=0) * _LETTER + 12
    return min(longest, WIDTH * _LABEL_SHARE)


def _wrapped(text: str, letters: int, *, lines: int) -> list[str]:
    """At most so many lines of so many letters; an ellipsis where even that is too little."""
    if len(text) <= letters:
        return [text]
    if lines == 1:
        return [text[: letters - 1] + "…"]
    cut = text.rfind(" ", 0, letters + 1)
    cut = cut if cut > letters // 3 else letters
    rest = text[cut:].strip()
    return [text[:cut].strip(), *_wrapped(rest, letters, lines=lines - 1)]


def _ticks(top: float) -> list[float]:
    """From zero to a nice ceiling in equal steps: whole numbers, since we count."""
    power = 10.0 ** math.floor(math.log10(top))
    steps = min(_STEPS[round(top / power, 1)], max(1, int(top)))
    return [top * number / steps for number in range(steps + 1)]


def _vertical_grid(left: float, plot: float, bottom: float, top: float) -> str:
    parts = []
    for value in _ticks(top):
        x = left + plot * value / top
        parts.append(_line(x, _TOP, x, bottom, GRID))
        parts.append(_text(_figure(value), x, bottom + 17, anchor="middle", colour=QUIET))
    return "".join(parts)


def _horizontal_grid(left: float, right: float, bottom: float, top: float) -> str:
    parts = []
    for value in _ticks(top):
        y = bottom - (bottom - _TOP) * value / top
        parts.append(_line(left, y, right, y, GRID))
        parts.append(_text(_figure(value), left - 6, y + 4, anchor="end", colour=QUIET))
    return "".join(parts)


def _polyline(places: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="1"/>'
    )


def _text(text: str, x: float, y: float, *, anchor: str = "start", colour: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{_xml(text)}</text>'
    )


def _svg(body: str, *, height: float, title: str, description: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}" role="img" font-family="{FONT}" font-size="11">'
        f"<title>{_xml(f'{title}: {description}')}</title>{body}</svg>"
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})
