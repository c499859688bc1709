// The page of the made-up company: it sends what you do, and shows what comes of it. All of it as text.
import { connect } from "/feed/segmenter.js";

const LOOKS_MS = 700;
const at = (id) => document.getElementById(id);
const user = () => at("user").value.trim();
const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });
const made = (name, text) => Object.assign(document.createElement(name), { textContent: text });

const signIn = () => {
  const who = user();
  connect(who ? { src: location.origin, token: async () => (await fetch(`/feed-token?user=${encodeURIComponent(who)}`)).text() } : null);
  look();
};

const acts = new Map();
const draw = ({ now_ms, acts: known, segments, changes, users }) => {
  at("now").textContent = new Date(now_ms).toUTCString().slice(0, 22);
  for (const [name, text] of Object.entries(known)) {
    if (acts.has(name)) continue;
    const button = Object.assign(made("button", text), { type: "button", onclick: () => post("/company/act", { user: user(), act: name }) });
    acts.set(name, button);
    at("acts").append(button);
  }
  at("users").replaceChildren(...["you", ...users].map((each) => Object.assign(document.createElement("option"), { value: each })));
  at("segments").replaceChildren(...segments.map((each) => made("li", each)));
  at("changes").replaceChildren(
    ...changes.map(({ at: when, verb, segment, why }) => {
      const line = made("li", `${verb} `);
      line.append(made("strong", segment), document.createElement("br"), made("small", `${when.slice(0, 16).replace("T", " ")}  ${why}`));
      return line;
    }),
  );
};

const look = async () => {
  const answer = await fetch(`/company/state?user=${encodeURIComponent(user())}`).catch(() => null);
  if (answer?.ok) draw(await answer.json());
};

at("user").addEventListener("change", signIn);
for (const button of document.querySelectorAll("[data-days]")) button.onclick = () => post("/company/day", { days: Number(button.dataset.days) });
setInterval(look, LOOKS_MS);
signIn();
