/** The points at hand: tiles are loaded by the camera, within a budget of points; what is far is let go. */

import { RECORD } from "./draw.js";

const AT_ONCE = 4;
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => [k & 1, (k >> 1) & 1, k >> 2]);

/** Part of a tile that was loaded in one answer, from record `from` up to `to`. */
class Chunk {
  constructor(from, records) {
    this.from = from;
    this.to = from + records.length / RECORD;
    this.records = records;
    this.positions = new Uint16Array(records.buffer, records.byteOffset, records.length / 2);
    this.numbers = new Uint32Array(records.buffer, records.byteOffset, records.length / 4);
    this.classes = new Uint8Array(this.to - from);
    this.selected = new Uint8Array(this.to - from);
    for (let k = 0; k < this.classes.length; k++) this.classes[k] = records[RECORD * k + 6];
  }
}

class Tile {
  constructor(described) {
    Object.assign(this, described);
    this.size = this.max.map((v, k) => v - this.min[k]);
    this.centre = this.max.map((v, k) => (v + this.min[k]) / 2);
    this.chunks = [];
    this.wanted = 0;
    this.weight = 0;
    this.seen = 0;
    this.edits = 0;
    this.loading = false;
  }

  get loaded() {
    return this.chunks.length ? this.chunks.at(-1).to : 0;
  }

  /** Size of the next first part, up to `most` points; what is loaded already if there is none. */
  next(most) {
    const larger = this.levels.find((level) => level > this.loaded);
    return larger !== undefined && larger <= most ? larger : this.loaded;
  }

  /** Largest first part that `share` points pay for; the smallest one in any case. */
  affordable(share) {
    return this.levels.filter((level) => level <= share).at(-1) ?? this.levels[0] ?? 0;
  }
}

/** Pixels that the box of a tile covers: [left, top, right, bottom, nearest depth], or null out of the picture. */
function covered(tile, camera) {
  const box = [Infinity, Infinity, -Infinity, -Infinity, Infinity];
  let behind = 0;
  for (const corner of CORNERS) {
    const at = camera.project(corner.map((side, k) => tile.min[k] + side * tile.size[k]));
    if (!at) {
      behind += 1;
      continue;
    }
    box[0] = Math.min(box[0], at[0]);
    box[1] = Math.min(box[1], at[1]);
    box[2] = Math.max(box[2], at[0]);
    box[3] = Math.max(box[3], at[1]);
    box[4] = Math.min(box[4], at[2]);
  }
  if (behind === CORNERS.length) return null;
  if (behind) return [0, 0, camera.width, camera.height, -camera.distance];
  const outside = box[2] < 0 || box[3] < 0 || box[0] > camera.width || box[1] > camera.height;
  return outside ? null : box;
}

function areaOf(box, camera) {
  const wide = Math.min(box[2], camera.width) - Math.max(box[0], 0);
  const high = Math.min(box[3], camera.height) - Math.max(box[1], 0);
  return Math.max(wide, 2) * Math.max(high, 2);
}

export class Scene {
  constructor(described, api, painter, budget) {
    Object.assign(this, described);
    this.api = api;
    this.painter = painter;
    this.budget = budget;
    this.tiles = described.tiles.map((tile) => new Tile(tile));
    this.byId = new Map(this.tiles.map((tile) => [tile.id, tile]));
    this.edited = false;
    this.marked = { ids: new Set() };
    this.moment = 0;
    this.running = 0;
    this.failed = 0;
    this.changed = () => {};
    this.refused = () => {};
  }

  get loaded() {
    return this.tiles.reduce((sum, tile) => sum + tile.loaded, 0);
  }

  /** Whether all that the camera asked for is here. */
  get complete() {
    return this.running === 0 && this.tiles.every((tile) => tile.loaded >= tile.wanted);
  }

  visible(camera) {
    const seen = this.tiles.filter((tile) => tile.chunks.length && covered(tile, camera));
    return seen.sort((a, b) => b.weight - a.weight);
  }

  /** Say which first part of each tile is wanted now, let go of what is far, and load. */
  follow(camera) {
    this.moment += 1;
    const seen = [];
    for (const tile of this.tiles) {
      const box = covered(tile, camera);
      tile.wanted = 0;
      tile.weight = box ? areaOf(box, camera) / (1 + Math.max(box[4] + camera.distance, 0) / camera.distance) : 0;
      if (box) {
        tile.seen = this.moment;
        seen.push(tile);
      }
    }
    seen.sort((a, b) => b.weight - a.weight);
    let left = this.budget;
    let weights = seen.reduce((sum, tile) => sum + tile.weight, 0);
    // The heaviest last: what small tiles cannot use is then left for them.
    for (const tile of [...seen].reverse()) {
      tile.wanted = tile.affordable((left * tile.weight) / Math.max(weights, 1e-9));
      left -= tile.wanted;
      weights -= tile.weight;
    }
    this.letGo();
    this.load();
  }

