// Keeps a page up to date: told that there is something new, it fetches the page it is on and puts in place what differs.
// Where no stream comes through it asks every few seconds, and where nothing does it says since when the page is stale.
const ASKS_EVERY_MS = 5_000;
const HELD_MS = 30_000; // at most, as a browser may not tell that something was let go
const PAUSED = "segmenter-paused";
const SIGNED_OUT = "You are signed out. Sign in in another tab, and go on here: what you wrote is still there.";
const live = document.documentElement.dataset.live === "yes";
const bar = document.getElementById("stale");
const button = document.getElementById("pause");
const draft = document.getElementById("draft");

let paused = false;
let looking = false;
let again = false;
let asOf = Date.now();
let stream = null;
let asking = null;

const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// Whoever listens hears what is said when it is another, and not each time that it is looked at.
const say = (where, what) => {
  if (where.textContent !== what) where.textContent = what;
};

const tell = (what) => {
  bar.hidden = !what;
  say(bar, what);
};

const stale = (why) => tell(why && `Stale since ${clock(asOf)}. ${why} It comes back by itself.`);

// Nothing is put in place while a button, a finger or the space bar is down: what it went down on would be gone by the time
// it is let go, and nothing be clicked.
let letGo = Promise.resolve();
let release = () => {};
const hold = () => {
  release();
  letGo = new Promise((done) => setTimeout((release = done), HELD_MS));
};
addEventListener("pointerdown", hold, true);
for (const ends of ["pointerup", "pointercancel"]) addEventListener(ends, () => setTimeout(release), true);
addEventListener("pointermove", ({ buttons }) => buttons || release(), true);
addEventListener("keydown", ({ key, repeat }) => key === " " && !repeat && hold(), true);
addEventListener("keyup", ({ key }) => key === " " && setTimeout(release), true);

// What was chosen or typed since the page was made: also before this module was there to hear of it.
const isOther = (field) => field.value !== (field.options ? (field.querySelector("[selected]") ?? field.options[0])?.value : field.defaultValue);

// Elements are matched by id; what is open, chosen, focused, being read or on its way stays so.
const put = (page) => {
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    if (old && old.innerHTML !== fresh.innerHTML && !old.querySelector("[data-sent]")) swap(old, fresh);
  }
};

const swap = (old, fresh) => {
  const open = new Set([...old.querySelectorAll("details[open][id]")].map((each) => each.id));
  const shut = new Set([...old.querySelectorAll("details:not([open])[id]")].map((each) => each.id));
  const refocus = remembered(old);
  const known = new Set([...old.querySelectorAll("[data-key]")].map((each) => each.dataset.key));
  const chosen = new Set([...old.querySelectorAll("input:checked")].map((each) => each.id || each.value));
  old.innerHTML = fresh.innerHTML;
  for (const each of old.querySelectorAll("input[type=checkbox]")) each.checked = chosen.has(each.id || each.value);
  for (const each of old.querySelectorAll("details[id]")) each.open = open.has(each.id) || (each.open && !shut.has(each.id));
  for (const each of old.querySelectorAll("[data-key]")) if (!known.has(each.dataset.key)) each.classList.add("fresh");
  refocus();
};

// Where the focus is: the so-manieth of its kind in its entry. Gives what puts it there again; where its entry is gone, on
// all that was put in place, so that who goes by the keyboard is not thrown back to where the page begins.
const remembered = (within) => {
  const focus = document.activeElement;
  if (!within.contains(focus) || focus === within) return () => {};
  const home = focus.closest("[data-key], [id]");
  const alike = (place) =>
    [...place.querySelectorAll(focus.tagName)].filter((each) => each.getAttribute("href") === focus.getAttribute("href"));
  const number = home === focus ? 0 : alike(home).indexOf(focus);
  const { id, dataset: { key } } = home;
  return () => {
    const known = (each) => (key === undefined ? each.id === id : each.dataset.key === key);
    const place = known(within) ? within : [...within.querySelectorAll("[data-key], [id]")].find(known);
    const found = place && (home === focus ? place : alike(place)[number]);
    if (!found) within.tabIndex = -1;
    (found ?? within).focus({ preventScroll: true });
  };
};

