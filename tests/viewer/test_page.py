"""The page in a real browser: what a person draws with the mouse is what changes, and nothing else."""

import json
import shutil
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, COLOURS, GROUND, POLE, VEGETATION
from bevseg.review.run_outputs import RunOutputs
from bevseg.stages.view import opened
from bevseg.viewer.server import ViewServer
from bevseg.viewer.static_view import write_static_view
from tests.viewer.results import labels_of, write_results

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]

PATIENCE = 60.0
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
    "--force-device-scale-factor=1",
)


class Page:
    """A page under test, with the hands of a person."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, url):
        self.driver.get(url)
        self.wait()
        return self

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def wait(self):
        """Wait until all is loaded and drawn, and no answer is missing."""
        end = time.monotonic() + PATIENCE
        calm = 0
        while calm < 3:
            calm = calm + 1 if self.run("return Boolean(window.bevseg?.idle)") else 0
            assert time.monotonic() < end, self.complaints()
            time.sleep(0.05)

    def complaints(self):
        """Return what the browser has to complain about."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def surface(self):
        return self.driver.find_element("id", "overlay")

    def drag(self, *pixels, button_up=True):
        """Press the left button, move over pixels of the picture, let go."""
        box = self.surface.rect
        hand = webdriver.ActionChains(self.driver, duration=20)
        for number, (x, y) in enumerate(pixels):
            at = (round(x - box["width"] / 2), round(y - box["height"] / 2))
            hand.move_to_element_with_offset(self.surface, *at)
            if number == 0:
                hand.click_and_hold()
        hand.release().perform()
        self.wait()

    def press(self, *keys, held=()):
        hand = webdriver.ActionChains(self.driver)
        for key in held:
            hand.key_down(key)
        hand.send_keys(*keys)
        for key in reversed(held):
            hand.key_up(key)
        hand.perform()
        self.wait()

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()
        self.wait()

    def text(self, identity):
        return self.driver.find_element("id", identity).text

    def look_down(self, x, y, scale):
        """Look from above at a place relative to the origin of the scene, `scale` metres a pixel."""
        self.run(
            "bevseg.setView('top'); bevseg.camera.lookAt([arguments[0], arguments[1], 0], arguments[2])",
            x,
            y,
            scale,
        )
        self.wait()

    def camera(self):
        return self.run("""
            const { target, scale, width, height } = bevseg.camera;
            return {x: target[0], y: target[1], scale, w: width, h: height};""")

    def classes(self):
        """Return the classes of the drawn points: (name of the cloud, index) -> train id."""
        rows = self.run("""
            const rows = [];
            for (const tile of bevseg.scene.tiles) for (const chunk of tile.chunks)
              chunk.classes.forEach((label, k) =>
                rows.push([chunk.records[20 * k + 14], chunk.numbers[5 * k + 4], label]));
            return [bevseg.scene.clouds.map((cloud) => cloud.name), rows];""")
        names, rows = rows
        return {(names[source], index): label for source, index, label in rows}


@pytest.fixture(scope="module")
def driver():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in SWITCHES:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield browser
    browser.quit()


@contextmanager
def served(folder):
    """Serve a view of a directory of results; its address."""
    with opened([folder]) as session, ViewServer(session) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def page(driver, out):
    """The page on results of a run; at the end the browser must have no complaints."""
    with served(out) as url:
        opened_page = Page(driver).open(url)
        yield opened_page
        assert opened_page.complaints() == []
        driver.get("about:blank")


@pytest.fixture
def relative(clouds, page):
    """Coordinates of each cloud as the page has them, (N, 3)."""
    origin = np.array(page.run("return bevseg.scene.origin"))
    return {cloud.name: cloud.xyz - origin for cloud in clouds}


def world(camera, pixel):
    """Place that a pixel shows from above: north is up, y of pixels goes down."""
    x, y = pixel
    return camera["x"] + (x - camera["w"] / 2) * camera["scale"], camera["y"] + (
        camera["h"] / 2 - y
    ) * camera["scale"]