  letGo() {
    let over = this.loaded - this.budget;
    const byAge = this.tiles.filter((tile) => tile.loaded > tile.wanted).sort((a, b) => a.seen - b.seen);
    for (const tile of byAge) {
      while (over > 0 && tile.chunks.length && tile.loaded > tile.wanted) {
        const chunk = tile.chunks.pop();
        this.painter.release(chunk);
        over -= chunk.to - chunk.from;
      }
    }
  }

  /** Something of every tile first, then the heaviest tiles. */
  load() {
    while (this.running < AT_ONCE) {
      const open = this.tiles.filter((tile) => !tile.loading && tile.next(tile.wanted) > tile.loaded);
      if (!open.length) return;
      open.sort((a, b) => Math.min(a.loaded, 1) - Math.min(b.loaded, 1) || b.weight / (1 + b.loaded) - a.weight / (1 + a.loaded));
      this.loadPart(open[0]);
    }
  }

  async loadPart(tile) {
    const [from, to, edits] = [tile.loaded, tile.next(tile.wanted), tile.edits];
    tile.loading = true;
    this.running += 1;
    try {
      const chunk = new Chunk(from, await this.api.tile(tile.id, from, to));
      if (chunk.to > from && tile.loaded === from) {
        if (this.edited) chunk.classes = await this.api.classes(tile.id, from, chunk.to);
        if (tile.loaded === from) await this.takeIn(tile, chunk, edits);
      }
      this.failed = 0;
    } catch (error) {
      this.failed += 1;
      tile.wanted = tile.loaded;
      this.refused(error);
    } finally {
      tile.loading = false;
      this.running -= 1;
    }
    if (this.failed < 3) this.load();
    this.changed();
  }

  async takeIn(tile, chunk, edits) {
    this.painter.upload(chunk);
    tile.chunks.push(chunk);
    if (this.marked.ids.has(tile.id)) await this.mark(tile, chunk);
    if (tile.edits !== edits) await this.renewChunk(tile, chunk); // an edit came in between
  }

  /** Ask again for the classes of tiles that an edit has changed. */
  async renew(ids) {
    this.edited = true;
    const tiles = ids.map((id) => this.byId.get(id)).filter(Boolean);
    for (const tile of tiles) tile.edits += 1;
    await Promise.all(tiles.flatMap((tile) => tile.chunks.map((chunk) => this.renewChunk(tile, chunk))));
    this.changed();
  }

  async renewChunk(tile, chunk) {
    chunk.classes = await this.api.classes(tile.id, chunk.from, chunk.to);
    if (chunk.gpu) this.painter.uploadClasses(chunk);
  }

  /** Mark the points of a selection, which lie in some tiles; without a selection none are marked. */
  async highlight(selection, ids = []) {
    const before = this.marked;
    this.marked = { selection, ids: new Set(selection === undefined ? [] : ids) };
    const tiles = [...new Set([...before.ids, ...this.marked.ids])].map((id) => this.byId.get(id)).filter(Boolean);
    await Promise.all(tiles.flatMap((tile) => tile.chunks.map((chunk) => this.mark(tile, chunk))));
    this.changed();
  }

  async mark(tile, chunk) {
    const { selection, ids } = this.marked;
    if (ids.has(tile.id)) {
      const bytes = await this.api.selected(selection, tile.id, chunk.from, chunk.to);
      if (selection !== this.marked.selection) return; // another one came in between
      chunk.selected = bytes;
    } else {
      chunk.selected.fill(0);
    }
    if (chunk.gpu) this.painter.uploadSelected(chunk);
  }

  /** Call `take(x, y, z, class)` for every loaded point of the tiles that meet a box [west, south, east, north]. */
  forEach(box, take) {
    for (const tile of this.tiles) {
      if (!meets(tile, box)) continue;
      for (const chunk of tile.chunks) each(tile, chunk, (x, y, z, k) => take(x, y, z, chunk.classes[k]));
    }
  }

