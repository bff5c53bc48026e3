// How things look. Text that anybody wrote becomes text here; only what the server has rendered and escaped becomes markup.

export function el(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (v === undefined || v === null || v === false) continue;
    if (k === 'class') e.className = v;
    else if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (k === 'html') e.innerHTML = v;
    else e.setAttribute(k, v === true ? '' : v);
  }
  e.append(...children.filter((c) => c !== undefined && c !== null && c !== false && c !== ''));
  return e;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });

export function ago(date) {
  const s = (date - Date.now()) / 1000;
  if (Math.abs(s) < 45) return 'now';
  if (Math.abs(s) < 3600) return relative.format(Math.round(s / 60), 'minute');
  if (Math.abs(s) < 86400) return relative.format(Math.round(s / 3600), 'hour');
  return relative.format(Math.round(s / 86400), 'day');
}

export function when(iso, prefix = '') {
  const date = new Date(iso);
  return el('time', { datetime: iso, title: full.format(date), 'data-at': +date, 'data-prefix': prefix }, whenText(date, prefix));
}

const whenText = (date, prefix) => `${prefix}${clock.format(date)} · ${ago(date)}`;

// tick brings the relative times up to date.
export function tick(root) {
  for (const t of root.querySelectorAll('time[data-at]')) t.textContent = whenText(new Date(+t.dataset.at), t.dataset.prefix);
}

