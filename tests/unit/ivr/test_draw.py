"""Does the drawing show every node and every way, and is it well formed?"""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ivr.draw import Arrow, arrows, mermaid, svg
from ivr.graph import targets
from ivr.menu import Menu, SayNode
from tests.builders import a_doctors_menu, a_menu
from tests.unit.ivr.menus import a_service_menu, a_survey

MENUS = [a_menu(), a_doctors_menu(), a_service_menu(), a_survey()]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("menu", MENUS)
def test_every_way_is_an_arrow(menu: Menu) -> None:
    ends = {(name, target) for name, node in menu.nodes.items() for *_, target in targets(node)}
    assert {(arrow.source, arrow.target) for arrow in arrows(menu, {})} == ends
    assert mermaid(menu, {}).count("-->") == len(ends) + 1


def test_an_arrow_says_when_it_is_taken_and_by_how_many() -> None:
    taken = {
        ("hotline", "topics", "coverage"): 532,
        ("hotline", "language", "az"): 7,
        ("other", "topics", "message"): 3,
    }
    drawn = arrows(a_menu(), taken)
    assert Arrow("topics", "coverage", "1 (532)") in drawn
    assert Arrow("topics", "message", "4") in drawn
    assert Arrow("language", "topics", "1 ru, 2 az (7)") in drawn
    assert Arrow("hours", "closed", "closed") in drawn
    assert Arrow("closed", "operator", "") in drawn


def test_the_svg_holds_every_node_once_and_no_box_upon_another() -> None:
    whole = ElementTree.fromstring(svg(MENUS, {}))
    for menu, chart in zip(MENUS, whole.findall(f"{SVG}g"), strict=True):
        boxes = [(box.get("x"), box.get("y")) for box in chart.findall(f"{SVG}rect")]
        assert len(set(boxes)) == len(boxes) == len(menu.nodes)
        words = [text.text for text in chart.findall(f"{SVG}text")]
        assert all(words.count(name) >= 1 for name in menu.nodes)
        assert len(chart.findall(f"{SVG}path")) == len(arrows(menu, {}))


def test_the_charts_stand_within_the_drawing() -> None:
    whole = ElementTree.fromstring(svg(MENUS, {}))
    width, height = (int(whole.get(side, "0")) for side in ("width", "height"))
    for chart in whole.findall(f"{SVG}g"):
        top = int(chart.get("transform", "").removesuffix(")").split()[-1])
        for box in chart.findall(f"{SVG}rect"):
            x, y, w, h = (int(box.get(side, "0")) for side in ("x", "y", "width", "height"))
            assert 0 <= x < x + w <= width
            assert 0 <= top + y < top + y + h <= height


def test_what_means_something_in_a_drawing_is_written_as_text() -> None:
    menu = replace(a_menu(), menu_id="a<b&c")
    odd = replace(menu, nodes={**menu.nodes, 'say"<x>': SayNode(prompts=("x",), next="operator")}, start='say"<x>')
    ElementTree.fromstring(svg([odd], {}))
    assert 'say"<x>' not in mermaid(odd, {})