// Who clicks twice sends once: what changes something would else be refused the second time, as changed meanwhile.
const SENT_MS = 10_000; // for whoever stops it on its way
addEventListener("submit", (event) => {
  const { target: form, defaultPrevented } = event;
  if (defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => (delete form.dataset.sent, live && look()), SENT_MS);
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// What a page can do without until it is seen: the page as it was sent is news enough.
const painted = (then) => requestAnimationFrame(() => setTimeout(then));

const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
// What was refused to somebody who sent something stays until it is read; what was away is looked at until it is back.
const trouble = document.getElementById("trouble");
const troubleOf = (page) => page?.getElementById("trouble")?.textContent.trim() ?? "segmenter does not answer.";

const look = async () => {
  if (looking) return void (again = true);
  looking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (answer.type === "opaqueredirect") signedOut();
    else {
      const page = await parsed(answer);
      await letGo;
      if (answer.ok) {
        if (trouble && !("stays" in trouble.dataset)) return location.replace(location.href); // never what was sent once more
        if (!paused && !trouble) put(page);
        asOf = Date.now();
        stale("");
      } else if (!trouble) (answer.status < 500 ? tell : stale)(troubleOf(page));
      else if (!("stays" in trouble.dataset)) put(page);
    }
  } catch {
    stale("segmenter does not answer.");
  }
  looking = false;
  if (again) (again = false), look();
};

// Whoever writes keeps what is written; all others are asked to sign in again.
const signedOut = () => (draft ? tell(SIGNED_OUT) : location.replace(location.href));

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
  if (!document.hidden) painted(() => stream || document.hidden || follow());
}

// A search that narrows the list as it is typed; without this module its button does the same.
const form = document.getElementById("filter");
const narrow = () => {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  look();
};
form?.addEventListener("input", narrow);
if ([...(form?.querySelectorAll("input, select") ?? [])].some(isOther)) narrow();

// A rule is checked as it is written: its form is sent as its button would send it, and what was found is put in place.
if (draft) {
  painted(() => import("./completion.js"));
  let waiting = null;
  let sent = null;
  let isSure = false;

  // What is written stays in this tab, by the rule and with the version that it was begun on, until it is applied: also
  // where somebody looks at another page, or goes back from a backtest.
  const asked = new URLSearchParams(location.search);
  const kept = `segmenter-draft ${asked.get("name")}`;
  const texts = [...draft.querySelectorAll("textarea")];
  const forget = () => sessionStorage.removeItem(kept);
  const keep = () => {
    if (!texts.some(isOther)) return forget();
    sessionStorage.setItem(kept, JSON.stringify([draft.elements.base.value, ...texts.map(({ value }) => value)]));
  };
  draft.querySelector("[data-anew]")?.addEventListener("click", forget);
  const [base, ...written] = JSON.parse(sessionStorage.getItem(kept) ?? "[]");
  if (base !== undefined && !asked.has("backtest") && !texts.some(isOther)) {
    const again = document.getElementById("again");
    texts.forEach((text, place) => (text.value = written[place]));
    again.hidden = !texts.some(isOther);
    if (!again.hidden) draft.elements.base.value = base;
    again.querySelector("button").onclick = () => (forget(), location.replace(location.href));
  }

  // What comes of it; null where it did not come through, which is said.
  const posted = async (body, signal) => {
    const answer = await fetch(location.href, { method: "POST", body, signal }).catch((error) => error);
    if (answer.name === "AbortError") return null;
    const page = answer.ok === undefined ? null : await parsed(answer);
    if (page?.getElementById("sign-in")) return signedOut(), null;
    if (!answer.redirected && !page?.getElementById("draft"))
      return (page && answer.status < 500 ? tell : stale)(troubleOf(page)), null;
    asOf = Date.now();
    stale("");
    return { page, place: answer.redirected ? answer.url : null };
  };

  const check = async () => {
    clearTimeout(waiting);
    sent?.abort();
    const { signal } = (sent = new AbortController());
    const found = await posted(new URLSearchParams([...new FormData(draft), ["do", "check"]]), signal);
    await letGo;
    if (found && !signal.aborted) {
      swap(document.getElementById("result"), found.page.getElementById("result"));
      say(document.getElementById("said"), found.page.getElementById("said").textContent);
    } else if (!signal.aborted) waiting = setTimeout(check, ASKS_EVERY_MS);
  };

  addEventListener("pageshow", () => (isSure = false));
  // Sent here, so that nothing is lost where it does not come through; what is refused is shown by a page of its own.
  draft.addEventListener("submit", async (event) => {
    if (isSure) return;
    event.preventDefault();
    const by = event.submitter;
    if (!by || by.value === "check") return check();
    if (draft.dataset.sent) return;
    draft.dataset.sent = "yes";
    const found = await posted(new URLSearchParams(new FormData(draft, by)));
    if (found?.place && by.value === "apply") forget();
    if (found?.place) return location.assign(found.place); // nothing more is sent from here, however often somebody clicks
    delete draft.dataset.sent;
    if (found) (isSure = true), draft.requestSubmit(by);
  });

  draft.addEventListener("input", (event) => {
    if (!event.target.matches("textarea")) return;
    keep();
    clearTimeout(waiting);
    waiting = setTimeout(check, 600);
  });
  if ([...draft.querySelectorAll("textarea")].some(isOther)) check();
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
