/** Shapes that are drawn with the mouse: what the server is asked, and which drawn points they hold. */

export function rectangle([ax, ay], [bx, by]) {
  return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
}

export function boxOf(points, margin = 0) {
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  return [Math.min(...xs) - margin, Math.min(...ys) - margin, Math.max(...xs) + margin, Math.max(...ys) + margin];
}

/** Whether a point lies in a polygon, by the even-odd rule. */
export function inPolygon(polygon, x, y) {
  let inside = false;
  for (let k = 0, last = polygon.length - 1; k < polygon.length; last = k++) {
    const [ax, ay] = polygon[k];
    const [bx, by] = polygon[last];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

export function nearPath(path, radius, x, y) {
  for (let k = 0; k < path.length; k++) {
    const [ax, ay] = path[Math.max(k - 1, 0)];
    const [dx, dy] = [path[k][0] - ax, path[k][1] - ay];
    const whole = dx * dx + dy * dy;
    const t = whole > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / whole)) : 0;
    if (Math.hypot(x - ax - t * dx, y - ay - t * dy) <= radius) return true;
  }
  return false;
}

/** A test for drawn points: `box` [west, south, east, north] where it can hold, and `holds(x, y, z)`. */
export function testOf(shape, section) {
  if (shape.kind === "polygon") {
    const box = boxOf(shape.points);
    return {
      box,
      holds: (x, y) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3] && inPolygon(shape.points, x, y),
    };
  }
  if (shape.kind === "brush") {
    const box = boxOf(shape.path, shape.radius);
    return {
      box,
      holds: (x, y) =>
        x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3] && nearPath(shape.path, shape.radius, x, y),
    };
  }
  const box = boxOf([section.start, section.end], section.width);
  const inside = shape.polygon
    ? (along, z) => inPolygon(shape.polygon, along, z)
    : (along, z) => nearPath(shape.path, shape.radius, along, z);
  return {
    box,
    holds: (x, y, z) => {
      if (!section.holds(x, y)) return false;
      return inside(section.of(x, y)[0], z);
    },
  };
}
