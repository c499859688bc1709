// The page of the made-up company: it sends what you do, and shows what comes of it. All of it as text.
import { connect } from "/feed/segmenter.js";

const LOOKS_MS = 700;
const OTHERS = 4; // to be, by a click
const at = (id) => document.getElementById(id);
const user = () => at("user").value.trim();
const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });
const made = (name, text) => Object.assign(document.createElement(name), { textContent: text });

const signIn = () => {
  const who = user();
  connect(who ? { src: location.origin, token: async () => (await fetch(`/feed-token?user=${encodeURIComponent(who)}`)).text() } : null);
  look();
};

const be = (who) => {
  at("user").value = who;
  signIn();
};

const act = async (name, text) => {
  const answer = await post("/company/act", { user: user(), act: name }).catch(() => null);
  at("sent").textContent = answer?.ok ? `${text}: in Kafka.` : `${text}: Kafka did not take it.`;
};

const acts = new Map();
let drawn = ""; // whose changes were shown last, and which
const draw = ({ now_ms, acts: known, segments, changes, users }) => {
  at("now").textContent = new Date(now_ms).toUTCString().slice(0, 22);
  for (const [name, text] of Object.entries(known)) {
    if (acts.has(name)) continue;
    const button = Object.assign(made("button", text), { type: "button", onclick: () => act(name, text) });
    acts.set(name, button);
    at("acts").append(button);
  }
  at("users").replaceChildren(...["you", ...users].map((each) => Object.assign(document.createElement("option"), { value: each })));
  if (!at("others").children.length && users.length >= OTHERS) {
    at("others").append(...users.slice(0, OTHERS).map((each) => Object.assign(made("button", each), { type: "button", onclick: () => be(each) })));
  }
  at("nothing").hidden = changes.length > 0 || !user();
  at("segments").replaceChildren(...segments.map((each) => made("li", each)));
  const [before, now] = [drawn, `${user()}\n${JSON.stringify(changes)}`];
  if (now === before) return;
  drawn = now;
  const isSame = before.startsWith(`${user()}\n`);
  at("changes").replaceChildren(
    ...changes.map((change) => {
      const { at: when, verb, segment, why } = change;
      const line = made("li", `${verb} `);
      if (isSame && !before.includes(JSON.stringify(change))) line.className = "new";
      line.append(made("strong", segment), document.createElement("br"), made("small", `${when.slice(0, 16).replace("T", " ")}  ${why}`));
      return line;
    }),
  );
};

const look = async () => {
  const who = user();
  const answer = await fetch(`/company/state?user=${encodeURIComponent(who)}`).catch(() => null);
  const said = answer?.ok ? await answer.json() : null;
  if (said && who === user()) draw(said);
};

at("user").addEventListener("change", signIn);
for (const button of document.querySelectorAll("[data-days]")) button.onclick = () => post("/company/day", { days: Number(button.dataset.days) });
setInterval(look, LOOKS_MS);
signIn();