export function day(iso) {
  const date = new Date(iso);
  const today = new Date();
  const yesterday = new Date(Date.now() - 86400e3);
  if (date.toDateString() === today.toDateString()) return 'Today';
  if (date.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return dayName.format(date);
}

export function avatar(user, bot) {
  if (bot) return el('span', { class: 'avatar', 'aria-hidden': 'true' }, el('img', { src: '/console/page/icon.svg', alt: '' }));
  const name = user.name || user.id || '?';
  const letters = name.split(/\s+/).map((w) => [...w][0]).slice(0, 2).join('').toUpperCase();
  const hue = [...name].reduce((n, c) => (n * 31 + c.codePointAt(0)) % 8, 7);
  return el('span', { class: `avatar hue${hue}`, 'aria-hidden': 'true' }, letters);
}

// text shows what the server rendered, with times in the reader's own zone.
function text(html, cls = 'text') {
  const e = el('div', { class: cls, html });
  for (const t of e.querySelectorAll('time')) {
    const date = new Date(t.dateTime);
    t.title = `${full.format(date)} (${t.textContent})`;
    t.textContent = date.toDateString() === new Date().toDateString() ? clock.format(date) : `${clock.format(date)}, ${dayName.format(date)}`;
  }
  return e;
}

// Drawn here, since not every machine has a font with pictures.
const shapes = {
  pin: '<path d="M9 3h6l-1 6 4 4v2H6v-2l4-4z"/><path d="M12 15v6"/>',
  lock: '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
  eye: '<path d="M2 12s4-6 10-6 10 6 10 6-4 6-10 6-10-6-10-6z"/><circle cx="12" cy="12" r="2.6"/>',
};

export function sign(name) {
  const t = document.createElement('template');
  t.innerHTML = `<svg class="sign" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true">${shapes[name]}</svg>`;
  return t.content.firstChild;
}

const page = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" aria-hidden="true"><path d="M6 3h8l5 5v13H6z"/><path d="M14 3v5h5M9 13h7M9 17h5"/></svg>';

function block(b, onPress) {
  if (b.header) return el('h3', {}, b.header);
  if (b.html) return text(b.html);
  if (b.fields) return el('dl', { class: 'fields' }, ...b.fields.map((f) => el('div', {}, el('dt', {}, f.name), el('dd', {}, text(f.html)))));
  if (b.code) return el('pre', { class: 'code', tabindex: '0' }, b.code);
  if (b.image) {
    return el('figure', {},
      el('a', { href: b.image.url, target: '_blank', rel: 'noopener' }, el('img', { src: b.image.url, alt: b.image.alt || b.image.title || b.image.name, loading: 'lazy' })),
      el('figcaption', {}, b.image.title || b.image.name));
  }
  if (b.file) {
    const a = el('a', { class: 'file', href: b.file.url, download: b.file.name, html: page });
    a.append(el('span', {}, el('b', {}, b.file.title || b.file.name), el('small', {}, b.file.title ? b.file.name : 'Download')));
    return a;
  }
  if (b.context) return text(b.context, 'text context');
  if (b.buttons) return el('div', { class: 'buttons' }, ...b.buttons.map((x) => button(x, onPress)));
  return undefined;
}

function button(x, onPress) {
  if (x.url) return el('a', { href: x.url, target: '_blank', rel: 'noopener noreferrer' }, x.label, ' ↗');
  return el('button', { type: 'button', class: x.danger ? 'danger' : x.primary ? 'primary' : '', onclick: (e) => onPress(x, e.currentTarget) }, x.label);
}

const tones = { bad: 'Problem', warning: 'Warning', good: 'Good news' };

// message shows one message; joined leaves out who wrote it, as the one above says it.
export function message(m, { joined, me, people, isCommand, on }) {
  const body = el('div', { class: 'body' });
  if (!joined) {
    body.append(el('div', { class: 'by' }, el('strong', {}, m.author.name || m.author.id), when(m.at),
      m.edited && el('span', { class: 'note', title: full.format(new Date(m.edited)) }, 'edited')));
  }
  if (m.notify?.length) body.append(el('div', { class: 'called' }, ...m.notify.map((id) => el('span', {}, '@' + (people.get(id) || id)))));
  if (m.bot) {
    const blocks = m.blocks || [];
    const card = m.tone || blocks.some((b) => b.header || b.fields || b.buttons);
    body.append(el('div', { class: card ? `card ${m.tone || ''}` : 'plain' },
      m.tone && el('span', { class: 'hidden' }, tones[m.tone] || ''),
      ...blocks.map((b) => block(b, (x, target) => on.press(m, x, target)))));
  } else {
    body.append(el('div', { class: isCommand(m.text) ? 'said verb' : 'said' }, m.text));
  }
  if (m.private) body.append(el('div', { class: 'only' }, sign('eye'), 'Only you can see this'));
  if (m.noted) body.append(el('div', { class: 'noted' }, sign('pin'), ' On the timeline'));
  const mine = !m.bot && m.author.id === me.id;
  const tools = el('div', { class: 'tools', role: 'group', 'aria-label': 'Message actions' },
    !m.thread && el('button', { type: 'button', onclick: () => on.answer(m) }, 'Reply'),
    !m.noted && el('button', { type: 'button', onclick: () => on.note(m) }, sign('pin'), ' To timeline'),
    mine && el('button', { type: 'button', onclick: () => on.rewrite(m) }, 'Edit'),
    mine && el('button', { type: 'button', onclick: () => on.erase(m) }, 'Delete'));
  const forMe = m.notify?.includes(me.id);
  return el('li', { class: `msg${joined ? ' joined' : ''}${forMe ? ' forme' : ''}`, id: m.id }, avatar(m.author, m.bot), body, tools);
}

// ask opens the dialog with a form, and calls done with the values; an error that done throws is shown, and the form stays.
export function ask({ title, note, fields = [], submit, danger, aside }, done) {
  const dialog = document.getElementById('form');
  const form = dialog.querySelector('form');
  const wrong = dialog.querySelector('.wrong');
  const go = dialog.querySelector('.actions .primary, .actions [data-go]');
  dialog.querySelector('h2').textContent = title;
  go.textContent = submit;
  go.dataset.go = '';
  go.className = danger ? 'danger' : 'primary';
  dialog.querySelector('.actions .aside')?.remove();
  if (aside) dialog.querySelector('.actions').prepend(el('button', { type: 'button', class: 'aside danger', onclick: () => { dialog.close(); aside.do(); } }, aside.label));
  wrong.hidden = true;
  dialog.querySelector('.fields').replaceChildren(...(note ? [el('p', { class: 'ask' }, note)] : []), ...fields.map(field));
  form.onsubmit = async (e) => {
    e.preventDefault();
    const values = Object.fromEntries(fields.map((f) => [f.name, form.elements['v-' + f.name].value]));
    const missing = fields.find((f) => f.required && !values[f.name].trim());
    if (missing) {
      wrong.textContent = `${missing.label}: this is needed.`;
      wrong.hidden = false;
      form.elements['v-' + missing.name].focus();
      return;
    }
    go.disabled = true;
    try {
      await done(values);
      dialog.close();
    } catch (err) {
      wrong.textContent = err.message;
      wrong.hidden = false;
    } finally {
      go.disabled = false;
    }
  };
  dialog.querySelector('[data-close]').onclick = () => dialog.close();
  dialog.showModal();
}

function field(f) {
  const id = 'v-' + f.name;
  const common = { id, name: id, required: f.required, maxlength: f.max || 4000, 'aria-describedby': f.hint ? id + '-hint' : undefined };
  let input;
  if (f.choices?.length) {
    input = el('select', { id, name: id }, !f.required && el('option', { value: '' }, '—'),
      ...f.choices.map((c) => el('option', { value: c.value, selected: c.value === f.value }, c.label)));
  } else if (f.long) {
    input = el('textarea', common);
  } else {
    input = el('input', { ...common, autocomplete: 'off' });
  }
  if (!f.choices?.length) input.value = f.value || '';
  return el('div', {}, el('label', { for: id }, f.label, !f.required && el('i', {}, ' (optional)')), input, f.hint && el('small', { id: id + '-hint' }, f.hint));
}

export function toast(text, fine) {
  const e = el('div', { class: fine ? 'fine' : '' }, text);
  document.getElementById('toasts').append(e);
  setTimeout(() => e.remove(), fine ? 3000 : 8000);
}
