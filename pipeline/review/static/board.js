// The photograph with its outlines: looking closer, choosing a note, drawing, moving and splitting.
// All points are pixels of the upright, full-size photograph.

import { makeSvg } from './api.js';
import { boxOf, centre, moved, simplified, text } from './geometry.js';

const GUIDE = {
  draw: 'Drag a box round the note on the photograph, or move the box with the arrow keys (Shift and arrows: its size). Then pull its corners into place.',
  corners: 'Pull the corners into place. Keys: Tab chooses a corner, the arrow keys move it (Shift: faster); with no corner chosen they move the whole outline. Delete takes a corner away.',
  split: 'Lay the line between the two notes: drag its ends, or use the arrow keys (← → move it, ↑ ↓ turn it).',
  join: 'Choose the other outline that belongs to this same note: click it, or press Tab until it is lit, then Enter.',
  answers: 'Choose the note that this one answers: click it, or press Tab until it is lit, then Enter.',
  same: 'Choose the note that is the same as this one: click it, or press Tab until it is lit, then Enter.',
};

const PICKING = new Set(['join', 'same', 'answers']);

export class Board {
  constructor(svg, on) {
    this.svg = svg;
    this.on = on;
    this.mode = null;
    this.photo = null;
    this.notes = [];
    this.own = null;
    this.view = [0, 0, 1, 1];
    this.isClose = true;
    this.isPainted = true;
    this.painted = undefined; // the photograph that is drawn
    this.drag = null;
    svg.addEventListener('pointerdown', (event) => this.down(event));
    svg.addEventListener('pointermove', (event) => this.move(event));
    svg.addEventListener('pointerup', (event) => this.up(event));
    svg.addEventListener('pointercancel', () => (this.drag = null));
    svg.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  // Takes the note at once, so that a key pressed now is about this one; paint() lets it be seen.
  show(photo, notes, own) {
    this.cancel();
    this.photo = photo;
    this.notes = notes;
    this.own = own;
    this.isPainted = false;
  }

  paint() {
    if (this.isPainted) return;
    this.isPainted = true;
    const { photo } = this;
    if (this.painted !== photo?.sha256) {
      this.painted = photo?.sha256;
      this.svg.replaceChildren();
      if (!photo) return;
      this.svg.append(
        makeSvg('image', { href: `photo/${photo.sha256}`, width: photo.width, height: photo.height }),
        makeSvg('g', { class: 'others' }),
        makeSvg('g', { class: 'work' }),
      );
    }
    if (photo) {
      this.look();
      this.draw();
    }
  }

  // The other outlines, where they come later than the photograph.
  fill(notes) {
    this.notes = notes;
    this.draw();
  }

  // --- looking -----------------------------------------------------------------------------

  look() {
    if (this.isClose && this.own?.length) {
      const [x, y, width, height] = boxOf(this.own);
      const aspect = this.svg.clientWidth / Math.max(this.svg.clientHeight, 1) || 1;
      const side = Math.max(width / Math.max(aspect, 1), height) * 2.4;
      const [across, down] = [side * Math.max(aspect, 1), side / Math.min(aspect, 1)];
      // As much of the photograph as fits, rather than the dark beyond its edge.
      const within = (middle, length, most) =>
        length >= most ? (most - length) / 2 : Math.min(Math.max(middle - length / 2, 0), most - length);
      this.setView([
        within(x + width / 2, across, this.photo.width),
        within(y + height / 2, down, this.photo.height),
        across,
        down,
      ]);
    } else {
      this.setView([0, 0, this.photo.width, this.photo.height]);
    }
  }

  setView(view) {
    this.view = view;
    this.svg.setAttribute('viewBox', view.map((value) => value.toFixed(1)).join(' '));
    this.sizeHandles();
  }

  toggle() {
    this.isClose = !this.isClose;
    this.look();
  }

  zoom(factor, at = null) {
    const [x, y, width, height] = this.view;
    const smallest = 60;
    const largest = 2 * Math.max(this.photo.width, this.photo.height);
    if (width * factor < smallest || width * factor > largest) return;
    const [cx, cy] = at ?? [x + width / 2, y + height / 2];
    this.setView([cx - (cx - x) * factor, cy - (cy - y) * factor, width * factor, height * factor]);
  }

  wheel(event) {
    if (!this.photo) return;
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, this.point(event));
  }

  point(event) {
    const matrix = this.svg.getScreenCTM().inverse();
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [place.x, place.y];
  }

  unit() {
    return 1 / Math.max(this.svg.getScreenCTM()?.a ?? 1, 1e-6);
  }

  // --- drawing what there is ------------------------------------------------------------------