def in_box(xyz, first, second):
    """Which points lie in the rectangle between two corners, (N,)."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    return ((xyz[:, :2] > low) & (xyz[:, :2] < high)).all(axis=1)


def edited(out):
    """The last edit of the list: its line, and name of a cloud -> indices."""
    line = json.loads((out / "edits.jsonl").read_text().splitlines()[-1])
    points = {
        name: np.concatenate([np.arange(first, first + count) for first, count in part["points"]])
        for name, part in line["clouds"].items()
    }
    return line, points


def assert_same_points(found, expected):
    expected = {name: np.flatnonzero(mask) for name, mask in expected.items() if mask.any()}
    assert expected and found.keys() == expected.keys()
    for name, indices in expected.items():
        np.testing.assert_array_equal(found[name], indices)


def test_a_rectangle_of_the_mouse_changes_exactly_its_points_and_undo_restores_them(
    page, out, clouds, relative
):
    files = {path: path.read_bytes() for path in out.glob("street_*")}
    middle = np.mean([xyz[:, :2].mean(axis=0) for xyz in relative.values()], axis=0)
    page.look_down(*middle, 0.06)
    before = page.classes()
    page.press("r")
    camera, corners = page.camera(), ((310, 270), (655, 480))
    page.drag(*corners)
    expected = {
        name: in_box(xyz, world(camera, corners[0]), world(camera, corners[1]))
        for name, xyz in relative.items()
    }
    assert len(expected) == 2
    count = sum(int(mask.sum()) for mask in expected.values())
    assert f"{count:,} points are selected" in page.text("chosen")

    page.click('[data-apply="pole"]')
    line, found = edited(out)
    assert line["class"] == "pole"
    assert_same_points(found, expected)
    after = page.classes()
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {
        (cloud.name, int(index))
        for cloud in clouds
        for index in np.flatnonzero(expected[cloud.name] & (cloud.labels != POLE))
    }
    assert {after[key] for key in changed} == {POLE}

    control = webdriver.Keys.CONTROL
    page.press("z", held=[control])
    assert page.classes() == before
    page.press("y", held=[control])
    assert page.classes() == after
    page.press("z", held=[control])
    edits = RunOutputs.open(out).edits()
    for cloud in clouds:
        np.testing.assert_array_equal(edits.said(cloud.name, cloud.labels).classes, cloud.labels)
    assert {path: path.read_bytes() for path in files} == files


def test_what_the_filters_hide_is_not_selected(page, out, clouds, relative):
    xyz = relative["street_0"]
    page.look_down(*xyz[:, :2].mean(axis=0), 0.05)
    page.run("document.querySelector('[data-class=ground]').click()")
    page.run("""
        const set = (id, value) => {
          const input = document.getElementById(id);
          input.value = value;
          input.dispatchEvent(new Event("input"));
        };
        set("highest", "3");
        set("least", "50");""")
    page.press("r")
    page.drag((200, 200), (700, 600))
    page.press(webdriver.Keys.ENTER)
    line, found = edited(out)
    assert line["class"] is None  # confirmed
    (indices,) = [found["street_0"]]
    cloud = clouds[0]
    confidence = labels_of(cloud, 0).confidence
    assert set(np.unique(cloud.labels[indices])) == {BUILDING, CAR, POLE}  # crowns hang above 3 m
    assert confidence[indices].min() == 128  # 50 % of 255, rounded up
    assert (cloud.xyz[indices, 2] - 120.0).max() < 3.2


def test_a_lasso_in_a_section_changes_what_is_inside_of_the_slab_alone(page, out, relative):
    xyz = relative["street_0"]
    middle = xyz[:, :2].mean(axis=0)
    page.look_down(*middle, 0.05)
    page.press("x")
    camera = page.camera()
    ends = ((290, 540), (690, 330))
    page.drag(*ends)
    assert page.run("return bevseg.camera.view") == "section"
    start, end = (np.array(world(camera, pixel)) for pixel in ends)
    page.press("l")
    pixels = [(420, 300), (640, 290), (650, 520), (430, 560), (400, 400)]
    page.drag(*pixels)
    outline = np.array(page.run("return bevseg.shape.polygon"))
    page.click('[data-apply="car"]')

    direction = (end - start) / np.hypot(*(end - start))
    expected = {}
    for name, each in relative.items():
        along = (each[:, :2] - start) @ direction
        aside = (each[:, :2] - start) @ np.array([-direction[1], direction[0]])
        slab = (np.abs(aside) <= 1.0) & (along >= 0) & (along <= np.hypot(*(end - start)))
        expected[name] = slab & in_polygon(along, each[:, 2], outline)
    assert_same_points(edited(out)[1], expected)
    # The outline lies where the mouse was: metres along the line, and heights.
    scale = page.camera()["scale"]
    size = np.ptp(outline, axis=0) / scale
    np.testing.assert_allclose(size, np.ptp(np.array(pixels), axis=0), atol=4)


def in_polygon(x, y, polygon):
    """Which points lie in a polygon, by the even-odd rule."""
    inside = np.zeros(len(x), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


def test_a_brush_paints_in_a_section_too(page, out, relative):
    page.look_down(*relative["street_0"][:, :2].mean(axis=0), 0.05)
    page.press("x")
    page.drag((290, 440), (690, 450))
    page.press("b")
    page.drag((340, 260), (430, 300), (520, 420))
    shape = page.run("return bevseg.shape")
    page.press("4", held=[webdriver.Keys.SHIFT])
    line, found = edited(out)
    assert (line["class"], line["how"]) == (CLASS_NAMES[4], "section")
    path, radius = np.array(shape["path"]), shape["radius"]
    start, end = np.array(shape["line"])
    direction = (end - start) / np.hypot(*(end - start))
    expected = {}
    for name, each in relative.items():
        along = (each[:, :2] - start) @ direction
        aside = (each[:, :2] - start) @ np.array([-direction[1], direction[0]])
        slab = (np.abs(aside) <= 1.0) & (along >= 0) & (along <= np.hypot(*(end - start)))
        expected[name] = slab.copy()
        expected[name][slab] = [
            distance_to_path(point, path) <= radius for point in np.column_stack([along, each[:, 2]])[slab]
        ]
    assert_same_points(found, expected)


def distance_to_path(point, path):
    """Distance of a point from the nearest of some edges."""
    starts, runs = path[:-1], np.diff(path, axis=0)
    share = np.clip(((point - starts) * runs).sum(axis=1) / np.maximum((runs**2).sum(axis=1), 1e-12), 0, 1)
    return np.hypot(*(point - starts - share[:, None] * runs).T).min()


def test_a_click_selects_the_connected_piece(page, out, clouds, relative):
    cloud = clouds[0]
    pole = relative["street_0"][cloud.labels == POLE]
    page.look_down(*pole[:, :2].mean(axis=0), 0.01)
    page.press("k")
    camera = page.camera()
    top = pole[np.argmax(pole[:, 2])]
    pixel = (camera["w"] / 2 + (top[0] - camera["x"]) / 0.01, camera["h"] / 2 - (top[1] - camera["y"]) / 0.01)
    page.drag(pixel)
    page.press("0", held=[webdriver.Keys.SHIFT])
    line, found = edited(out)
    assert (line["how"], line["class"]) == ("piece", "undefined")
    assert_same_points(found, {"street_0": cloud.labels == POLE})


def test_the_piece_in_doubt_is_shown_selected_and_leaves_the_list_when_it_is_answered(page, out, relative):
    first = page.run("return bevseg.places[0]")
    page.press("n")
    target = page.run("return bevseg.camera.target")
    np.testing.assert_allclose(target[:2], [first["x"], first["y"]], atol=1e-9)
    low, high = page.run("return bevseg.placeHeights")
    assert low <= target[2] <= high
    page.press("s")
    assert f"{first['class']}\n" in page.text("chosen-counts") + "\n"
    page.press(webdriver.Keys.ENTER)
    line, found = edited(out)
    assert (line["how"], line["class"]) == ("piece", None)
    assert first["index"] in found[first["cloud"]]
    keys = page.run("return bevseg.places.map((place) => [place.cloud, place.index])")
    assert [first["cloud"], first["index"]] not in keys


def test_a_click_on_a_point_tells_its_facts_and_two_clicks_its_distance(page, clouds, relative):
    cloud = clouds[0]
    crown = np.flatnonzero(cloud.labels == VEGETATION)
    index = crown[np.argmax(cloud.xyz[crown, 2])]
    x, y, _ = relative["street_0"][index]
    page.look_down(x, y, 0.004)
    camera = page.camera()
    page.drag((camera["w"] / 2, camera["h"] / 2))
    facts = page.text("facts").splitlines()
    told = dict(zip(facts[::2], facts[1::2], strict=True))
    assert told["file"] == "street_0"
    assert told["class"] == "vegetation"
    np.testing.assert_allclose(
        [float(told[axis].removesuffix(" m")) for axis in "xyz"], cloud.xyz[int(told["index"])], atol=6e-4
    )
    assert told["confidence"] == f"{round(labels_of(cloud, 0).confidence[int(told['index'])] / 2.55)} %"

    page.look_down(*relative["street_0"][:, :2].mean(axis=0), 0.05)
    page.press("m")
    page.drag((400, 400))
    page.drag((560, 470))
    first, second = (np.array(point) for point in page.run("return bevseg.measured"))
    assert f"{np.linalg.norm(second - first):.3f} m" in page.text("lengths")
    assert abs(np.hypot(*(second - first)[:2]) - 0.05 * np.hypot(160, 70)) < 1.0  # within reach of the clicks


def test_the_picture_from_above_has_north_up_and_the_colours_of_the_classes(page, clouds, relative, tmp_path):
    from matplotlib.image import imread

    page.run("bevseg.setStyle({shading: 0, size: 6})")
    xyz = relative["street_0"]
    page.look_down(*xyz[:, :2].mean(axis=0), 0.05)
    camera = page.camera()
    page.driver.save_screenshot(str(tmp_path / "view.png"))
    picture = imread(tmp_path / "view.png")[..., :3]
    for label in (BUILDING, GROUND, POLE, VEGETATION):
        own = xyz[clouds[0].labels == label]
        # The top of each; of the ground, the corner that is furthest south-west.
        x, y, _ = own[np.argmin(own[:, :2].sum(axis=1))] if label == GROUND else own[np.argmax(own[:, 2])]
        column = round(camera["w"] / 2 + (x - camera["x"]) / camera["scale"])
        row = round(camera["h"] / 2 - (y - camera["y"]) / camera["scale"])
        wanted = [int(COLOURS[label][k : k + 2], 16) / 255 for k in (1, 3, 5)]
        np.testing.assert_allclose(picture[row, column], wanted, atol=0.02)


def test_keys_lead_through_views_colours_and_help(page):
    page.press("t")
    assert page.run("return bevseg.camera.view") == "top"
    page.press("o")
    assert page.run("return bevseg.camera.view") == "orbit"
    for number, mode in enumerate(page.run("return bevseg.scene.modes"), 1):
        page.press(str(number))
        assert page.run("return bevseg.style.mode") == mode
    page.press("+")
    assert page.run("return bevseg.style.size") == 2.5
    page.press("?")
    assert "confirm as right" in page.text("help")
    page.press(webdriver.Keys.ESCAPE)
    page.press("g")
    for identity, value in (("goto-x", "500050.5"), ("goto-y", "5400010,25")):
        field = page.driver.find_element("id", identity)
        field.clear()
        field.send_keys(value)
    page.driver.find_element("css selector", "#goto-form button[value=go]").click()
    page.wait()
    origin, target = page.run("return [bevseg.scene.origin, bevseg.camera.target]")
    np.testing.assert_allclose(np.add(origin, target)[:2], [500050.5, 5400010.25], atol=1e-6)


def test_no_more_points_are_held_than_the_budget_allows(page, relative):
    total = page.run("return bevseg.scene.tiles.reduce((sum, tile) => sum + tile.points, 0)")
    budget = total // 4
    page.run("bevseg.scene.budget = arguments[0]; bevseg.fit(true)", budget)
    page.wait()
    assert 0 < page.run("return bevseg.scene.loaded") <= budget
    page.look_down(*relative["street_1"][:, :2].mean(axis=0), 0.01)
    assert 0 < page.run("return bevseg.scene.loaded") <= budget


def test_edits_of_another_day_are_in_force_when_the_page_opens(driver, out, clouds):
    edits = RunOutputs.open(out).edits()
    edits.add({"street_1": np.flatnonzero(clouds[1].labels == CAR)}, GROUND, "rectangle")
    with served(out) as url:
        page = Page(driver).open(url)
        shown = page.classes()
        assert {shown["street_1", int(i)] for i in np.flatnonzero(clouds[1].labels == CAR)} == {GROUND}
        assert "ground, rectangle" in page.text("history")
        assert page.complaints() == []


@pytest.fixture
def hostile(tmp_path):
    """Results whose names try to be markup."""
    out = tmp_path / "<b>out<!--<script>"
    out.mkdir()
    write_results(out)
    name = "<img src=x onerror=document.title=1>"
    (out / "street_0.laz").rename(out / f"{name}.laz")
    table = json.loads((out / "report.json").read_text())
    entry = table["clouds"].pop("street_0")
    table["clouds"] = {name: {**entry, "outputs": {"cloud": f"{name}.laz"}}, **table["clouds"]}
    (out / "report.json").write_text(json.dumps(table))
    return out, name


def test_names_of_files_are_text_and_not_markup(driver, hostile):
    out, name = hostile
    with served(out) as url:
        page = Page(driver).open(url)
        page.run("bevseg.setMode('source')")
        page.wait()
        assert name in page.text("legend")
        assert page.text("name") == out.name
        assert page.run("return document.images.length") == 0
        assert page.complaints() == []


def test_the_static_page_opens_from_a_file_and_asks_nobody(driver, hostile, tmp_path):
    out, name = hostile
    path = tmp_path / "view.html"
    write_static_view(RunOutputs.open(out), path)
    assert path.stat().st_size < 4_000_000
    page = Page(driver).open(path.as_uri())
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    outputs = RunOutputs.open(out)
    expected = {cloud.name: cloud.read() for cloud in outputs.clouds}
    shown = page.classes()
    assert len(shown) == sum(len(each.classes) for each in expected.values())
    for (cloud, index), label in shown.items():
        assert expected[cloud].classes[index] == label
    assert name in page.run("bevseg.setMode('source'); return document.getElementById('legend').textContent")
    assert not page.driver.find_element("id", "correct").is_displayed()
    page.press("t")
    camera = page.camera()
    page.drag((camera["w"] / 2, camera["h"] / 2 + 40))
    page.press("m", "r")  # no rectangle without a server
    assert page.run("return bevseg.tool") == "measure"
    assert page.complaints() == []


def test_the_static_page_places_its_points_within_two_centimetres(driver, out, clouds, tmp_path):
    path = tmp_path / "view.html"
    write_static_view(RunOutputs.open(out), path)
    page = Page(driver).open(path.as_uri())
    origin = np.array(page.run("return bevseg.scene.origin"))
    rows = page.run("""
        const rows = [];
        for (const tile of bevseg.scene.tiles) for (const chunk of tile.chunks)
          for (let k = 0; k < chunk.classes.length; k += 97) {
            const at = [0, 1, 2].map((a) => tile.min[a] + (chunk.positions[10 * k + a] / 65535) * tile.size[a]);
            rows.push([chunk.records[20 * k + 14], chunk.numbers[5 * k + 4], ...at]);
          }
        return rows;""")
    assert len(rows) > 100
    for source, index, *at in rows:
        np.testing.assert_allclose(np.add(at, origin), clouds[source].xyz[index], atol=0.02)
