/**
 * Where the picture is taken from: orbit (perspective), from above and in a section (both orthographic).
 *
 * All positions are metres relative to the origin of the scene; pixels are CSS pixels. `scale` is metres a pixel in
 * the plane of the target, in every view, so that a change of the view keeps the size of things.
 */

export const FIELD_OF_VIEW = Math.PI / 4;
const LEAST_SCALE = 0.0005;
const MARGIN = 1.08; // of the picture round what it shows
const STEEPEST = Math.PI / 2 - 0.01;

export function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** A line seen from the side: start and end from above, and how thick the slab is, in metres. */
export class Section {
  constructor(start, end, width) {
    this.start = start;
    this.end = end;
    this.width = width;
    this.length = Math.hypot(end[0] - start[0], end[1] - start[1]);
    this.along = [(end[0] - start[0]) / this.length, (end[1] - start[1]) / this.length];
  }

  /** Metres along the line and metres to its left. */
  of(x, y) {
    const [dx, dy] = [x - this.start[0], y - this.start[1]];
    const [ux, uy] = this.along;
    return [dx * ux + dy * uy, dy * ux - dx * uy];
  }

  at(along) {
    return [this.start[0] + along * this.along[0], this.start[1] + along * this.along[1]];
  }

  /** West, south, east and north end. */
  get box() {
    const [xs, ys] = [0, 1].map((k) => [this.start[k], this.end[k]]);
    const half = this.width / 2;
    return [Math.min(...xs) - half, Math.min(...ys) - half, Math.max(...xs) + half, Math.max(...ys) + half];
  }

  holds(x, y) {
    const [along, aside] = this.of(x, y);
    return along >= 0 && along <= this.length && Math.abs(aside) <= this.width / 2;
  }
}

export class Camera {
  constructor(bounds) {
    this.bounds = bounds;
    this.view = "top";
    this.target = [0, 1, 2].map((k) => (bounds.min[k] + bounds.max[k]) / 2);
    this.scale = 0.1;
    this.azimuth = -0.5;
    this.elevation = 0.6;
    this.width = 1;
    this.height = 1;
    this.section = null;
    this.changed = () => {};
  }

