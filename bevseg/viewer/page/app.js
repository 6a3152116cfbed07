/** The state of the page, and what a person can do with it. */

import { Camera, Section } from "./camera.js";
import { MODES } from "./shaders.js";
import { factsOf } from "./scene.js";

export const TALLEST = 255; // height above ground in 0.1 m: this much or more
const REST = 180; // ms without a change after which tiles are loaded
const FEWEST = 150000; // points drawn while the camera moves, however slow it is
const GATHER = 100; // ms between pictures while tiles come
const FLIGHT = 350; // ms
const BACKGROUNDS = { light: "#f3f4f2", dark: "#15181c" };

/** Azimuth along which the points stretch, from above; the one of the two that looks north. */
function acrossOf(points) {
  const mean = [0, 1].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    const [dx, dy] = [x - mean[0], y - mean[1]];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return Math.PI / 2 - Math.atan2(2 * xy, xx - yy) / 2 - (xy > 0 ? 0 : Math.PI);
}

export class App {
  constructor(api, scene, painter) {
    this.api = api;
    this.scene = scene;
    this.painter = painter;
    this.camera = new Camera(scene.bounds);
    this.camera.changed = () => this.moved();
    this.tool = "look";
    this.before = "orbit"; // the view to which a section returns
    this.brush = 12; // pixels
    this.thickness = 2; // metres of a section
    this.shape = null; // drawn and asked for
    this.drawing = null; // being drawn
    this.selection = null;
    this.measured = [];
    this.picked = null;
    this.places = [];
    this.place = -1;
    this.edits = [];
    this.busy = 0;
    this.share = 1;
    this.still = true;
    this.begun = false;
    this.drawn = 0;
    this.listeners = [];
    this.style = {
      mode: scene.modes.find((mode) => MODES.includes(mode)) ?? "class",
      shown: 0xffffffff,
      least: 0,
      heights: [0, TALLEST],
      size: 2,
      shading: 1.2,
      grain: scene.modes.includes("intensity") ? 0.4 : 0,
      tallest: 20,
      palette: scene.classes.map((each) => each.colour),
      background: BACKGROUNDS.light,
      theme: "light",
    };
    scene.changed = () => this.redrawSoon();
    scene.refused = (error) => this.say(error.message, true);
  }

  /** Call `listener(what)` when something other than the picture changes. */
  listen(listener) {
    this.listeners.push(listener);
  }

  tell(what) {
    for (const listener of this.listeners) listener(what);
    this.redraw();
  }

  say(text, isFault = false) {
    this.message = { text, isFault };
    this.tell("message");
  }

  /** Run what talks to the server; a fault becomes a message. */
  async attempt(work) {
    this.busy += 1;
    this.tell("busy");
    try {
      return await work();
    } catch (error) {
      this.say(error.message, true);
      return null;
    } finally {
      this.busy -= 1;
      this.tell("busy");
    }
  }

  // The picture

