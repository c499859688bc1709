// Messages of segmenter in a web app: a feed that is kept up to date, and two elements that show it.
// One module, no dependencies, no build; its types are in segmenter.d.ts, how to use it in docs/feed.md.
//
//   Feed      what stands in one user's feed, by one stream for all tabs of the browser, or by asking now and then
//   elements  <segmenter-feed>: a badge and the list; <segmenter-banner>: one banner or modal at a time
//
// All that a message says is put on the page as text. Nothing is kept when the user changes.

const POLL_MS = 60_000; // where no stream comes through
const SILENT_MS = 60_000; // the server says something every 25 s: so long without a word, and the stream is dead
const HIDDEN_MS = 60_000; // a page that nobody looks at gives the stream away
const TRIES = 3; // streams in a row that brought nothing; from then on the feed is asked for
const RETRY_MS = [1_000, 30_000];

// ------------------------------------------------------------------------------------------------------------- Feed

const sleep = (ms, signal) =>
  new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });

/** What a token says: `sub`, whose feed it is. It is verified by the server alone. */
const claims = (token) => {
  const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
};

export class Feed extends EventTarget {
  messages = [];
  counts = { unseen: 0, unread: 0 };
  #src; #token; #getToken; #user; #cursor; #etag; #channel; #expiry;
  #told = new Set();
  #closed = new AbortController();

  constructor({ src, token }) {
    super();
    this.#src = src.replace(/\/+$/, "");
    this.#getToken = typeof token === "function" ? token : () => token;
    this.#run().catch((error) => this.#closed.signal.aborted || console.warn(`segmenter: ${error.message}`));
  }

  /** Show nothing any more, and ask nothing: the user has left. */
  close() {
    this.#closed.abort();
    this.#token = undefined;
    this.#channel?.close();
    this.#show([], { unseen: 0, unread: 0 });
  }

  /** What the user did with a message: seen, read, clicked or dismissed. Told once, whatever it is called. */
  async mark(id, type) {
    const message = this.messages.find((each) => each.id === id);
    if (!message || message[`${type}_at`] || this.#told.has(id + type)) return;
    this.#told.add(id + type); // what the stream says next may be from before
    const at = new Date().toISOString();
    const implied = { seen: [], read: ["seen"], clicked: ["read", "seen"], dismissed: ["seen"] }[type];
    const marks = Object.fromEntries([type, ...implied].map((each) => [`${each}_at`, message[`${each}_at`] ?? at]));
    this.#show(this.messages.map((each) => (each.id === id ? { ...each, ...marks } : each)));
    this.#share();
    const body = JSON.stringify({ events: [{ id, type, at }] });
    for (let tries = 0; tries < 5 && !this.#closed.signal.aborted; tries++) {
      const answer = await this.#ask("/v1/feed/events", { method: "POST", body, keepalive: true }).catch(() => null);
      if (answer && answer.status < 500 && answer.status !== 429) return;
      await sleep(1_000 * 2 ** tries, this.#closed.signal);
    }
  }

  async #run() {
    const { signal } = this.#closed;
    let signedIn;
    while (!signal.aborted && (signedIn = await this.#signIn().catch(() => undefined)) === undefined) await sleep(RETRY_MS[1], signal);
    if (!signedIn) return;
    this.#listen();
    while (!signal.aborted && this.#token) {
      await visible(signal);
      if (!signal.aborted) await this.#lead(() => this.#follow(signal));
    }
  }

  /** Takes a new token; what is known goes if it is another user's, or nobody's. Whether somebody is signed in. */
  async #signIn() {
    const token = await this.#getToken();
    const user = token ? claims(token).sub : undefined;
    const other = this.#user !== undefined && this.#user !== user;
    [this.#token, this.#user] = [token, user];
    if (other) {
      this.#cursor = this.#etag = undefined;
      this.#show([], { unseen: 0, unread: 0 });
      this.#listen();
    }
    return user !== undefined;
  }

  /** One tab leads and has the stream; it lets the others know. Where browsers cannot do that, each leads. */
  #lead(work) {
    if (!navigator.locks || !this.#channel) return work();
    return navigator.locks.request(this.#channel.name, { signal: this.#closed.signal }, work).catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
  }

  #listen() {
    this.#channel?.close();
    if (typeof BroadcastChannel === "undefined") return;
    const channel = (this.#channel = new BroadcastChannel(`segmenter ${this.#src} ${this.#user}`));
    channel.onmessage = ({ data }) => {
      if (data.messages) this.#show(data.messages, data.counts);
      else if (this.#cursor !== undefined) this.#share();
    };
    channel.postMessage({});
  }

  #share() {
    this.#channel?.postMessage({ messages: this.messages, counts: this.counts });
  }

  /** Keeps the feed up to date until the page is hidden for long, the feed closed, or the user another. */
  async #follow(closed) {
    const hidden = hiddenForLong(closed);
    const user = this.#user;
    let failed = 0;
    while (!hidden.aborted && this.#user === user) {
      const polls = failed >= TRIES;
      try {
        if (polls) await this.#poll(hidden);
        else if (await this.#stream(hidden)) failed = 0;
        else failed++;
      } catch (error) {
        if (error.final) throw error;
        failed++;
      }
      const wait = polls ? POLL_MS : failed && Math.min(RETRY_MS[0] * 2 ** failed, RETRY_MS[1]) * (0.5 + Math.random() / 2);
      if (failed > TRIES + 10) failed = 0; // perhaps a stream comes through by now
      if (!hidden.aborted) await sleep(wait, hidden);
    }
  }

  async #poll(signal) {
    const answer = await this.#ask("/v1/feed?limit=100", { signal, headers: this.#etag ? { "If-None-Match": this.#etag } : {} });
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(`the feed answers ${answer.status}`);
    this.#etag = answer.headers.get("ETag");
    const { messages, counts, cursor } = await answer.json();
    this.#cursor = cursor;
    this.#show(messages, counts);
    this.#share();
  }

  /** Whether anything came. */
  async #stream(signal) {
    const silent = new AbortController();
    signal.addEventListener("abort", () => silent.abort(), { once: true });
    let timer;
    const heard = () => (clearTimeout(timer), (timer = setTimeout(() => silent.abort(), SILENT_MS)));
    heard();
    let came = false;
    try {
      const headers = { Accept: "text/event-stream", ...(this.#cursor !== undefined && { "Last-Event-ID": this.#cursor }) };
      const answer = await this.#ask("/v1/feed/stream", { signal: silent.signal, headers });
      if (!answer.ok) throw new Error(`the feed answers ${answer.status}`);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) return came;
        heard();
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) came = this.#take(block) || came;
      }
    } catch (error) {
      if (error.final || !came) throw error;
      return came;
    } finally {
      clearTimeout(timer);
      silent.abort();
    }
  }

  /** One server-sent event (https://html.spec.whatwg.org/#server-sent-events); all events of a change end in `counts`. */
  #take(block) {
    const said = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
    if (!said.event) return false;
    const data = JSON.parse(said.data);
    const others = this.messages.filter((each) => each.id !== data.id);
    if (said.event === "reset") this.messages = [];
    if (said.event === "remove") this.messages = others;
    if (said.event === "message") this.messages = [data, ...others].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
    if (said.id) this.#cursor = said.id;
    if (said.event === "counts") {
      this.#show(this.messages, data);
      this.#share();
    }
    return true;
  }

