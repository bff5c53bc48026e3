// The page: a list of rooms, one room's messages, and the box to write in, live.
import { Events, at, call, newID, settings } from './net.js';
import { ask, avatar, day, el, message, sign, tick, toast } from './view.js';
import { draw, markSeen, seenUpTo, unread } from './rooms.js';
import { Compose } from './compose.js';

const $ = (id) => document.getElementById(id);
const state = {
  me: { id: '', name: '' }, rooms: new Map(), people: new Map(), messages: new Map(), early: new Map(), older: new Set(), counts: new Map(),
  current: '', thread: null, newFrom: 0,
};
const stream = $('stream');
const list = $('list');
let events;

const room = () => state.rooms.get(state.current);
const near = () => stream.scrollHeight - stream.scrollTop - stream.clientHeight < 80;
const toEnd = () => { stream.scrollTop = stream.scrollHeight; $('down').hidden = true; };
const isCommand = (text) => [...settings.commands, '@' + settings.bot].some((w) => text.toLowerCase() === w || text.toLowerCase().startsWith(w + ' '));

async function attempt(f) {
  try { return await f(); } catch (err) { toast(err.message); throw err; }
}

const quiet = (f) => attempt(f).catch(() => {});

// what a person does

// sent shows the form that a command asked for. A form is sent with the id of its own.
function sent(answer, where) {
  if (!answer.form) return;
  const f = answer.form;
  const id = newID();
  ask({ title: f.title, fields: f.fields, submit: f.submit || 'Send' }, async (values) => {
    sent(await call('POST', 'forms/submit', { id, user: state.me.id, ...where, verb: f.verb, values }), where);
  });
}

async function send(text) {
  const where = { room: state.current, ...(state.thread && { thread: state.thread.id }) };
  const answer = await attempt(() => call('POST', at(state.current, '/messages'), { id: newID(), user: state.me.id, thread: where.thread, text }));
  answerIn(null);
  toEnd();
  sent(answer, where);
}

const on = {
  press(m, button, target) {
    const go = async () => {
      const where = { room: m.room, message: m.id };
      target.disabled = true;
      try {
        sent(await call('POST', 'press', { id: newID(), user: state.me.id, ...where, verb: button.verb }), where);
      } finally {
        setTimeout(() => { target.disabled = false; }, 1000);
      }
    };
    if (button.confirm) ask({ title: button.label, note: button.confirm, submit: button.label, danger: button.danger }, go);
    else quiet(go);
  },
  answer(m) { answerIn(m); $('line').focus(); },
  note(m) { quiet(() => call('POST', at(m.room, `/messages/${m.id}/pin`), { id: newID(), user: state.me.id })); },
  rewrite(m) {
    ask({ title: 'Edit your message', submit: 'Save', fields: [{ name: 'text', label: 'Message', value: m.text, required: true, long: true }] },
      ({ text }) => call('PATCH', at(m.room, '/messages/' + m.id), { id: newID(), user: state.me.id, text }));
  },
  erase(m) {
    ask({ title: 'Delete your message?', note: 'What is on the timeline stays there, with a note that it was deleted.', submit: 'Delete', danger: true },
      () => call('DELETE', at(m.room, '/messages/' + m.id), { id: newID(), user: state.me.id }));
  },
};

function answerIn(m) {
  state.thread = m;
  $('answering').hidden = !m;
  if (m) $('answering').querySelector('span').textContent = `Answering in the thread of “${m.text.slice(0, 60)}”`;
}

// what is shown

function show() {
  const r = room();
  $('room-name').textContent = r ? (r.kind === 'channel' ? '#' : '') + r.name : 'No room yet';
  $('room-topic').textContent = r?.kind === 'direct' ? 'Between you and the bot: every line is a command' : r?.topic || '';
  $('room-marks').replaceChildren(...[r?.private && 'Private', r?.archived && 'Archived'].filter(Boolean).map((t) => el('span', { class: 'mark' }, t)));
  $('room-menu').hidden = !r || r.kind === 'direct';
  drawRooms();
}

