"""`publish preview` in a real Chromium: by mouse, by keyboard, on a phone, in the dark, and from a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Chromium, Previewed

pytestmark = pytest.mark.browser

FOLLOW = """await Promise.all([page.waitForNavigation(), page.click(given.what)])"""
SHOWN = """return await page.$$eval(".tile:not([hidden]) h2", (all) => all.map((one) => one.textContent))"""


def go(chromium: Chromium, url: str) -> None:
    chromium.run("await page.goto(given.url)", url=url)


def test_the_gallery_shows_every_model_with_what_was_found(chromium: Chromium, previewed: Previewed) -> None:
    go(chromium, previewed.url)
    tiles = chromium.run(
        """await page.waitForFunction(() => !document.querySelector("[data-state=pending]"));
           return await page.$$eval(".tile", (all) => all.map((one) => [one.querySelector("h2").textContent,
             one.dataset.state, one.querySelector(".version")?.textContent ?? "", one.dataset.licence]))"""
    )
    assert ["bert-large-cased", "clean", "version 21", "apache-2.0"] in tiles
    assert ["broken", "error", "", ""] in tiles
    assert [name for name, *_ in tiles] == sorted(name for name, *_ in tiles)
    assert len(tiles) == 8
    chromium.shot("gallery")


def test_search_and_filters_leave_what_matches(chromium: Chromium, previewed: Previewed) -> None:
    go(chromium, previewed.url)
    chromium.run("""await page.fill("#q", "LARGE cased")""")
    assert chromium.run(SHOWN) == ["bert-large-cased"]
    assert chromium.run("""return await page.textContent("#count")""") == "1 of 8 models"
    chromium.run("""await page.fill("#q", ""); await page.selectOption("[data-filter=licence]", "mit")""")
    assert chromium.run(SHOWN) == ["edited"]
    chromium.run("await page.reload()")
    assert chromium.run(SHOWN) == ["edited"]
    chromium.run("""await page.fill("#q", "no such model")""")
    assert chromium.run("""return await page.isVisible("#nothing")""")
    chromium.run("""await page.click("#clear")""")
    assert len(chromium.run(SHOWN)) == 8


def test_the_keyboard_alone_finds_and_opens_a_model(chromium: Chromium, previewed: Previewed) -> None:
    go(chromium, previewed.url)
    focused = "return await page.evaluate(() => document.activeElement.id || document.activeElement.textContent)"
    chromium.run("""await page.keyboard.press("Tab")""")
    assert chromium.run(focused) == "Skip to content"
    chromium.run("""await page.keyboard.press("/"); await page.keyboard.type("bert-")""")
    assert chromium.run(focused) == "q"
    chromium.run("""await page.keyboard.press("ArrowDown"); await page.keyboard.press("ArrowRight")""")
    assert chromium.run(focused) == "bert-large-cased"
    ring = chromium.run(
        """return await page.$eval(".tile:focus-within", (one) => getComputedStyle(one).outlineStyle)"""
    )
    assert ring == "solid"
    chromium.run(
        """await Promise.all([page.waitForURL("**/models/bert-large-cased/"), page.keyboard.press("Enter")])"""
    )
    assert chromium.run("""return await page.textContent("h1")""") == "bert-large-cased"


def test_a_model_has_facts_card_samples_machines_files_and_both_layouts(
    chromium: Chromium, previewed: Previewed
) -> None:
    go(chromium, f"{previewed.url}models/bert-base-cased/")
    facts = chromium.run(
        """return Object.fromEntries(await page.$$eval(".facts div", (all) =>
             all.map((one) => [...one.children].map((part) => part.textContent))))"""
    )
    assert facts["Task"] == "fill-mask"
    assert facts["Licence"] == "apache-2.0"
    assert facts["Least machine"] == "2 vCPUs, 8 GiB memory"
    text = chromium.run("""return await page.innerText("#page")""")
    for part in ("Model Architecture", "BertForMaskedLM", "curl", "Paris is the [MASK] of France.", "MLmodel"):
        assert part in text
    sizes = chromium.run("""return await page.$$eval(".size title", (all) => all.map((one) => one.textContent))""")
    assert any(one.startswith("Standard_NC4as_T4_v3: 4 vCPUs, 1 GPU, 28 GiB memory") for one in sizes)
    layouts = chromium.run("""return await page.$$eval("#metadata pre", (all) => all.map((one) => one.textContent))""")
    assert '"inferenceMinSkuSpec": "2|0|8|' in layouts[0]
    assert '"inference-min-sku-spec": "2|0|8|' in layouts[1]
    assert len(chromium.run("return await page.content()")) < 200_000
    chromium.shot("model")


def test_a_block_leads_to_the_line_that_it_was_written_in(chromium: Chromium, previewed: Previewed) -> None:
    chromium.fresh(viewport={"width": 1600, "height": 900})
    go(chromium, f"{previewed.url}models/bert-base-cased/")
    marked = chromium.run(
        """await page.click("text=A Transformer encoder with a masked-word head on top");
           return await page.textContent(".source .at")"""
    )
    assert marked == "A Transformer encoder with a masked-word head on top; it has no decoder."
    beside = chromium.run(
        """const card = await page.locator(".card").boundingBox();
           const source = await page.locator(".written").boundingBox();
           return source.x >= card.x + card.width && source.y < card.y + card.height"""
    )
    assert beside


def test_an_edit_shows_at_once_and_the_place_on_the_page_stays(chromium: Chromium, previewed: Previewed) -> None:
    go(chromium, f"{previewed.url}models/edited/")
    chromium.run(
        """await page.waitForSelector("#live[data-state=on]"); await page.evaluate(() => scrollTo(0, 700));
           await page.evaluate(() => { window.same = true });"""
    )
    previewed.edit("models/edited/card.md.j2", "it has no decoder.", "it was edited a moment ago.")
    chromium.run("""await page.waitForSelector("text=it was edited a moment ago")""")
    assert chromium.run("return await page.evaluate(() => [window.same, scrollY])") == [True, 700]
    previewed.edit("models/edited/model.yaml", "version: 18", "version: 4711")
    chromium.run("""await page.waitForSelector("text=version 4711")""")


def test_a_file_that_breaks_shows_its_findings_and_the_page_recovers(chromium: Chromium, previewed: Previewed) -> None:
    go(chromium, f"{previewed.url}models/edited/")
    chromium.run("""await page.waitForSelector("#live[data-state=on]")""")
    card = (previewed.root / "models/edited/card.md.j2").read_text(encoding="utf-8")
    previewed.write("models/edited/card.md.j2", card + "{{ model.nothing }}\n{% block more")
    chromium.run("""await page.waitForSelector(".problems :text('TMPL002')")""")
    chromium.run("""await page.click(".finding .where a")""")
    assert chromium.run("""return await page.textContent(".source li.at")""") == "{% block more"
    chromium.shot("broken")
    previewed.write("models/edited/card.md.j2", card)
    chromium.run(
        """await page.waitForSelector(".card"); await page.waitForSelector(".finding.error", { state: "detached" })"""
    )
    spec = (previewed.root / "models/edited/model.yaml").read_text(encoding="utf-8")
    previewed.write("models/edited/model.yaml", "name: [")
    chromium.run(
        """await page.waitForSelector("text=The folder cannot be read until");
           await page.waitForSelector(".written :text('name: [')")"""
    )
    previewed.write("models/edited/model.yaml", spec)
    chromium.run("""await page.waitForSelector(".card")""")


def test_a_finding_stands_at_its_block(chromium: Chromium, previewed: Previewed) -> None:
    card = (previewed.root / "models/edited/card.md.j2").read_text(encoding="utf-8")
    assert "Look elsewhere" in card
    previewed.write("models/edited/card.md.j2", card.replace("Look elsewhere", "Coming soon\n\nLook elsewhere"))
    go(chromium, f"{previewed.url}models/edited/")
    chromium.run("""await page.waitForSelector(".card .note:has-text('CARD010')")""")
    before = chromium.run(
        """return await page.locator(".card .note", { hasText: "CARD010" }).evaluate(
             (one) => one.previousElementSibling.textContent)"""
    )
    assert before == "Coming soon"
    chromium.run("""await page.locator(".card .note", { hasText: "CARD010" }).scrollIntoViewIfNeeded()""")
    chromium.shot("finding")
    previewed.write("models/edited/card.md.j2", card)
    chromium.run("""await page.waitForSelector(".card .note:has-text('CARD010')", { state: "detached" })""")


@pytest.mark.parametrize("path", ["", "models/bert-base-cased/", "models/hostile/", "models/broken/", "findings/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Chromium, previewed: Previewed, path: str, scheme: str) -> None:
    chromium.fresh(colorScheme=scheme)
    go(chromium, previewed.url + path)
    assert chromium.violations() == []


def test_the_plan_shows_changed_words_in_the_card_and_fields(chromium: Chromium, compared: Previewed) -> None:
    go(chromium, f"{compared.url}plan/")
    chromium.run(
        """await page.fill("[name=revision]", "HEAD");
           await Promise.all([page.waitForNavigation(), page.click(".against button")])"""
    )
    words = """return await page.$$eval(given.what, (all) => all.map((one) => one.textContent))"""
    assert "no" in chromium.run(words, what=".words del")
    assert "neither" in chromium.run(words, what=".words ins")
    fields = chromium.run(words, what=".field-change h3")
    assert any(one.startswith("system_metadata.license") for one in fields)
    assert chromium.run("""return await page.isVisible("text=2 more models unchanged")""")
    assert chromium.violations() == []
    chromium.shot("plan")
    go(chromium, f"{compared.url}plan/?revision=nothing")
    assert chromium.run("""return await page.isVisible("text=git knows no revision")""")


def test_machines_are_named_by_keyboard_and_on_hover(chromium: Chromium, compared: Previewed) -> None:
    go(chromium, f"{compared.url}models/bert-base-cased/")
    named = """return await page.textContent(".tip:not([hidden])")"""
    chromium.run("""await page.focus(".chart"); await page.keyboard.press("ArrowRight")""")
    first = chromium.run(named)
    chromium.run("""await page.keyboard.press("ArrowRight")""")
    second = chromium.run(named)
    assert first.startswith("Standard_")
    assert second.startswith("Standard_")
    assert first != second
    hovered = """const one = page.locator(".size").nth(40), text = await one.locator("title").textContent();
                 await one.hover(); await page.waitForSelector(`.tip >> text="${text}"`); return text"""
    assert chromium.run(hovered) not in (first, second)
    chromium.run(
        """await page.mouse.move(0, 0); await page.waitForSelector(`.tip >> text="${given.text}"`);
           await page.keyboard.press("Escape"); await page.waitForSelector(".tip", { state: "detached" })""",
        text=second,
    )


def test_the_name_of_a_machine_follows_it_when_the_page_scrolls(chromium: Chromium, compared: Previewed) -> None:
    go(chromium, f"{compared.url}models/bert-base-cased/")
    chromium.run("""await page.focus(".chart"); await page.keyboard.press("ArrowRight")""")
    gap_after_scroll = """return await page.evaluate(async (by) => {
        await new Promise((done) => {
          addEventListener("scroll", () => requestAnimationFrame(done), { once: true }); scrollBy(0, by) });
        const tip = document.querySelector(".tip"), size = document.activeElement.getBoundingClientRect();
        return tip.hidden ? null : Math.round(size.top - tip.getBoundingClientRect().bottom) }, given.by)"""
    assert chromium.run(gap_after_scroll, by=-40) == 8
    assert chromium.run(gap_after_scroll, by=-2000) is None
    assert chromium.run(gap_after_scroll, by=1960) == 8


def test_dark_is_dark(chromium: Chromium, previewed: Previewed) -> None:
    chromium.fresh(colorScheme="dark")
    go(chromium, f"{previewed.url}models/bert-base-cased/")
    ground, ink = chromium.run(
        """return await page.evaluate(() => [getComputedStyle(document.body).backgroundColor,
             getComputedStyle(document.body).color].map((one) => one.match(/[0-9]+/g).slice(0, 3).map(Number)))"""
    )
    assert max(ground) < 48
    assert min(ink) > 200
    chromium.shot("dark")


@pytest.mark.parametrize("path", ["", "models/bert-base-cased/", "models/hostile/", "models/long/", "findings/"])
def test_nothing_is_wider_than_a_phone(chromium: Chromium, previewed: Previewed, path: str) -> None:
    chromium.fresh(viewport={"width": 360, "height": 740})
    go(chromium, previewed.url + path)
    assert chromium.run("return await page.evaluate(() => document.documentElement.scrollWidth)") == 360
    chromium.shot(f"phone-{path.strip('/').replace('/', '-') or 'gallery'}")


def test_a_hostile_card_runs_nothing_and_asks_nobody(chromium: Chromium, previewed: Previewed) -> None:
    chromium.run("""context.asked = []; page.on("request", (one) => context.asked.push(one.url()))""")
    go(chromium, f"{previewed.url}models/hostile/")
    chromium.run("""await page.waitForSelector("#live[data-state=on]")""")
    assert "owned" not in chromium.run("return await page.title()")
    asked = chromium.run("return context.asked")
    assert asked
    assert [one for one in asked if not one.startswith(previewed.url)] == []
    left = chromium.run(
        """return await page.$$eval(".card :is(script, iframe, form, input, style, meta, svg:not(.icon), img,"
             + "[onerror], [onload], [style], [id=q], [href^=javascript])", (all) => all.map((one) => one.outerHTML))"""
    )
    assert left == []
    assert chromium.run("""return await page.isVisible("text=image from attacker.example")""")


def test_images_of_other_hosts_are_loaded_on_demand_alone(chromium: Chromium, previewed: Previewed) -> None:
    chromium.run(
        """context.asked = []; await page.route("https://attacker.example/**", (route) => {
             context.asked.push(route.request().url());
             return route.fulfill({ contentType: "image/svg+xml", body: given.picture }) })""",
        picture='<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>',
    )
    go(chromium, f"{previewed.url}models/hostile/")
    assert chromium.run("return context.asked") == []
    chromium.run(FOLLOW, what="text=Load them")
    chromium.run(
        """await page.evaluate(() => document.querySelector(".card img").scrollIntoView());
           await page.waitForFunction(() => document.querySelector(".card img").naturalWidth === 30)"""
    )
    assert chromium.run("return context.asked") == ["https://attacker.example/pixel.png"]


def test_a_card_that_is_too_long_is_cut_and_one_of_five_megabytes_is_a_finding(
    chromium: Chromium, previewed: Previewed
) -> None:
    go(chromium, f"{previewed.url}models/long/")
    assert chromium.run("""return await page.isVisible("text=That is too much to lay out")""")
    assert len(chromium.run("return await page.content()")) < 200_000
    go(chromium, f"{previewed.url}models/huge/")
    assert "is larger than" in chromium.run("""return await page.innerText(".finding.error")""")


def test_an_export_works_from_the_disk(chromium: Chromium, exported: Path) -> None:
    chromium.run("""context.asked = []; page.on("request", (one) => context.asked.push(one.url()))""")
    go(chromium, (exported / "index.html").as_uri())
    chromium.run("""await page.fill("#q", "distil")""")
    chromium.run(FOLLOW, what=".tile:not([hidden]) h2 a")
    assert chromium.run("""return await page.textContent("h1")""") == "distilbert-base-uncased"
    assert chromium.run("""return await page.$eval(".facts", (one) => getComputedStyle(one).display)""") == "grid"
    chromium.run(FOLLOW, what="text=Findings")
    assert chromium.run("""return await page.isVisible("text=models/broken/model.yaml:2")""")
    chromium.run(FOLLOW, what=".group h2 a >> nth=0")
    assert [one for one in chromium.run("return context.asked") if not one.startswith("file://")] == []
    assert chromium.violations() == []
