// Polygons as lists of [x, y].

export const text = (polygon) => polygon.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

export function boxOf(polygon) {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(Math.max(...xs) - x, 1), Math.max(Math.max(...ys) - y, 1)];
}

export const moved = (polygon, dx, dy) => polygon.map(([x, y]) => [x + dx, y + dy]);

export function centre(polygon) {
  const [x, y, width, height] = boxOf(polygon);
  return [x + width / 2, y + height / 2];
}

// As few corners as tell the shape, so that a hand can move them (Douglas and Peucker, 1973).
export function simplified(polygon) {
  const [, , width, height] = boxOf(polygon);
  let tolerance = Math.max(width, height) * 0.012;
  let found = ring(polygon, tolerance);
  while (found.length > 14) {
    tolerance *= 1.4;
    found = ring(polygon, tolerance);
  }
  return found.length >= 3 ? found : polygon.slice();
}

function ring(polygon, tolerance) {
  // Start at the corner farthest from the middle: it is sure to stay.
  const [cx, cy] = centre(polygon);
  const far = (point) => Math.hypot(point[0] - cx, point[1] - cy);
  const first = polygon.reduce((best, point, i) => (far(point) > far(polygon[best]) ? i : best), 0);
  const turned = [...polygon.slice(first), ...polygon.slice(0, first), polygon[first]];
  return thinned(turned, tolerance).slice(0, -1);
}

function thinned(points, tolerance) {
  const [a, b] = [points[0], points[points.length - 1]];
  let [farthest, where] = [0, 0];
  for (let i = 1; i < points.length - 1; i += 1) {
    const distance = away(points[i], a, b);
    if (distance > farthest) [farthest, where] = [distance, i];
  }
  if (farthest <= tolerance) return [a, b];
  return [...thinned(points.slice(0, where + 1), tolerance).slice(0, -1), ...thinned(points.slice(where), tolerance)];
}

function away(point, a, b) {
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  if (length < 1e-9) return Math.hypot(point[0] - a[0], point[1] - a[1]);
  return Math.abs((b[0] - a[0]) * (a[1] - point[1]) - (a[0] - point[0]) * (b[1] - a[1])) / length;
}