  redraw() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame((now) => this.paint(now));
  }

  /** Tiles come one after the other: do not draw for each of them. */
  redrawSoon() {
    this.awaited ??= setTimeout(() => {
      this.awaited = null;
      this.redraw();
    }, GATHER);
  }

  paint(now) {
    this.scheduled = false;
    this.adapt(now);
    this.drawn = this.painter.draw(this.scene, this.camera, this.style, this.still ? 1 : this.share);
    for (const listener of this.listeners) listener("painted");
    if (!this.still) this.resting ??= setTimeout(() => this.rest(), REST);
  }

  /** Draw fewer points while the camera moves, if the pictures come slowly. */
  adapt(now) {
    const took = now - (this.lastPaint ?? 0);
    this.lastPaint = now;
    if (this.still || took > 2000) return;
    const least = Math.min(1, FEWEST / Math.max(this.scene.loaded, 1));
    if (took > 50) this.share = Math.max(least, this.share * 0.75);
    else if (took < 24) this.share = Math.min(1, this.share * 1.15);
  }

  moved() {
    this.still = false;
    clearTimeout(this.resting);
    this.resting = null;
    this.redraw();
  }

  rest() {
    this.resting = null;
    if (this.scheduled || this.flying) return; // it still moves, in slow pictures
    this.still = true;
    this.scene.follow(this.camera);
    this.tell("rested");
  }

  /** Whether the picture is what was asked for: all loaded, nothing on its way. */
  get idle() {
    return this.begun && this.still && !this.busy && !this.scheduled && !this.awaited && !this.flying && this.scene.complete;
  }

  fly(target, scale) {
    const from = { target: [...this.camera.target], scale: this.camera.scale };
    const began = performance.now();
    this.flying = target;
    const step = (now) => {
      if (this.flying !== target) return; // another flight has begun
      const t = Math.min(1, Math.max(0, (now - began) / FLIGHT));
      const eased = t * t * (3 - 2 * t);
      const at = t < 1 ? from.target.map((v, k) => v + (target[k] - v) * eased) : target;
      this.camera.lookAt(at, from.scale * (scale / from.scale) ** eased);
      if (t < 1) requestAnimationFrame(step);
      else if (this.flying === target) this.flying = null;
    };
    step(began);
  }

  // Views

  setView(view) {
    if (view === "section") return this.setTool("section");
    if (this.camera.view === view) return;
    if (this.camera.view === "section") this.dropShape();
    this.camera.section = null;
    this.before = view;
    this.camera.show(view);
    if (view === "orbit" && ["rectangle", "lasso", "brush", "section"].includes(this.tool)) this.setTool("look");
    this.tell("view");
  }

  enterSection(start, end) {
    const section = new Section(start, end, this.thickness);
    if (!(section.length > 0.1)) return this.say("The line is too short. Draw it from one end to the other.", true);
    this.dropShape();
    this.camera.section = section;
    const [low, high] = this.heightsOf(section.box, (x, y) => section.holds(x, y)) ?? [this.scene.bounds.min[2], this.scene.bounds.max[2]];
    this.camera.enter(section, low, Math.max(high, low + 1));
    this.setTool("look");
    this.tell("view");
  }

  setThickness(width) {
    this.thickness = Math.min(Math.max(width, 0.05), 1000);
    if (this.camera.section) {
      const { start, end } = this.camera.section;
      this.camera.section = new Section(start, end, this.thickness);
      this.reselect();
    }
    this.tell("view");
  }

  /** Lowest and highest of the loaded points for which `holds(x, y, class)` is true; null without any. */
  heightsOf(box, holds) {
    const heights = [];
    this.scene.forEach(box, (x, y, z, label) => {
      if (holds(x, y, label)) heights.push(z);
    });
    if (!heights.length) return null;
    heights.sort((a, b) => a - b);
    // A few stray points above or below do not decide.
    const cut = Math.floor(heights.length * 0.001);
    return [heights[cut], heights[heights.length - 1 - cut]];
  }

  /** Show all points of this place, or of all clouds. */
  fit(all) {
    const box = all ? this.scene.bounds : this.scene.group(this.camera.target, true);
    const points = this.scene.someIn(box);
    if (points.length > 100) this.camera.fitPoints(points, 0.004);
    else this.camera.fit(box);
  }

  /** The first picture: where most points are; once some are here, along the street and as large as possible. */
  async begin() {
    const { camera } = this;
    const box = this.scene.group(camera.target, false);
    camera.fit(box);
    this.scene.follow(camera);
    const first = [...camera.target, camera.scale, camera.azimuth, camera.view].join();
    await this.scene.first();
    const isUntouched = first === [...camera.target, camera.scale, camera.azimuth, camera.view].join();
    const points = this.scene.someIn(box);
    if (isUntouched && points.length >= 100) {
      camera.azimuth = acrossOf(points) + 0.45;
      camera.fitPoints(points, 0.004);
    }
    this.begun = true;
  }

  /** Go to world coordinates, in metres of the reference system. */
  goTo(x, y) {
    const [rx, ry] = [x - this.scene.origin[0], y - this.scene.origin[1]];
    const { min, max } = this.scene.bounds;
    if (!(rx >= min[0] - 1 && rx <= max[0] + 1 && ry >= min[1] - 1 && ry <= max[1] + 1)) {
      this.say("These coordinates lie outside the clouds.", true);
      return;
    }
    if (this.camera.view === "section") this.setView(this.before);
    this.fly([rx, ry, this.heightNear(rx, ry)], Math.min(this.camera.scale, 0.05));
  }

  heightNear(x, y, within = 5) {
    const box = [x - within, y - within, x + within, y + within];
    const found = this.heightsOf(box, (px, py) => Math.abs(px - x) < within && Math.abs(py - y) < within);
    return found ? found[0] : this.scene.lowest(x, y) ?? this.camera.target[2];
  }

  // Filters and colours

  setStyle(change, filters = false) {
    Object.assign(this.style, change);
    if (change.theme) this.style.background = BACKGROUNDS[change.theme];
    this.tell("style");
    if (filters) this.reselect();
  }

  setMode(mode) {
    if (this.scene.modes.includes(mode)) this.setStyle({ mode });
  }

  showClass(number, isShown) {
    const bit = 1 << number;
    this.setStyle({ shown: (isShown ? this.style.shown | bit : this.style.shown & ~bit) >>> 0 }, true);
  }

  // Tools

  setTool(tool) {
    this.drawing = null;
    if (tool !== "measure") this.measured = [];
    if (tool === "section" && this.camera.view === "section") this.setView("top");
    if (["rectangle", "lasso", "brush", "section"].includes(tool) && this.camera.view === "orbit") this.setView("top");
    this.tool = tool;
    this.tell("tool");
  }

  /** Esc: one step back at a time. */
  stepBack() {
    if (this.drawing) this.drawing = null;
    else if (this.shape) this.dropShape();
    else if (this.measured.length) this.measured = [];
    else if (this.tool !== "look") return this.setTool("look");
    else if (this.camera.view === "section") return this.setView(this.before === "section" ? "top" : this.before);
    else return this.forget();
    this.tell("selection");
    this.tell("measured");
  }

  // Selection and correction

  dropShape() {
    this.shape = null;
    this.selection = null;
    this.asked = (this.asked ?? 0) + 1;
    this.scene.highlight();
    this.tell("selection");
  }

  /** Select what a drawn shape holds, of the points that the filters show. */
  async choose(shape) {
    this.shape = shape;
    this.selection = null;
    const asked = (this.asked = (this.asked ?? 0) + 1);
    this.tell("selection");
    await this.attempt(async () => {
      const found = await this.api.select(this.query(shape));
      if (asked !== this.asked) return;
      this.selection = found;
      this.tell("selection");
      await this.scene.highlight(found.selection, found.tiles);
    });
  }

  query(shape) {
    const { least, heights } = this.style;
    const open = heights[0] === 0 && heights[1] === TALLEST;
    // The highest step means "this or more": no limit.
    const range = [heights[0] === 0 ? -10000 : heights[0] / 10, heights[1] === TALLEST ? 10000 : heights[1] / 10];
    const { at, ...asked } = shape; // `at` is for the picture alone
    return { shape: asked, heights: open ? null : range, classes: this.shownClasses(), confidence: least };
  }

  shownClasses() {
    return this.scene.classes.map((_, k) => k).filter((k) => (this.style.shown >>> k) & 1);
  }

  /** The filters have changed: ask again for the same shape. */
  reselect() {
    if (!this.shape) return;
    clearTimeout(this.reselecting);
    this.selection = null;
    this.tell("selection");
    const shape = this.shape;
    this.reselecting = setTimeout(() => {
      if (this.shape === shape) this.choose(this.renewed(shape));
    }, 250);
  }

  renewed(shape) {
    return shape.kind === "section" ? { ...shape, width: this.camera.section.width } : shape;
  }

  /** Give the selected points a class, or confirm theirs (`name` null). */
  async apply(name) {
    if (!this.selection?.points || !this.scene.editable) return;
    const change = { selection: this.selection.selection, action: name === null ? "confirm" : "class" };
    if (name !== null) change.class = name;
    const words = name === null ? "confirmed" : `now ${name}`;
    this.selection = null;
    const done = await this.attempt(() => this.api.edit(change));
    if (!done) return this.reselect();
    this.dropShape();
    await this.took(done, `${done.points.toLocaleString("en")} points ${words}.`);
  }

  undo() {
    return this.step("undo", "undone", "There is nothing to undo.");
  }

  redo() {
    return this.step("redo", "done again", "There is nothing to do again.");
  }

  async step(name, words, nothing) {
    if (!this.scene.editable) return;
    this.dropShape();
    const done = await this.attempt(() => this.api[name]());
    if (!done) return;
    if (!done.edit) this.say(nothing);
    else await this.took(done, `Edit ${done.edit} ${words}.`);
  }

  async took(done, words) {
    if (done.counts) this.scene.counts = done.counts;
    await this.attempt(async () => {
      this.edits = await this.api.edits();
      await this.scene.renew(done.tiles);
    });
    this.say(words);
    this.tell("edits");
    this.renewPlaces();
  }

  /** A place that a person has answered leaves the list; the one after it is then next. */
  async renewPlaces() {
    const here = this.places[this.place];
    const places = await this.attempt(() => this.api.places());
    if (!places) return;
    const stays = here ? places.findIndex((each) => each.x === here.x && each.y === here.y) : -1;
    this.places = places;
    this.place = here && stays < 0 ? Math.min(this.place, places.length) - 1 : stays;
    this.tell("places");
  }

  // Points and places

  pick(sx, sy) {
    return this.scene.pick(this.camera, this.style, sx, sy);
  }

  async inspect(sx, sy) {
    const found = this.pick(sx, sy);
    this.picked = found && { ...found, facts: null };
    this.tell("picked");
    if (!found) return;
    const facts = await this.attempt(() => this.facts(found));
    if (facts && this.picked?.chunk === found.chunk && this.picked.k === found.k) this.picked.facts = facts;
    this.tell("picked");
  }

  /** All that is known of a point. A record has the number of its cloud modulo 256: try those it can mean. */
  async facts(found) {
    const drawn = factsOf(found.chunk, found.k);
    const names = this.scene.clouds.map((cloud) => cloud.name).filter((_, k) => k % 256 === drawn.source);
    for (const name of names) {
      const facts = await this.api.point(name, drawn.index, this.drawnFacts(found, drawn)).catch((error) => {
        if (names.length === 1) throw error;
      });
      if (facts && (names.length === 1 || facts.tile === found.tile.id)) return facts;
    }
    return null;
  }

  drawnFacts(found, drawn) {
    const [x, y, z] = found.position.map((v, k) => v + this.scene.origin[k]);
    const { classes, reasons } = this.scene;
    return {
      x,
      y,
      z,
      height: drawn.height,
      class: classes[drawn.class]?.name,
      confidence: drawn.confidence,
      reason: reasons[drawn.reason],
      truth: drawn.truth === 255 ? null : classes[drawn.truth]?.name,
    };
  }

  forget() {
    this.picked = null;
    this.tell("picked");
  }

  async measure(sx, sy) {
    const found = this.pick(sx, sy);
    if (!found) return this.say("There is no point here.");
    if (this.measured.length === 2) this.measured = [];
    const facts = await this.attempt(() => this.facts(found));
    const at = facts ? ["x", "y", "z"].map((axis, k) => facts[axis] - this.scene.origin[k]) : found.position;
    this.measured = [...this.measured, at];
    this.tell("measured");
  }

  /** Select all that hangs together with the point under a pixel. */
  async choosePiece(sx, sy) {
    const found = this.pick(sx, sy);
    if (!found) return this.say("There is no point here.");
    const facts = await this.attempt(() => this.facts(found));
    if (facts) this.choose({ kind: "piece", cloud: facts.cloud, index: facts.index, at: found.position });
  }

  turnAround(sx, sy) {
    const found = this.pick(sx, sy);
    if (found) this.fly(found.position, this.camera.scale);
  }

  /** Go to the place `step` further in the list. */
  goToPlace(step) {
    if (!this.places.length) return this.say("There are no doubtful places.");
    const count = this.places.length;
    this.visit(this.place < 0 ? (step > 0 ? 0 : count - 1) : (this.place + step + count) % count);
  }

  /** Select the piece that is in doubt at this place. */
  choosePlace() {
    const place = this.places[this.place];
    if (!place || !this.scene.editable) return;
    const within = [place.west, place.south, place.east, place.north];
    this.choose({ kind: "piece", cloud: place.cloud, index: place.index, within });
  }

  async visit(number) {
    this.dropShape();
    this.place = number;
    if (this.camera.view === "section") this.setView(this.before);
    const { x, y } = this.places[number];
    const lowest = this.scene.lowest(x, y) ?? this.camera.target[2];
    const isHere = this.showPlace([lowest, lowest]);
    this.tell("place");
    if (isHere) return;
    const target = this.flying;
    await this.arrival();
    // Now its points are loaded: look at the middle of them, unless the person has gone on.
    if (this.place === number && target.every((v, k) => v === this.camera.target[k])) this.showPlace([lowest, lowest]);
  }

  /** Fly to the place and draw its box; return whether its heights are known, otherwise they are `guess`. */
  showPlace(guess) {
    const { x, y, west, south, east, north, class: name } = this.places[this.place];
    const inside = (px, py, label) =>
      px >= west && px <= east && py >= south && py <= north && this.scene.classes[label].name === name;
    const found = this.heightsOf([west, south, east, north], inside);
    const [low, high] = (this.placeHeights = found ?? guess);
    const size = Math.max(east - west, north - south, high - low, 4);
    this.fly([x, y, (low + high) / 2], (2.4 * size) / Math.min(this.camera.width, this.camera.height));
    return found !== null;
  }

  /** Wait until the camera stands still and all is loaded. */
  async arrival() {
    this.busy += 1;
    while (this.flying || !this.still || !this.scene.complete) await new Promise((resolve) => setTimeout(resolve, 40));
    this.busy -= 1;
  }
}