  async #ask(path, { headers, ...options } = {}, again = true) {
    const json = options.body && { "Content-Type": "application/json" };
    const answer = await fetch(this.#src + path, {
      signal: this.#closed.signal, credentials: "omit", cache: "no-store", ...options,
      headers: { ...headers, ...json, Authorization: `Bearer ${this.#token}` },
    });
    if (answer.status !== 401 && answer.status !== 403) return answer;
    const { code, message } = await answer.json().catch(() => ({}));
    const user = this.#user;
    if (code === "token_expired" && again && (await this.#signIn()) && this.#user === user) return this.#ask(path, { headers, ...options }, false);
    // A moment later the page may have signed in as another, and all begins anew.
    throw Object.assign(new Error(message ?? `the feed answers ${answer.status}`), { final: code !== "token_expired" });
  }

  #show(messages, counts = this.#count(messages)) {
    const ends = messages.map((each) => (each.expires_at ? Date.parse(each.expires_at) : Infinity));
    this.messages = messages.filter((_, place) => ends[place] > Date.now());
    this.counts = this.messages.length === messages.length ? counts : this.#count(this.messages);
    clearTimeout(this.#expiry);
    const next = Math.min(...ends.filter((end) => end > Date.now())) - Date.now();
    if (next < 2 ** 31) this.#expiry = setTimeout(() => this.#show(this.messages), next + 1);
    this.dispatchEvent(new Event("change"));
  }

  #count(messages) {
    const waiting = messages.filter((each) => each.kind === "card" && !each.dismissed_at);
    return { unseen: waiting.filter((each) => !each.seen_at).length, unread: waiting.filter((each) => !each.read_at).length };
  }
}

const visible = (signal) =>
  new Promise((done) => {
    const look = () => document.visibilityState === "visible" && (document.removeEventListener("visibilitychange", look), done());
    document.addEventListener("visibilitychange", look, { signal });
    signal.addEventListener("abort", done, { once: true });
    look();
  });