  /** Positions of some thousand points in a box, spread evenly over what is loaded there. */
  someIn(box, most = 10000) {
    const held = this.tiles.filter((tile) => meets(tile, [...box.min.slice(0, 2), ...box.max.slice(0, 2)]));
    const step = Math.max(1, Math.floor(held.reduce((sum, tile) => sum + tile.loaded, 0) / most));
    const found = [];
    for (const tile of held) {
      for (const chunk of tile.chunks) {
        each(tile, chunk, (x, y, z, k) => {
          if (k % step === 0) found.push([x, y, z]);
        });
      }
    }
    return found;
  }

  /** Wait until something of every wanted tile is here. */
  async first() {
    while (this.failed < 3 && this.tiles.some((tile) => tile.wanted && !tile.loaded)) {
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Lowest height of the tiles at a place; null where there is none. */
  lowest(x, y) {
    const found = this.tiles.filter((tile) => meets(tile, [x, y, x, y]));
    return found.length ? Math.min(...found.map((tile) => tile.min[2])) : null;
  }

  /** Box of the tiles that hang together with the one nearest to a position, or with the one of most points. */
  group(position, isNear) {
    const away = (tile) => Math.hypot(tile.centre[0] - position[0], tile.centre[1] - position[1]);
    const open = [...this.tiles].sort((a, b) => (isNear ? away(a) - away(b) : b.points - a.points));
    const box = { min: [...open[0].min], max: [...open[0].max] };
    for (let grown = true; grown; ) {
      grown = false;
      for (const tile of open) {
        const near = [0, 1].every((k) => tile.min[k] < box.max[k] + 25 && tile.max[k] > box.min[k] - 25);
        const inside = [0, 1, 2].every((k) => tile.min[k] >= box.min[k] && tile.max[k] <= box.max[k]);
        if (!near || inside) continue;
        grown = true;
        for (let k = 0; k < 3; k++) {
          box.min[k] = Math.min(box.min[k], tile.min[k]);
          box.max[k] = Math.max(box.max[k], tile.max[k]);
        }
      }
    }
    return box;
  }

  /** The drawn point under a pixel, the nearest to the viewer; null if there is none. */
  pick(camera, style, sx, sy, reach = 9) {
    let best = null;
    const pixel = camera.pixelOf();
    const at = [0, 0, 0];
    for (const tile of this.visible(camera)) {
      const box = covered(tile, camera);
      if (sx < box[0] - reach || sy < box[1] - reach || sx > box[2] + reach || sy > box[3] + reach) continue;
      for (const chunk of tile.chunks) {
        each(tile, chunk, (x, y, z, k) => {
          if (!pixel(x, y, z, at)) return;
          const away = Math.hypot(at[0] - sx, at[1] - sy);
          if (away > reach || !isShown(chunk, k, x, y, camera, style)) return;
          const cost = at[2] + 3 * away * camera.scale;
          if (!best || cost < best.cost) best = { cost, tile, chunk, k, position: [x, y, z] };
        });
      }
    }
    return best && { ...best, ...factsOf(best.chunk, best.k) };
  }
}

function meets(tile, box) {
  return tile.max[0] >= box[0] && tile.min[0] <= box[2] && tile.max[1] >= box[1] && tile.min[1] <= box[3];
}

function each(tile, chunk, take) {
  const [fx, fy, fz] = tile.size.map((v) => v / 65535);
  const [lx, ly, lz] = tile.min;
  const positions = chunk.positions;
  for (let k = 0, p = 0; k < chunk.classes.length; k++, p += RECORD / 2) {
    take(lx + positions[p] * fx, ly + positions[p + 1] * fy, lz + positions[p + 2] * fz, k);
  }
}

/** The filters of the shader, for one point. */
export function isShown(chunk, k, x, y, camera, style) {
  const at = RECORD * k;
  if (((style.shown >>> chunk.classes[k]) & 1) === 0) return false;
  if (chunk.records[at + 7] < style.least) return false;
  const height = chunk.records[at + 15];
  if (height < style.heights[0] || height > style.heights[1]) return false;
  return camera.view !== "section" || camera.section.holds(x, y);
}

export function factsOf(chunk, k) {
  const record = chunk.records.subarray(RECORD * k, RECORD * (k + 1));
  return {
    class: chunk.classes[k],
    confidence: record[7] / 255,
    reason: record[8],
    truth: record[9],
    source: record[14],
    height: record[15] / 10,
    index: chunk.numbers[(RECORD / 4) * k + 4],
  };
}