  resize(width, height) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    this.changed();
  }

  get flat() {
    return this.view !== "orbit";
  }

  get distance() {
    return (this.scale * this.height) / (2 * Math.tan(FIELD_OF_VIEW / 2));
  }

  /** Longest way through the scene: no point is further from the target as long as that lies in the scene. */
  get reach() {
    const size = [0, 1, 2].map((k) => this.bounds.max[k] - this.bounds.min[k]);
    const away = [0, 1, 2].map((k) =>
      Math.max(this.target[k] - this.bounds.max[k], this.bounds.min[k] - this.target[k], 0),
    );
    return Math.hypot(...size) + Math.hypot(...away) + 1;
  }

  /** Unit vectors of the picture: right, up, and away from the viewer. */
  basis() {
    if (this.view === "top") return { right: [1, 0, 0], up: [0, 1, 0], forward: [0, 0, -1] };
    if (this.view === "section") {
      const [ux, uy] = this.section.along;
      return { right: [ux, uy, 0], up: [0, 0, 1], forward: [-uy, ux, 0] };
    }
    const [s, c] = [Math.sin(this.azimuth), Math.cos(this.azimuth)];
    const [se, ce] = [Math.sin(this.elevation), Math.cos(this.elevation)];
    const right = [c, -s, 0];
    const forward = [s * ce, c * ce, -se];
    return { right, up: cross(right, forward), forward };
  }

  eye() {
    const { forward } = this.basis();
    return this.target.map((value, k) => value - forward[k] * this.distance);
  }

  /** What is much nearer than the target is left out: it would stand in the way. */
  near() {
    return Math.max(this.distance * 0.15, 0.02);
  }

  far() {
    return this.distance + 2 * this.reach;
  }

  /** Column-major matrix from metres relative to the target to clip space. */
  matrix() {
    const { right, up, forward } = this.basis();
    const rows = this.flat ? this.orthographic(right, up, forward) : this.perspective(right, up, forward);
    const columns = new Float32Array(16);
    for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) columns[4 * column + row] = rows[row][column];
    return columns;
  }

  orthographic(right, up, forward) {
    const x = 2 / (this.scale * this.width);
    const y = 2 / (this.scale * this.height);
    const z = 1 / this.reach;
    return [
      [...right.map((v) => v * x), 0],
      [...up.map((v) => v * y), 0],
      [...forward.map((v) => v * z), 0],
      [0, 0, 0, 1],
    ];
  }

  perspective(right, up, forward) {
    const focal = 1 / Math.tan(FIELD_OF_VIEW / 2);
    const [near, far, distance] = [this.near(), this.far(), this.distance];
    const slope = (far + near) / (far - near);
    const shift = slope * distance - (2 * far * near) / (far - near);
    return [
      [...right.map((v) => (v * focal * this.height) / this.width), 0],
      [...up.map((v) => v * focal), 0],
      [...forward.map((v) => v * slope), shift],
      [...forward, distance],
    ];
  }

  /** A function that writes pixel and depth (m) of a position into `at`; it returns false behind the viewer. */
  pixelOf() {
    const { right, up, forward } = this.basis();
    const [tx, ty, tz] = this.target;
    const { flat, distance, scale } = this;
    const [middle, centre, near] = [this.width / 2, this.height / 2, this.near()];
    return (x, y, z, at) => {
      const [dx, dy, dz] = [x - tx, y - ty, z - tz];
      const depth = forward[0] * dx + forward[1] * dy + forward[2] * dz;
      if (!flat && depth + distance <= near) return false;
      const size = flat ? scale : (scale * (depth + distance)) / distance;
      at[0] = middle + (right[0] * dx + right[1] * dy + right[2] * dz) / size;
      at[1] = centre - (up[0] * dx + up[1] * dy + up[2] * dz) / size;
      at[2] = depth;
      return true;
    };
  }

  /** Pixel of a position and its depth in metres (null behind the viewer). */
  project(p) {
    const at = [0, 0, 0];
    return this.pixelOf()(p[0], p[1], p[2], at) ? at : null;
  }

  /** World position in the plane of the target: (x, y) from above, (metres along the line, z) in a section. */
  planeAt(sx, sy) {
    const across = (sx - this.width / 2) * this.scale;
    const upward = (this.height / 2 - sy) * this.scale;
    if (this.view === "section") {
      return [this.section.of(this.target[0], this.target[1])[0] + across, this.target[2] + upward];
    }
    return [this.target[0] + across, this.target[1] + upward];
  }

  /** Where the line of sight through a pixel meets the height of the target; null if it does not within reach. */
  groundAt(sx, sy) {
    const { right, up, forward } = this.basis();
    if (this.view === "top") return [...this.planeAt(sx, sy), this.target[2]];
    if (this.view === "section") return null;
    const tangent = Math.tan(FIELD_OF_VIEW / 2) / (this.height / 2);
    const [dx, dy] = [(sx - this.width / 2) * tangent, (this.height / 2 - sy) * tangent];
    const direction = forward.map((v, k) => v + dx * right[k] + dy * up[k]);
    const eye = this.eye();
    const along = (this.target[2] - eye[2]) / direction[2];
    if (!(along > 0) || along > 6 * this.distance) return null;
    return eye.map((v, k) => v + along * direction[k]);
  }

  pan(dx, dy) {
    this.move(-dx, -dy);
    this.changed();
  }

  turn(dx, dy) {
    this.azimuth += dx * 0.006;
    this.elevation = Math.min(STEEPEST, Math.max(-STEEPEST, this.elevation + dy * 0.006));
    this.changed();
  }

  /** Zoom so that what is under the cursor stays there. */
  zoom(factor, sx, sy) {
    const scale = Math.max(LEAST_SCALE, Math.min(this.scale * factor, (4 * this.reach) / this.height));
    const kept = scale / this.scale;
    const anchor = this.flat ? null : this.groundAt(sx, sy);
    if (anchor) {
      this.target = this.target.map((v, k) => anchor[k] + (v - anchor[k]) * kept);
    } else {
      const { right, up } = this.basis();
      const [across, upward] = [(sx - this.width / 2) * this.scale, (this.height / 2 - sy) * this.scale];
      this.target = this.target.map((v, k) => v + (right[k] * across + up[k] * upward) * (1 - kept));
    }
    this.scale = scale;
    this.changed();
  }

  show(view) {
    this.view = view;
    this.changed();
  }

  lookAt(position, scale) {
    this.target = [...position];
    if (scale) this.scale = scale;
    this.changed();
  }

  /** Show a box as large as the picture takes. */
  fit(box) {
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((k) =>
      [k & 1, (k >> 1) & 1, k >> 2].map((side, axis) => (side ? box.max : box.min)[axis]),
    );
    this.fitPoints(corners, 0);
  }

  /** Show positions as large as the picture takes; `share` of them may stay outside on each side. */
  fitPoints(positions, share) {
    const { right, up, forward } = this.basis();
    const ends = [right, up, forward].map((axis) => {
      const along = positions.map((p) => axis[0] * p[0] + axis[1] * p[1] + axis[2] * p[2]).sort((a, b) => a - b);
      const cut = Math.floor(along.length * share);
      return [along[cut], along[along.length - 1 - cut]];
    });
    const middle = ends.map(([low, high]) => (low + high) / 2);
    const [wide, high] = ends.map(([low, high]) => high - low);
    this.target = [0, 1, 2].map((k) => right[k] * middle[0] + up[k] * middle[1] + forward[k] * middle[2]);
    this.scale = Math.max((MARGIN * wide) / this.width, (MARGIN * high) / this.height, 0.002);
    if (!this.flat) for (let round = 0; round < 8; round++) this.refit(positions, share);
    this.changed();
  }

  /** What is near is large in perspective: move and zoom by where the pixels are. */
  refit(positions, share) {
    const pixel = this.pixelOf();
    const pixels = positions.map((p) => {
      const at = [0, 0, 0];
      return pixel(...p, at) ? at : null;
    }).filter(Boolean);
    if (!pixels.length) return;
    const [[left, east], [top, bottom]] = [0, 1].map((k) => {
      const sorted = pixels.map((at) => at[k]).sort((a, b) => a - b);
      const cut = Math.floor(sorted.length * share);
      return [sorted[cut], sorted[sorted.length - 1 - cut]];
    });
    this.move((left + east - this.width) / 2, (top + bottom - this.height) / 2);
    const size = Math.max((east - left) / this.width, (bottom - top) / this.height);
    this.scale *= Math.min(4, Math.max(0.25, MARGIN * size));
  }

  /** Move by pixels to the right and down. */
  move(dx, dy) {
    const { right, up } = this.basis();
    this.target = this.target.map((v, k) => v + right[k] * dx * this.scale - up[k] * dy * this.scale);
  }

  /** Show a section from its side; `low` and `high` are the heights between which it has points. */
  enter(section, low, high) {
    this.section = section;
    this.view = "section";
    this.target = [...section.at(section.length / 2), (low + high) / 2];
    this.scale = Math.max((1.15 * section.length) / this.width, (1.3 * (high - low)) / this.height, 0.002);
    this.changed();
  }

  leaveSection() {
    this.section = null;
    this.show("top");
  }
}