const hiddenForLong = (closed) => {
  const ended = new AbortController();
  let timer;
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(() => ended.abort(), HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", look, { signal: ended.signal });
  closed.addEventListener("abort", () => ended.abort(), { once: true });
  if (closed.aborted) ended.abort();
  look();
  return ended.signal;
};

// --------------------------------------------------------------------------------------------- the feed of this page

let current = null;
const page = new EventTarget();
const changed = () => page.dispatchEvent(new Event("change"));

/** Whose messages this page shows. token: gives the user's token, from your backend; null once nobody is signed in. */
export function connect(options) {
  current?.removeEventListener("change", changed);
  current?.close();
  current = options && new Feed(options);
  current?.addEventListener("change", changed);
  changed();
  return current;
}

/** Shown messages follow the page: its path is looked at whenever it changes. */
let path = location.pathname;
const moved = () => path !== location.pathname && ((path = location.pathname), changed());
addEventListener("popstate", moved);
globalThis.navigation?.addEventListener("currententrychange", moved);

// --------------------------------------------------------------------------------------------------------- elements

// The badge is as the page around it; what lies on the page has colours of its own, light or dark as the page is.
const STYLE = `
:host { font: var(--segmenter-font, 15px/1.45 system-ui, sans-serif); }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
button, a { font: inherit; cursor: pointer; border-radius: var(--segmenter-radius, 8px); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h2, p, ul { margin: 0; padding: 0; font-size: 1em; }
h2 { font-weight: 600; overflow-wrap: anywhere; }
p { overflow-wrap: anywhere; white-space: pre-line; }
.badge { position: relative; border: 1px solid currentColor; background: none; color: inherit; padding: .35em .7em; }
.count { background: var(--segmenter-alert, #b3261e); color: #fff; border-radius: 1em; padding: 0 .5em; margin-left: .4em; }
:host, .panel, .banner, dialog { --accent: var(--segmenter-accent, light-dark(#2450b8, #9db9ff)); --line: var(--segmenter-line, light-dark(#c9d0dc, #3a4358)); }
.panel, .banner, dialog { background: var(--segmenter-background, light-dark(#fff, #1b2130)); color: var(--segmenter-text, light-dark(#1d2433, #e8ecf4));
  border: 1px solid var(--line); border-radius: var(--segmenter-radius, 8px); box-shadow: 0 6px 24px rgb(0 0 0 / .16); }
.around { position: relative; display: inline-block; }
.panel { position: absolute; inset-inline-start: 0; z-index: 1000; width: min(24em, 92vw); max-height: 70vh; overflow: auto; margin-top: .4em; }
.panel.end { inset-inline: auto 0; }
.action { display: inline-block; margin-top: .5em; padding: .35em .8em; text-decoration: none;
  background: var(--accent); color: var(--segmenter-on-accent, light-dark(#fff, #10192e)); }
.quiet { background: none; border: 0; color: inherit; padding: .25em .5em; }
li { list-style: none; display: flex; gap: .5em; padding: .8em; border-bottom: 1px solid var(--line); }
li > div, .banner > div { flex: 1; min-width: 0; }
li.unread { border-left: 4px solid var(--accent); }
.empty { padding: 1em; }
.spoken { position: absolute; clip-path: inset(50%); }
.banner { display: flex; gap: 1em; align-items: start; padding: .8em 1em; }
dialog { padding: 1.4em; width: min(30em, 92vw); }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog .quiet { float: right; }`;

const made = (name, { text, on = {}, ...rest } = {}, ...inside) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(rest)) value !== undefined && element.setAttribute(key, value);
  for (const [key, value] of Object.entries(on)) element.addEventListener(key, value);
  if (text !== undefined) element.textContent = text;
  element.append(...inside.filter(Boolean));
  return element;
};

/** https, or a path of this page's origin; nothing else leads anywhere. */
const safe = (href) => {
  const url = new URL(href, location.href);
  return url.protocol === "https:" || (/^\/(?![/\\])/.test(href) && url.origin === location.origin) ? href : undefined;
};

