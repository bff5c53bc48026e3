// The box in which one writes: sending, and the completion of verbs.
import { call } from './net.js';
import { el } from './view.js';

// about is a choice's label without the word that its value ends with.
function about({ label, value }) {
  const [head, ...rest] = label.split(' · ');
  if (label === value) return '';
  return rest.length && value.endsWith(head) ? rest.join(' · ') : label;
}

export class Compose {
  // send is given what was written, and throws when it was not accepted; where says in which room and as whom one writes.
  constructor({ commands, send, where }) {
    Object.assign(this, { commands, send, where, at: -1, asked: 0, past: [], back: 0 });
    this.form = document.getElementById('compose');
    this.line = document.getElementById('line');
    this.list = document.getElementById('choices');
    this.form.addEventListener('submit', (e) => { e.preventDefault(); this.submit(); });
    this.line.addEventListener('input', () => { this.grow(); this.suggest(); });
    this.line.addEventListener('keydown', (e) => this.key(e));
    this.line.addEventListener('blur', () => setTimeout(() => this.hide(), 150));
  }

  set(text) {
    this.line.value = text;
    this.grow();
    this.line.focus();
    this.suggest();
  }

  grow() {
    this.line.style.height = 'auto';
    this.line.style.height = this.line.scrollHeight + 'px';
  }

  async submit() {
    const text = this.line.value.trim();
    if (!text || this.busy) return;
    this.busy = true;
    this.hide();
    try {
      await this.send(text);
      this.past.push(text);
      this.back = 0;
      if (this.line.value.trim() === text) { this.line.value = ''; this.grow(); }
    } catch { /* send has told it, and the text stays */ }
    this.busy = false;
    this.line.focus();
  }

  async suggest() {
    const text = this.line.value;
    const word = this.commands.find((c) => text.toLowerCase().startsWith(c + ' '));
    if (!word && !(text.startsWith('/') && this.commands.some((c) => c.startsWith(text.toLowerCase())))) { this.hide(); return; }
    if (!word) { this.show([{ label: 'Run a command', value: this.commands[0] }], ''); return; }
    const asked = ++this.asked;
    const { room, user } = this.where();
    try {
      const q = new URLSearchParams({ text, room, user });
      const { choices } = await call('GET', 'complete?' + q);
      if (asked === this.asked) this.show(choices, word + ' ');
    } catch { this.hide(); }
  }

  show(choices, prefix) {
    choices = choices.filter((c) => prefix + c.value !== this.line.value);
    if (!choices.length) { this.hide(); return; }
    this.at = -1;
    this.list.replaceChildren(...choices.map((c, i) => el('li', {
      role: 'option', id: 'choice' + i, 'aria-selected': 'false', 'data-value': prefix + c.value,
      onmousedown: (e) => { e.preventDefault(); this.take(prefix + c.value); },
    }, el('code', {}, prefix + c.value), about(c) && el('span', {}, about(c)))));
    this.list.hidden = false;
    this.line.setAttribute('aria-expanded', 'true');
  }

  hide() {
    this.asked++;
    this.list.hidden = true;
    this.line.setAttribute('aria-expanded', 'false');
    this.line.removeAttribute('aria-activedescendant');
  }

  take(value) { this.set(value + ' '); }

  move(step) {
    const items = [...this.list.children];
    this.at = (this.at + step + items.length + (this.at < 0 && step < 0 ? 1 : 0)) % items.length;
    items.forEach((li, i) => li.setAttribute('aria-selected', String(i === this.at)));
    items[this.at].scrollIntoView({ block: 'nearest' });
    this.line.setAttribute('aria-activedescendant', items[this.at].id);
  }

  key(e) {
    const open = !this.list.hidden;
    if (open && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) { e.preventDefault(); this.move(e.key === 'ArrowDown' ? 1 : -1); return; }
    if (open && e.key === 'Tab' && !e.shiftKey) {
      e.preventDefault();
      this.take(this.list.children[Math.max(this.at, 0)].dataset.value);
      return;
    }
    if (open && e.key === 'Escape') { e.preventDefault(); this.hide(); return; }
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      if (open && this.at >= 0) this.take(this.list.children[this.at].dataset.value);
      else this.submit();
      return;
    }
    if (e.key === 'ArrowUp' && !this.line.value && this.past.length) {
      e.preventDefault();
      this.set(this.past[this.past.length - 1]);
      this.hide();
    }
  }
}
