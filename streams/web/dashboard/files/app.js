// Keeps a page up to date: told that there is something new, it fetches the page it is on and puts in place what differs.
// Where no stream comes through it asks every few seconds, and where nothing does it says since when the page is stale.
const ASKS_EVERY_MS = 5_000;
const PAUSED = "segmenter-paused";
const live = document.documentElement.dataset.live === "yes";
const bar = document.getElementById("stale");
const button = document.getElementById("pause");

let paused = false;
let looking = false;
let again = false;
let asOf = Date.now();
let stream = null;
let asking = null;

const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const stale = (why) => {
  bar.hidden = !why;
  if (why) bar.textContent = `Stale since ${clock(asOf)}. ${why} It comes back by itself.`;
};

// Elements are matched by id; what is open, focused or being read stays so.
const put = (page) => {
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    if (!old || old.innerHTML === fresh.innerHTML) continue;
    const open = new Set([...old.querySelectorAll("details[open][id]")].map((each) => each.id));
    const shut = new Set([...old.querySelectorAll("details:not([open])[id]")].map((each) => each.id));
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    const known = new Set([...old.querySelectorAll("[data-key]")].map((each) => each.dataset.key));
    const chosen = new Set([...old.querySelectorAll("input:checked")].map((each) => each.value));
    old.innerHTML = fresh.innerHTML;
    for (const each of old.querySelectorAll("input[type=checkbox]")) each.checked = chosen.has(each.value);
    for (const each of old.querySelectorAll("details[id]")) each.open = open.has(each.id) || (each.open && !shut.has(each.id));
    for (const each of old.querySelectorAll("[data-key]")) if (!known.has(each.dataset.key)) each.classList.add("fresh");
    if (focus) refocus(old, focus);
  }
};

const refocus = (within, focus) => {
  const name = focus.getAttribute("href") ?? focus.closest("[id]")?.id;
  for (const each of within.querySelectorAll("a, summary, button"))
    if (name && (each.getAttribute("href") === name || each.closest("[id]")?.id === name)) return each.focus({ preventScroll: true });
};

const look = async () => {
  if (looking) return void (again = true);
  looking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) {
      if (document.getElementById("trouble")) return location.reload();
      if (!paused) put(page);
      asOf = Date.now();
      stale("");
    } else if (document.getElementById("trouble")) put(page);
    else stale(page.getElementById("trouble")?.textContent.trim() ?? "");
  } catch {
    stale("segmenter does not answer.");
  }
  looking = false;
  if (again) (again = false), look();
};

const ask = (wanted) => {
  clearInterval(asking);
  asking = wanted ? setInterval(look, ASKS_EVERY_MS) : null;
};

const follow = () => {
  stream = new EventSource("live");
  stream.addEventListener("begins", () => (ask(false), look()));
  stream.addEventListener("news", look);
  stream.onerror = () => {
    if (!asking) ask(true), look();
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => stream?.readyState === EventSource.CLOSED && follow(), ASKS_EVERY_MS);
  };
};

const rest = () => {
  stream?.close();
  stream = null;
  ask(false);
};

const show = () => {
  button.textContent = paused ? "Resume" : "Pause";
  button.setAttribute("aria-pressed", String(paused));
  document.getElementById("pulse").textContent = paused ? "Paused" : "Live";
};

if (live) {
  paused = sessionStorage.getItem(PAUSED) === "yes";
  button.hidden = false;
  button.onclick = () => {
    paused = !paused;
    sessionStorage.setItem(PAUSED, paused ? "yes" : "no");
    show();
    if (!paused) look();
  };
  show();
  // A page that nobody sees asks for nothing.
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : stream || follow()));
  if (!document.hidden) follow();
}

// A search that narrows the list as it is typed; without this module its button does the same.
const form = document.getElementById("filter");
form?.addEventListener("input", () => {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  look();
});

// A rule is checked as it is written: its form is sent as its button would send it, and what was found is put in place.
const draft = document.getElementById("draft");
if (draft) {
  import("./completion.js");
  let waiting = null;
  let sent = null;
  const check = async () => {
    sent?.abort();
    sent = new AbortController();
    const body = new URLSearchParams([...new FormData(draft), ["do", "check"]]);
    const answer = await fetch(location.href, { method: "POST", body, signal: sent.signal }).catch(() => null);
    if (!answer) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("result");
    if (found) document.getElementById("result").replaceChildren(...found.children);
  };
  draft.addEventListener("input", (event) => {
    if (!event.target.matches("textarea")) return;
    clearTimeout(waiting);
    waiting = setTimeout(check, 600);
  });
  // To the place of a fault.
  draft.addEventListener("click", (event) => {
    const place = event.target.closest(".place");
    if (!place) return;
    const text = document.getElementById(place.dataset.field);
    const before = text.value.split("\n").slice(0, Number(place.dataset.line) - 1).join("\n");
    const start = before.length + (before ? 1 : 0) + Number(place.dataset.column) - 1;
    text.focus();
    text.setSelectionRange(start, start + Math.max(1, Number(place.dataset.width)));
  });
}

// What is under way is looked at every second.
const soon = () => document.querySelector("[data-soon]");
if (live) setInterval(() => soon() && !document.hidden && look(), 1_000);
