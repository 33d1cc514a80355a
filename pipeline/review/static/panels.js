// The filters above, and the lists that open over the page.

import { byId, make } from './api.js';

export function fillFilters(fixed) {
  add('reason', Object.entries(fixed.reasons));
  add('principle-filter', [...fixed.principles.map((one) => [one.code, one.label]), ['', 'Unplaced']]);
  add('type', fixed.types.map((one) => [one.code, one.label]));
  add('status', Object.entries(fixed.statuses));
  add('photo-filter', fixed.photos.map((one) => [one.sha256, one.path]));
}

function add(id, options) {
  byId(id).append(...options.map(([code, label]) => make('option', { value: code }, label)));
}

export function filters() {
  const principle = byId('principle-filter').value;
  const found = { show: byId('show').value };
  if (principle !== '*') found.principle = principle;
  if (byId('reason').value) found.reason = byId('reason').value;
  if (byId('type').value) found.type = byId('type').value;
  if (byId('status').value) found.status = byId('status').value;
  if (byId('photo-filter').value) found.photo = byId('photo-filter').value;
  return found;
}

// How many of the filters beside "Show" are in force.
export function narrowed() {
  const chosen = ['reason', 'principle-filter', 'type', 'status', 'photo-filter'].map(byId);
  for (const select of chosen) select.classList.toggle('set', select.value !== select.options[0].value);
  return chosen.filter((select) => select.classList.contains('set')).length;
}

export function clearFilters() {
  for (const id of ['reason', 'principle-filter', 'type', 'status', 'photo-filter', 'show']) byId(id).selectedIndex = 0;
}

export function showCounts(figures) {
  const counts = table(
    ['Principle', 'Found', 'Stated', ''],
    figures.counts.map((row) => {
      const gap = row.stated === null ? 0 : row.found - row.stated;
      const told = gap ? `${Math.abs(gap)} ${gap > 0 ? 'more' : 'fewer'} than stated` : row.stated === null ? '' : 'they agree';
      return [row.label, String(row.found), row.stated === null ? '–' : String(row.stated), make('span', gap ? { class: 'gap' } : {}, told)];
    }),
  );
  open('Notes under each principle', make('div', {}, counts, figures.agreement ? make('p', {}, figures.agreement) : null));
}

export function showOrphans(orphans) {
  open('Decisions without a note', make('div', {},
    make('p', {}, 'What they were made about is not found any more. They stay in decisions.jsonl and count again as soon as it is.'),
    table(['Photo', 'What', 'Decided', 'By'], orphans.map((one) => [
      one.photo, one.field, typeof one.new === 'string' ? one.new : JSON.stringify(one.new), `${one.person}, ${one.when.slice(0, 16).replace('T', ' ')}`,
    ])),
  ));
}

function table(head, rows) {
  return make('table', {},
    make('thead', {}, make('tr', {}, ...head.map((title) => make('th', { scope: 'col' }, title)))),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map((cell) => make('td', {}, cell))))),
  );
}

function open(title, content) {
  byId('list-title').textContent = title;
  byId('list-body').replaceChildren(content);
  byId('list').showModal();
}