class Shown extends HTMLElement {
  #stop;
  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    this.build(this.shadowRoot);
  }
  connectedCallback() {
    this.#stop = new AbortController();
    page.addEventListener("change", () => this.show(), { signal: this.#stop.signal });
    const src = this.getAttribute("src");
    const at = this.getAttribute("token-url");
    if (src !== null && at && !current) connect({ src, token: async () => (await fetch(at, { cache: "no-store" })).text() });
    this.show();
  }
  disconnectedCallback() {
    this.#stop.abort();
  }
  word(name, otherwise) {
    return this.getAttribute(`${name}-label`) ?? otherwise;
  }
  /** Title, text and button of a message. */
  parts(message, done = () => {}) {
    const { action } = message;
    const href = action && safe(action.href);
    const clicked = () => (current?.mark(message.id, "clicked"), done());
    return [
      made("h2", { text: message.title }),
      message.body && made("p", { text: message.body }),
      href !== undefined && href && made("a", { class: "action", href, text: action.label, on: { click: clicked } }),
    ];
  }
  dismisser(message) {
    return made("button", {
      class: "quiet", type: "button", text: "\u2715", "aria-label": `${this.word("dismiss", "Dismiss")}: ${message.title}`,
      on: { click: () => current?.mark(message.id, "dismissed") },
    });
  }
}

customElements.define("segmenter-feed", class extends Shown {
  build(root) {
    this.count = made("span", { class: "count", hidden: "" });
    this.badge = made("button", { class: "badge", type: "button", "aria-expanded": "false", on: { click: () => this.open(this.panel.hidden) } });
    this.items = new Map();
    this.list = made("ul");
    this.empty = made("p", { class: "empty" });
    this.panel = made("section", { class: "panel", hidden: "" }, this.list, this.empty);
    this.addEventListener("keydown", (event) => event.key === "Escape" && !this.panel.hidden && (this.open(false), this.badge.focus()));
    root.append(made("div", { class: "around" }, this.badge, this.panel), made("span", { class: "spoken", "aria-live": "polite" }));
  }
  open(wanted) {
    this.panel.hidden = !wanted;
    this.panel.classList.remove("end");
    this.panel.classList.toggle("end", this.panel.getBoundingClientRect().right > document.documentElement.clientWidth);
    this.badge.setAttribute("aria-expanded", String(wanted));
    this.show();
  }
  show() {
    const { messages, counts } = current ?? { messages: [], counts: { unseen: 0 } };
    const name = this.word("feed", "Messages");
    this.count.textContent = counts.unseen > 99 ? "99+" : counts.unseen;
    this.count.hidden = !counts.unseen;
    this.badge.replaceChildren(name, this.count);
    this.badge.setAttribute("aria-label", counts.unseen ? `${name}, ${counts.unseen} ${this.word("new", "new")}` : name);
    const live = this.shadowRoot.lastChild;
    const said = counts.unseen ? `${counts.unseen} ${this.word("new", "new")}` : "";
    if (live.textContent !== said) live.textContent = said;
    if (this.panel.hidden) return;
    const cards = messages.filter((each) => each.kind === "card" && !each.dismissed_at);
    this.panel.setAttribute("aria-label", name);
    this.empty.textContent = this.word("empty", "Nothing new");
    this.empty.hidden = cards.length > 0;
    // What stands is left where it is: somebody may be about to click on it.
    const items = cards.map((each) => this.items.get(each.id) ?? this.item(each));
    const focused = this.list.contains(this.shadowRoot.activeElement);
    if (items.length !== this.list.children.length || items.some((item, place) => item !== this.list.children[place])) this.list.replaceChildren(...items);
    if (focused && !this.list.contains(this.shadowRoot.activeElement)) this.badge.focus();
    this.items = new Map(cards.map((each, place) => [each.id, items[place]]));
    for (const each of cards) this.items.get(each.id).classList.toggle("unread", !each.read_at);
    if (document.visibilityState === "visible") for (const each of cards) current.mark(each.id, "seen");
  }
  item(message) {
    const read = () => current?.mark(message.id, "read");
    return made("li", { on: { click: read, focusin: read } }, made("div", {}, ...this.parts(message)), this.dismisser(message));
  }
});

customElements.define("segmenter-banner", class extends Shown {
  build(root) {
    root.append((this.place = made("div", { "aria-live": "polite" })));
  }
  show() {
    const on = (pattern) => new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`).test(location.pathname);
    const fitting = (current?.messages ?? [])
      .filter((each) => each.kind !== "card" && !each.dismissed_at && !each.clicked_at && (!each.pages.length || each.pages.some(on)))
      .sort((a, b) => b.priority - a.priority);
    const message = fitting.find((each) => each.id === this.shown) ?? fitting[0];
    if (this.shown === message?.id) return;
    this.shown = message?.id;
    this.place.replaceChildren(message ? this[message.kind](message) : "");
    const dialog = this.place.querySelector("dialog");
    dialog?.showModal();
    if (message) visible(new AbortController().signal).then(() => this.shown === message.id && current?.mark(message.id, "seen"));
  }
  banner(message) {
    return made("section", { class: "banner", "aria-label": message.title }, made("div", {}, ...this.parts(message)), this.dismisser(message));
  }
  modal(message) {
    return made("dialog", { "aria-label": message.title, on: { cancel: () => current?.mark(message.id, "dismissed") } }, this.dismisser(message), ...this.parts(message));
  }
});