function drawRooms() {
  draw($('rooms'), state, newChannel);
  const waiting = [...state.rooms.values()].filter((r) => r.id !== state.current && !r.archived && unread(r)).length;
  $('others').hidden = !waiting;
  const r = room();
  document.title = `${waiting ? `(${waiting}) ` : ''}${r ? r.name + ' · ' : ''}${settings.bot}`;
}

function drawMessages() {
  const all = [...(state.messages.get(state.current)?.values() || [])].sort((a, b) => a.seq - b.seq);
  const open = document.activeElement?.closest?.('.msg')?.id;
  const items = [];
  if (state.older.has(state.current)) items.push(el('li', { class: 'older' }, el('button', { type: 'button', onclick: () => quiet(() => fillOlder(state.current)) }, 'Earlier messages')));
  const replies = new Map();
  let before;
  for (const m of all) {
    if (m.thread && all.some((x) => x.id === m.thread)) {
      replies.set(m.thread, [...(replies.get(m.thread) || []), m]);
      continue;
    }
    if (!before || new Date(before.at).toDateString() !== new Date(m.at).toDateString()) { items.push(el('li', { class: 'day' }, day(m.at))); before = undefined; }
    if (state.newFrom && m.seq > state.newFrom && items.at(-1)?.className !== 'day new' && !items.some((i) => i.className === 'day new')) {
      items.push(el('li', { class: 'day new' }, 'New'));
      before = undefined;
    }
    const joined = before && !replies.has(before.id) && before.bot === m.bot && before.author.id === m.author.id && new Date(m.at) - new Date(before.at) < 300e3;
    items.push(draft(m, joined));
    before = m;
  }
  for (const [head, answers] of replies) {
    const li = items.find((i) => i.id === head);
    li.append(el('ol', { class: 'replies', 'aria-label': 'Answers in the thread' }, ...answers.map((m, i) => draft(m, i > 0 && answers[i - 1].author.name === m.author.name))));
  }
  if (!all.length && room()) items.push(empty());
  list.replaceChildren(...items);
  if (open) $(open)?.querySelector('button')?.focus({ preventScroll: true });
  drawPins(all.filter((m) => m.pinned));
}

const draft = (m, joined) => message(m, { joined, me: state.me, people: state.people, isCommand, on });

function empty() {
  const start = (label, text) => el('button', { type: 'button', onclick: () => compose.set(text) }, label);
  const word = settings.commands[0];
  return el('li', { class: 'empty' }, el('strong', {}, 'Nothing here yet'), `Write to the people in this room, or type ${word} to ask ${settings.bot} for something.`,
    el('div', { class: 'starts' }, start('Declare an incident', word + ' new '), start('See the commands', word + ' help')));
}

function drawPins(pinned) {
  $('pins').hidden = !pinned.length;
  $('pins').replaceChildren(sign('pin'), ...pinned.map((m) => el('button', { type: 'button', title: 'Go to the pinned message', onclick: () => aim(m.id) },
    m.summary || m.text.split('\n')[0])));
}

function aim(id) {
  const li = $(id);
  if (!li) return;
  li.scrollIntoView({ block: 'center' });
  li.classList.add('aimed');
  setTimeout(() => li.classList.remove('aimed'), 2000);
}

// what comes

function hear(kind, data) {
  if (kind === 'room') { state.rooms.set(data.id, data); show(); if (!state.current) go(); return; }
  if (kind === 'room_gone') {
    const gone = state.rooms.get(data.id);
    state.rooms.delete(data.id);
    state.messages.delete(data.id);
    if (gone && state.current === data.id) { toast(`The room ${gone.name} is gone.`); location.hash = ''; go(); } else drawRooms();
    return;
  }
  if (kind === 'message_gone') { state.messages.get(data.room)?.delete(data.id); if (data.room === state.current) drawMessages(); return; }
  heardMessage(data);
}

