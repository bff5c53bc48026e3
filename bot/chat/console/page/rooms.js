// The list of rooms, and what is unread in it.
import { el, sign } from './view.js';

const seen = JSON.parse(localStorage.getItem('sitrep.seen') || '{}');

export function markSeen(room, seq) {
  if ((seen[room] || 0) >= seq) return;
  seen[room] = seq;
  localStorage.setItem('sitrep.seen', JSON.stringify(seen));
}

export const seenUpTo = (room) => seen[room] || 0;

export const unread = (r) => r.last > seenUpTo(r.id);

// draw shows the list; onChannel makes a channel.
export function draw(nav, state, onChannel) {
  const all = [...state.rooms.values()].sort((a, b) => b.opened.localeCompare(a.opened));
  const groups = [
    ['Open incidents', all.filter((r) => r.kind === 'incident' && !r.archived)],
    ['Channels', all.filter((r) => r.kind === 'channel' && !r.archived).sort((a, b) => a.name.localeCompare(b.name))],
    ['Direct', all.filter((r) => r.kind === 'direct' && !r.archived)],
  ];
  const parts = [];
  for (const [title, rooms] of groups) {
    if (!rooms.length && title === 'Direct') continue;
    parts.push(el('h2', {}, title, title === 'Channels' && el('button', { class: 'icon', type: 'button', 'aria-label': 'New channel', title: 'New channel', onclick: onChannel }, '+')));
    parts.push(rooms.length ? el('ul', {}, ...rooms.map((r) => item(r, state))) : el('p', { class: 'none' }, title === 'Channels' ? 'No channels yet' : 'All quiet'));
  }
  const archived = all.filter((r) => r.archived);
  if (archived.length) {
    const open = nav.querySelector('details')?.open || archived.some((r) => r.id === state.current);
    parts.push(el('details', { open }, el('summary', {}, el('span', {}, `Archived (${archived.length})`)), el('ul', {}, ...archived.map((r) => item(r, state)))));
  }
  nav.replaceChildren(...parts);
}

function item(r, state) {
  const here = r.id === state.current;
  const fresh = !here && unread(r);
  const count = fresh ? state.counts.get(r.id) || 0 : 0;
  const mark = r.kind === 'incident' ? el('span', { class: `dot ${r.tone || ''}`, 'aria-hidden': 'true' })
    : el('span', { class: 'sign', 'aria-hidden': 'true' }, r.kind === 'channel' ? '#' : '@');
  return el('li', {}, el('a', { href: '#' + encodeURIComponent(r.id), class: fresh ? 'unread' : '', 'aria-current': here && 'page' },
    mark, el('span', { class: 'label', title: r.topic || r.name }, r.name), r.private && r.kind !== 'direct' && el('span', { title: 'Private' }, sign('lock'), el('span', { class: 'hidden' }, 'private')),
    fresh && el('span', { class: 'count', 'aria-label': `${count || ''} unread` }, count ? String(count) : '•')));
}
