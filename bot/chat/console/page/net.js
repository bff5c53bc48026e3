// What the page knows, and how it learns it: requests to the API, and the stream of events.

export const settings = JSON.parse(document.body.dataset.settings);

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export async function call(method, path, body) {
  let res;
  try {
    res = await fetch('/console/api/' + path, {
      method, credentials: 'same-origin',
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, 'sitrep cannot be reached. Nothing was sent.');
  }
  if (res.status === 401) location.reload();
  const data = await res.json().catch(() => ({}));
  if (!res.ok) throw new Refused(res.status, data.error?.message || 'That could not be done.');
  return data;
}

// newID is the same when a request is sent again. randomUUID is not there on a plain http address.
export function newID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

export const at = (room, rest = '') => 'rooms/' + encodeURIComponent(room) + rest;

// Events keeps the stream of events open, and goes on where it was cut.
export class Events {
  constructor(user, rev, on, state) {
    Object.assign(this, { user, rev, on, state, wait: 500 });
    this.open();
  }

  open() {
    this.source = new EventSource(`/console/api/events?user=${encodeURIComponent(this.user)}&after=${this.rev}`);
    this.source.onopen = () => { this.wait = 500; this.state('live'); };
    this.source.onerror = () => {
      this.state('lost');
      if (this.source.readyState !== EventSource.CLOSED) return;
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, 15000);
    };
    for (const kind of ['room', 'room_gone', 'message', 'message_gone']) {
      this.source.addEventListener(kind, (e) => { this.rev = Number(e.lastEventId); this.on(kind, JSON.parse(e.data)); });
    }
  }

  close() { clearTimeout(this.timer); this.source.close(); }
}