function heardMessage(m) {
  const r = state.rooms.get(m.room);
  if (!r) return;
  const isNew = m.seq > r.last;
  if (isNew) r.last = m.seq;
  if (m.pinned) r.tone = m.tone;
  (state.messages.get(m.room) || state.early.get(m.room))?.set(m.id, m);
  if (m.room === state.current) {
    const follow = near();
    if (isNew && document.hidden && !state.newFrom) state.newFrom = m.seq - 1;
    drawMessages();
    if (!document.hidden) markSeen(m.room, m.seq);
    if (follow) toEnd(); else if (isNew) $('down').hidden = false;
    if (isNew && m.bot) $('spoken').textContent = m.summary || m.text.slice(0, 200);
  } else if (isNew) {
    state.counts.set(m.room, (state.counts.get(m.room) || 0) + 1);
  }
  drawRooms();
}

// where one is

async function go() {
  const [id, mid] = location.hash.slice(1).split('/').map(decodeURIComponent);
  const rooms = [...state.rooms.values()].sort((a, b) => b.opened.localeCompare(a.opened));
  const r = state.rooms.get(id) || rooms.find((x) => x.kind === 'incident' && !x.archived) || rooms.find((x) => !x.archived) || rooms[0];
  const moved = r?.id !== state.current;
  state.current = r?.id || '';
  side(false);
  if (!r) { show(); drawMessages(); return; }
  if (moved) { answerIn(null); list.replaceChildren(); $('pins').hidden = true; }
  state.newFrom = unread(r) ? seenUpTo(r.id) : 0;
  state.counts.delete(r.id);
  show();
  await quiet(() => fill(r.id));
  if (r.id !== state.current) return;
  markSeen(r.id, state.rooms.get(r.id)?.last || 0);
  drawMessages();
  drawRooms();
  toEnd();
  if (mid) aim(mid);
}

async function fill(id) {
  if (state.messages.has(id)) return;
  // What is heard while the answer is on its way is newer than the answer.
  const early = new Map();
  state.early.set(id, early);
  const { messages, more } = await call('GET', at(id, '/messages?user=' + encodeURIComponent(state.me.id)));
  state.early.delete(id);
  state.messages.set(id, new Map([...messages.map((m) => [m.id, m]), ...early]));
  if (more) state.older.add(id);
}

async function fillOlder(id) {
  const known = state.messages.get(id);
  const first = Math.min(...[...known.values()].map((m) => m.seq));
  const { messages, more } = await call('GET', at(id, `/messages?before=${first}&user=${encodeURIComponent(state.me.id)}`));
  for (const m of messages) known.set(m.id, m);
  if (!more) state.older.delete(id);
  const below = stream.scrollHeight - stream.scrollTop;
  drawMessages();
  stream.scrollTop = stream.scrollHeight - below;
}

function side(open) {
  $('side').classList.toggle('open', open);
  $('shade').hidden = !open;
  $('open-side').setAttribute('aria-expanded', String(open));
  if (open) $('rooms').querySelector('[aria-current]')?.focus();
}

