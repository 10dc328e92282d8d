import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from reporting.charts import WIDTH, Bar, Point, bar_chart, line_chart, nice_ceiling

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg):
    return ET.fromstring(svg)


def texts(svg):
    return [element.text for element in parse(svg).iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_values():
    svg = bar_chart([Bar("a", 50, "50"), Bar("b", 25, "25"), Bar("c", 0, "0")], title="T")

    widths = [float(rect.get("width")) for rect in parse(svg).iter(f"{SVG}rect")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert widths[2] == 0
    assert max(widths) < WIDTH


def test_a_chart_says_aloud_what_it_shows():
    svg = parse(bar_chart([Bar("Yes", 3, "3 (75 %)"), Bar("No", 1, "1 (25 %)")], title="Vote"))

    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == "Vote: Yes: 3 (75 %); No: 1 (25 %)"


def test_the_same_numbers_give_the_same_bytes():
    bars = [Bar("a", 1.0, "1"), Bar("b", 2.0, "2")]

    assert bar_chart(bars, title="T") == bar_chart(list(bars), title="T")


@given(st.lists(st.text(max_size=60), max_size=8), st.text(max_size=40))
def test_no_label_breaks_the_drawing(labels, title):
    drawn = parse(bar_chart([Bar(label, 1, label) for label in labels], title=title))
    parse(line_chart([Point(label, 1) for label in labels], title=title))

    assert len(list(drawn.iter(f"{SVG}rect"))) == len(labels)


def test_markup_in_a_label_stays_text():
    svg = bar_chart([Bar("<script>alert(1)</script>", 1, '" onload="x')], title="</svg>")

    assert "<script" not in svg
    assert {element.tag.removeprefix(SVG) for element in parse(svg).iter()} == {
        "svg",
        "title",
        "line",
        "text",
        "rect",
    }


def test_characters_xml_has_no_place_for_are_left_out():
    assert texts(bar_chart([Bar("a\x00b\ud800c", 1, "1")], title="\x0b"))[-2] == "abc"


def test_a_long_label_takes_two_lines_and_then_an_ellipsis():
    label = "A very long option that somebody wrote out in full, with every detail and more"
    svg = bar_chart([Bar(label, 1, "1")], title="T")

    lines = [text for text in texts(svg) if not re.fullmatch(r"[\d.]+", text)]
    assert len(lines) == 2
    assert label.startswith(lines[0])
    assert lines[1].endswith("…")


def test_an_empty_chart_is_a_chart():
    assert parse(bar_chart([], title="T")).find(f"{SVG}title").text == "T: "
    assert parse(line_chart([], title="T")).find(f"{SVG}title").text == "T: "


@pytest.mark.parametrize(
    ("value", "ceiling"),
    [
        (0, 1),
        (1, 1),
        (2, 2),
        (3, 3),
        (7, 8),
        (9, 10),
        (11, 12),
        (103, 120),
        (944, 1000),
        (1e6, 1e6),
    ],
)
def test_an_axis_ends_at_a_round_number(value, ceiling):
    assert nice_ceiling(value) == ceiling


@given(st.integers(0, 10**9))
def test_an_axis_reaches_every_value_in_whole_steps(value):
    top = nice_ceiling(value)
    svg = bar_chart([Bar("", value, "")], title="")

    assert value <= top <= max(1, 1.7 * value)
    ticks = [float(text.replace(",", "")) for text in texts(svg) if text]
    assert ticks[0] == 0
    assert len(ticks) <= 6
    assert all(tick == int(tick) for tick in ticks)


def test_a_line_has_a_point_for_each_value():
    svg = parse(line_chart([Point("Mon", 1), Point("Tue", 4), Point("Wed", 2)], title="Week"))

    points = svg.find(f"{SVG}polyline").get("points").split()
    heights = [float(point.split(",")[1]) for point in points]
    assert len(points) == 3
    assert heights[1] < heights[2] < heights[0]
    assert svg.find(f"{SVG}title").text == "Week: Mon: 1; Tue: 4; Wed: 2"
