from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date

from azureml_publish.assets import Scenario
from azureml_publish.reporters.paint import Paint
from azureml_publish.reporters.sku_chart import chart_text
from azureml_publish.reporters.sku_svg import chart_svg
from azureml_publish.skus.catalogue import Sku, load_catalogue
from azureml_publish.skus.chart import Chart, draw_up
from azureml_publish.skus.query import resolve_literal

CATALOGUE = load_catalogue()
LISTS: dict[Scenario, tuple[str, ...]] = {
    "inference": ("Standard_DS3_v2", "Standard_NC4as_T4_v3", "Standard_NC6s_v3"),
    "finetune": ("Standard_NC6s_v3", "Standard_NC12s_v3", "Standard_NC64as_T4_v3"),
}


def chart(as_of: date = date(2026, 11, 21), name: str = "a-model") -> Chart:
    lists: dict[Scenario, tuple[Sku, ...]] = {
        scenario: resolve_literal(CATALOGUE, names).skus for scenario, names in LISTS.items()
    }
    return draw_up(name, lists, CATALOGUE, as_of)


WIDE = """\
a-model  as of 2026-11-21

FAMILY     GPU        INFERENCE   FINETUNE     GOES
Dsv2                  ○○○●○○○○○○               2028-05-01
NCv3       V100 16GB  ✕○○○        ✕✕○○         gone 2025-09-30
NCasT4_v3  T4 16GB    ●○○○        ○○○●
min                   4|0|14|28   6|1|112|736

● may run   ○ another size of the family   ✕ on the list, but retired
"""


def test_a_terminal_shows_families_scenarios_and_days() -> None:
    assert chart_text(chart(), 100) == WIDE


def test_it_fits_a_narrow_terminal() -> None:
    for width in (79, 60, 40, 34):
        lines = chart_text(chart(), width).splitlines()
        assert max(map(len, lines)) <= width, (width, lines)
        assert any("Dsv2" in line for line in lines)
        assert any("2025-09-30" in line for line in lines)
        assert any("6|1|112|736" in line for line in lines)


def test_colours_do_not_count_as_width() -> None:
    plain = chart_text(chart(), 80)
    painted = chart_text(chart(), 80, Paint(enabled=True))
    assert painted != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


def test_a_family_that_goes_in_part_says_so() -> None:
    skus = resolve_literal(CATALOGUE, ["Standard_DS3_v2"]).skus
    (row,) = draw_up("m", {"inference": skus}, CATALOGUE, date(2026, 11, 21)).rows
    assert (row.goes, row.gone, row.partly) == (date(2028, 5, 1), False, False)


def test_the_picture_is_whole_xml_without_anything_from_elsewhere() -> None:
    text = chart_svg(chart(name='a <model> & "more"'))
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["role"] == "img"
    assert "prefers-color-scheme: dark" in text
    outside = text.replace("http://www.w3.org/2000/svg", "")
    for word in ("http", "url(", "href", "<script", "@import", "font-face", "<image"):
        assert word not in outside
    said = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Dsv2", "NCv3", "NCasT4_v3", "gone since 2025-09-30", "2028-05-01", "no retirement announced"} <= set(said)
    assert 'a <model> & "more"' in said


def test_the_picture_has_a_mark_a_size() -> None:
    text = chart_svg(chart())
    legend = 1
    assert text.count('class="inference"') == 2 + legend
    assert text.count('class="finetune"') == 1 + legend
    assert text.count('class="cross"') == 3 + legend


def test_nothing_is_drawn_beyond_the_edge() -> None:
    for as_of in (date(2020, 1, 1), date(2026, 11, 21), date(2028, 4, 30), date(2050, 1, 1)):
        root = ET.fromstring(chart_svg(chart(as_of)))
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for element in root.iter():
            for x in ("x", "cx", "x1", "x2"):
                assert 0 <= float(element.attrib.get(x, 0)) <= width
            for y in ("y", "cy", "y1", "y2"):
                assert 0 <= float(element.attrib.get(y, 0)) <= height
            assert float(element.attrib.get("x", 0)) + float(element.attrib.get("width", 0)) <= width + 1


def test_the_same_chart_gives_the_same_bytes() -> None:
    assert chart_svg(chart()) == chart_svg(chart())