  draw() {
    const others = this.svg.querySelector('.others');
    const picking = PICKING.has(this.mode);
    others.replaceChildren(
      ...this.notes
        .filter((note) => note.id !== this.on.current())
        .map((note) => {
          const shape = makeSvg('polygon', {
            points: text(note.polygon),
            class: note.done ? 'other done' : 'other',
            tabindex: picking ? 0 : null,
            role: picking ? 'button' : null,
            'aria-label': picking ? note.label || 'a note without words' : null,
          });
          shape.dataset.id = note.id;
          if (picking) {
            shape.addEventListener('keydown', (event) => {
              if (event.key === 'Enter' || event.key === ' ') {
                event.preventDefault();
                event.stopPropagation();
                this.pick(note.id);
              }
            });
          }
          return shape;
        }),
    );
    this.drawWork();
  }

  drawWork() {
    const work = this.svg.querySelector('.work');
    if (!work) return;
    const focused = document.activeElement?.dataset?.corner;
    const parts = [];
    if (this.own?.length && this.mode !== 'corners') {
      parts.push(makeSvg('polygon', { points: text(this.own), class: 'halo' }));
      parts.push(makeSvg('polygon', { points: text(this.own), class: 'own' }));
    }
    if (this.mode === 'split') {
      const [a, b] = this.line;
      parts.push(makeSvg('line', { x1: a[0], y1: a[1], x2: b[0], y2: b[1], class: 'cut' }));
      parts.push(this.handle(a, 0, 'One end of the line'), this.handle(b, 1, 'The other end of the line'));
    }
    if (this.polygon) {
      parts.push(makeSvg('polygon', { points: text(this.polygon), class: 'new' }));
      this.polygon.forEach((point, i) => {
        const next = this.polygon[(i + 1) % this.polygon.length];
        const middle = makeSvg('circle', {
          class: 'handle middle',
          cx: (point[0] + next[0]) / 2,
          cy: (point[1] + next[1]) / 2,
        });
        middle.dataset.middle = i;
        parts.push(middle);
      });
      this.polygon.forEach((point, i) => parts.push(this.handle(point, i, `Corner ${i + 1} of ${this.polygon.length}`)));
    }
    work.replaceChildren(...parts);
    this.sizeHandles();
    if (focused !== undefined) work.querySelector(`[data-corner="${focused}"]`)?.focus();
  }

  handle(point, number, label) {
    const circle = makeSvg('circle', {
      class: 'handle', cx: point[0], cy: point[1], tabindex: 0, role: 'button', 'aria-label': label,
    });
    circle.dataset.corner = number;
    return circle;
  }

  sizeHandles() {
    const unit = this.unit();
    const isCoarse = matchMedia('(pointer: coarse)').matches;
    for (const circle of this.svg.querySelectorAll('.handle')) {
      const size = circle.classList.contains('middle') ? 5 : 7.5;
      circle.setAttribute('r', size * unit * (isCoarse ? 1.8 : 1));
    }
  }

  // --- modes -----------------------------------------------------------------------------------

  start(mode) {
    if (!this.photo) return;
    this.cancel();
    this.paint();
    this.mode = mode;
    this.polygon = null;
    if (mode === 'corners') this.polygon = simplified(this.own);
    if (mode === 'draw') {
      const [x, y, width, height] = this.view;
      const side = Math.min(width, height) / 4;
      const [cx, cy] = [x + width / 2, y + height / 2];
      this.polygon = [[cx - side, cy - side], [cx + side, cy - side], [cx + side, cy + side], [cx - side, cy + side]];
      this.isFresh = true;
    }
    if (mode === 'split') {
      const [x, y, width, height] = boxOf(this.own);
      const isWide = width >= height;
      const [cx, cy] = [x + width / 2, y + height / 2];
      this.line = isWide
        ? [[cx, y - height * 0.1], [cx, y + height * 1.1]]
        : [[x - width * 0.1, cy], [x + width * 1.1, cy]];
    }
    this.svg.classList.toggle('drawing', mode === 'draw');
    this.svg.classList.toggle('picking', PICKING.has(mode));
    this.draw();
    this.on.mode(GUIDE[mode], !PICKING.has(mode), mode === 'answers');
    if (PICKING.has(mode) && this.isClose) this.toggle();
    this.svg.focus({ preventScroll: true });
  }

  cancel() {
    if (!this.mode) return;
    this.mode = null;
    this.drag = null; // what was held is not there any more
    this.polygon = null;
    this.line = null;
    this.svg.classList.remove('drawing', 'picking');
    this.on.mode(null);
    if (this.photo) this.draw();
  }

  async finish() {
    const { mode, polygon, line, own } = this;
    if (!mode || PICKING.has(mode)) return;
    this.cancel();
    const act = { draw: ['draw', { photo: this.photo.sha256, polygon }], corners: ['move', { polygon }], split: ['split', { line }] }[mode];
    if ((await this.on.act(...act)) === false && this.own === own) {
      // What was drawn is there still, to be put right or tried again.
      this.start(mode);
      Object.assign(this, { polygon, line, isFresh: false });
      this.draw();
    }
  }