function newChannel() {
  ask({ title: 'New channel', submit: 'Make it', fields: [{ name: 'name', label: 'Name', hint: 'Letters, digits, “-” and “_”', required: true, max: 80 }] }, async ({ name }) => {
    const made = await call('POST', 'rooms', { user: state.me.id, name: name.trim().replace(/^#/, '').replace(/\s+/g, '-') });
    state.rooms.set(made.id, made);
    location.hash = encodeURIComponent(made.id);
  });
}

// who one is

async function become(name) {
  const me = await call('POST', 'people', { name });
  localStorage.setItem('sitrep.name', me.name);
  state.me = me;
  $('who').replaceChildren(avatar(me), el('span', { class: 'name' }, me.name));
  $('who').querySelector('.avatar').classList.add('small');
  $('who').setAttribute('aria-label', `You are ${me.name}: change your name`);
  await restart();
}

async function restart() {
  events?.close();
  const { rooms, people, rev } = await call('GET', 'rooms?user=' + encodeURIComponent(state.me.id));
  state.rooms = new Map(rooms.map((r) => [r.id, r]));
  state.people = new Map(people.map((p) => [p.id, p.name]));
  state.messages.clear();
  state.older.clear();
  // What nobody has looked at on a first visit is not news.
  if (!localStorage.getItem('sitrep.seen')) for (const r of rooms) markSeen(r.id, r.last);
  events = new Events(state.me.id, rev, hear, linked);
  await go();
}

function linked(how) {
  $('link').className = 'link ' + how;
  $('link').lastElementChild.textContent = { live: 'Live', lost: 'Reconnecting' }[how];
}

function whoAmI() {
  ask({
    title: 'Who are you?', submit: 'Save', note: 'The name under which you act. Whoever has the token may pick any.',
    fields: [{ name: 'name', label: 'Name', value: state.me.name, required: true, max: 40 }],
    aside: { label: 'Leave for good', do: leave },
  }, ({ name }) => become(name.trim()));
}

function leave() {
  ask({ title: 'Leave for good?', note: 'You lose your roles in open incidents. What you wrote stays.', submit: 'Leave', danger: true }, async () => {
    await call('DELETE', 'people/' + encodeURIComponent(state.me.id), { id: newID(), user: state.me.id });
    localStorage.removeItem('sitrep.name');
    await become('you');
  });
}

// the controls

const compose = new Compose({ commands: settings.commands, send, where: () => ({ room: state.current, user: state.me.id }) });
$('open-side').onclick = () => side(true);
$('close-side').onclick = () => side(false);
$('shade').onclick = () => side(false);
$('who').onclick = whoAmI;
$('down').onclick = toEnd;
$('answering').querySelector('button').onclick = () => answerIn(null);
$('room-menu').addEventListener('click', (e) => {
  const r = room();
  const what = e.target.dataset.do;
  if (!what || !r) return;
  $('room-menu').open = false;
  if (what === 'copy') navigator.clipboard?.writeText(location.origin + '/console/#' + encodeURIComponent(r.id)).then(() => toast('The link is copied.', true));
  if (what === 'archive') quiet(() => call('POST', at(r.id, '/archive'), { id: newID(), user: state.me.id }));
  if (what === 'delete') {
    ask({ title: `Delete ${r.name}?`, note: 'Nobody can read it any more. The incident goes on in another room.', submit: 'Delete', danger: true },
      () => call('DELETE', at(r.id), { id: newID(), user: state.me.id }));
  }
});
stream.addEventListener('scroll', () => { if (near()) $('down').hidden = true; });
// A picture that has arrived makes its message taller.
list.addEventListener('load', (e) => { if (e.target.tagName === 'IMG' && stream.scrollHeight - stream.scrollTop - stream.clientHeight < e.target.height + 120) toEnd(); }, true);
addEventListener('hashchange', go);
document.addEventListener('visibilitychange', () => { if (!document.hidden && room()) { markSeen(state.current, room().last); drawRooms(); } });
document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape') { side(false); $('room-menu').open = false; }
  if ((e.ctrlKey || e.metaKey) && e.key === 'k') { e.preventDefault(); jump(); }
});
document.addEventListener('click', (e) => { if (!e.target.closest('#room-menu')) $('room-menu').open = false; });
setInterval(() => tick(list), 30000);

function jump() {
  if ($('form').open) return;
  const rooms = [...state.rooms.values()];
  ask({ title: 'Go to a room', submit: 'Go', fields: [{ name: 'room', label: 'Name or number', required: true, max: 80 }] }, ({ room: want }) => {
    const found = rooms.find((r) => r.name.toLowerCase().includes(want.trim().toLowerCase().replace(/^#/, '')));
    if (!found) throw new Error('No room has that in its name.');
    location.hash = encodeURIComponent(found.id);
  });
}

become(localStorage.getItem('sitrep.name') || 'you').catch((err) => { linked('lost'); toast(err.message); setTimeout(() => location.reload(), 5000); });
