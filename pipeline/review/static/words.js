// Words in doubt: which they are, and how the box shows them.

import { make } from './api.js';

const UNSURE = 0.75;
const LOST = /^\[(illegible|name removed|no text)\]$/;

// The words of the machine's reading that it was not sure of.
export const unsureWords = (lines) => lines.flat().filter(([, sure]) => sure < UNSURE).map(([word]) => word);

// The text in parts, those in doubt marked; the words in doubt, and where they stand.
export function highlight(text, unsure) {
  const left = [...unsure];
  const [parts, doubtful, places] = [[], [], []];
  let at = 0;
  for (const part of text.split(/(\[(?:illegible|name removed|no text)\](?:\[\?\])?|\s+)/)) {
    const plain = part.replace(/\[\?\]/g, '');
    const where = left.indexOf(plain);
    if (where >= 0) left.splice(where, 1);
    if (part.trim() && (where >= 0 || part.includes('[?]') || LOST.test(plain))) {
      parts.push(make('mark', {}, part));
      doubtful.push(plain);
      places.push([at, at + part.length]);
    } else if (part) parts.push(part);
    at += part.length;
  }
  // A last line that is empty takes its room all the same.
  parts.push('\u200b');
  return { parts, doubtful, places };
}