  pick(id) {
    const mode = this.mode;
    if (PICKING.has(mode)) {
      this.cancel();
      this.on.act(mode, { other: id });
    } else if (!mode) {
      this.on.pick(id);
    }
  }

  // --- hands ------------------------------------------------------------------------------------

  down(event) {
    if (!this.photo || event.button > 0) return;
    const at = this.point(event);
    const { corner, middle, id } = event.target.dataset ?? {};
    this.svg.setPointerCapture(event.pointerId);
    if (middle !== undefined) {
      const number = Number(middle) + 1;
      this.polygon.splice(number, 0, at);
      this.drag = { kind: 'corner', number };
    } else if (corner !== undefined) {
      this.drag = { kind: this.mode === 'split' ? 'end' : 'corner', number: Number(corner) };
    } else if (this.mode === 'draw' && this.isFresh) {
      this.drag = { kind: 'box', from: at };
    } else if (event.target.classList.contains('new')) {
      this.drag = { kind: 'whole', last: at };
    } else {
      this.drag = { kind: 'look', from: [event.clientX, event.clientY], view: this.view, id, isStill: true };
    }
  }

  move(event) {
    const drag = this.drag;
    if (!drag) return;
    const at = this.point(event);
    if (drag.kind === 'look') {
      const dx = event.clientX - drag.from[0];
      const dy = event.clientY - drag.from[1];
      if (Math.hypot(dx, dy) > 5) drag.isStill = false;
      const unit = this.unit();
      this.setView([drag.view[0] - dx * unit, drag.view[1] - dy * unit, drag.view[2], drag.view[3]]);
      return;
    }
    if (drag.kind === 'corner') this.polygon[drag.number] = at;
    if (drag.kind === 'end') this.line[drag.number] = at;
    if (drag.kind === 'whole') {
      this.polygon = moved(this.polygon, at[0] - drag.last[0], at[1] - drag.last[1]);
      drag.last = at;
    }
    if (drag.kind === 'box') {
      const [a, b] = [drag.from, at];
      if (Math.abs(a[0] - b[0]) > 8 && Math.abs(a[1] - b[1]) > 8) {
        const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
        const [top, bottom] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
        this.polygon = [[left, top], [right, top], [right, bottom], [left, bottom]];
        drag.isDrawn = true;
      }
    }
    this.drawWork();
  }

  up() {
    const drag = this.drag;
    this.drag = null;
    if (drag?.kind === 'box' && drag.isDrawn) this.isFresh = false;
    if (drag?.kind === 'look' && drag.isStill && drag.id) this.pick(drag.id);
  }

  // Arrow keys and the like while something is drawn; says whether the key was for us.
  key(event) {
    if (!this.mode) return false;
    if (event.key === 'Escape') {
      this.cancel();
      return true;
    }
    // Enter without an outline lit would save the note instead.
    if (PICKING.has(this.mode)) return event.key === 'Enter';
    if (event.key === 'Enter') {
      this.finish();
      return true;
    }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const corner = document.activeElement?.dataset?.corner;
    if (event.key === 'Delete' && corner !== undefined && this.polygon?.length > 3) {
      this.polygon.splice(Number(corner), 1);
      this.drawWork();
      return true;
    }
    if (!step) return false;
    const far = Math.max(...boxOf(this.polygon ?? this.own).slice(2)) * (event.shiftKey ? 0.1 : 0.025);
    const [dx, dy] = [step[0] * far, step[1] * far];
    if (this.mode === 'split') this.moveLine(step, corner, far);
    else if (corner !== undefined) {
      const [x, y] = this.polygon[Number(corner)];
      this.polygon[Number(corner)] = [x + dx, y + dy];
    } else if (event.shiftKey && this.mode === 'draw') {
      const [x, y, width, height] = boxOf(this.polygon);
      this.polygon = this.polygon.map(([px, py]) => [
        px + ((px - x) / width) * dx,
        py + ((py - y) / height) * dy,
      ]);
    } else this.polygon = moved(this.polygon, dx, dy);
    this.isFresh = false;
    this.drawWork();
    return true;
  }

  moveLine(step, corner, far) {
    if (corner !== undefined) {
      const [x, y] = this.line[Number(corner)];
      this.line[Number(corner)] = [x + step[0] * far, y + step[1] * far];
      return;
    }
    const [a, b] = this.line;
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (step[0]) {
      const [nx, ny] = [(b[1] - a[1]) / length, (a[0] - b[0]) / length];
      const way = step[0] * far * (nx + ny >= 0 ? 1 : -1);
      this.line = moved(this.line, nx * way, ny * way);
      return;
    }
    const [cx, cy] = centre(this.line);
    const angle = (step[1] * 7.5 * Math.PI) / 180;
    this.line = this.line.map(([x, y]) => [
      cx + (x - cx) * Math.cos(angle) - (y - cy) * Math.sin(angle),
      cy + (x - cx) * Math.sin(angle) + (y - cy) * Math.cos(angle),
    ]);
  }
}
