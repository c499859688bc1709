// Offers the words that can stand in a rule, or in its stories, below the caret. Down and Up choose, Enter or Tab takes what
// is chosen, Escape closes; Ctrl+Space asks for all. Whoever listens hears how many there are and which is chosen (a
// listbox, by WAI-ARIA).
import { inRule, inStory } from "./contexts.js";

const MOST = 8;

let words = null;

const fitting = ({ word, sorts }) => {
  const wanted = word.toLowerCase();
  const rank = ({ text: said }) => (said.toLowerCase().startsWith(wanted) ? 0 : said.toLowerCase().includes(wanted) ? 1 : 2);
  const found = words.filter((each) => sorts.includes(each.sort) && rank(each) < 2);
  found.sort((a, b) => rank(a) - rank(b) || sorts.indexOf(a.sort) - sorts.indexOf(b.sort));
  return found.slice(0, MOST);
};

// before: what stands before the caret of a text (contexts.js). list, told: where words are shown, and what is said of them.
const complete = (text, list, told, before) => {
  let shown = [];
  let chosen = -1;
  let begins = 0;

  const hide = () => {
    shown = [];
    chosen = -1;
    list.hidden = true;
    text.removeAttribute("aria-activedescendant");
    told.textContent = "";
  };

  const place = () => {
    const style = getComputedStyle(text);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const lines = text.value.slice(0, begins).split("\n");
    const left = parseFloat(style.paddingLeft) + pen.measureText(lines.at(-1).replaceAll("\t", "  ")).width - text.scrollLeft;
    const top = parseFloat(style.paddingTop) + lines.length * parseFloat(style.lineHeight) - text.scrollTop;
    list.style.left = `${text.offsetLeft + Math.max(0, Math.min(left, text.clientWidth - list.offsetWidth))}px`;
    list.style.top = `${text.offsetTop + Math.min(top, text.clientHeight) + 4}px`;
  };

  const choose = (number) => {
    chosen = (number + shown.length) % shown.length;
    [...list.children].forEach((each, at) => each.setAttribute("aria-selected", String(at === chosen)));
    text.setAttribute("aria-activedescendant", list.children[chosen].id);
  };

  const take = (number) => {
    const { text: word, quoted, ends } = shown[number];
    const end = text.selectionStart;
    const named = ends && /\s/.test(word) ? `"${word}"` : word;
    const said = named + (quoted && text.value[end] !== '"' ? '"' : "") + (ends ?? "");
    text.setSelectionRange(begins, end);
    // The one way of putting text in that the browser can undo.
    if (!document.execCommand("insertText", false, said)) {
      text.setRangeText(said, begins, end, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    hide();
  };

  const item = (each, number) => {
    const made = document.createElement("li");
    made.id = `${list.id}-${number}`;
    made.role = "option";
    made.ariaSelected = "false";
    const [name, says] = [document.createElement("span"), document.createElement("span")];
    name.textContent = each.text.trim();
    says.textContent = each.says;
    says.className = "quiet";
    made.append(name, " ", says);
    made.addEventListener("pointerdown", (event) => (event.preventDefault(), take(number)));
    return made;
  };

  const offer = (asked) => {
    const there = words && text.selectionStart === text.selectionEnd ? before(text) : null;
    const found = there && (asked || there.word) ? fitting(there) : [];
    hide();
    if (!found.length || (found.length === 1 && found[0].text === there.word)) return;
    begins = text.selectionStart - there.word.length;
    shown = found.map((each) => ({ ...each, quoted: there.quoted, ends: there.ends }));
    list.replaceChildren(...shown.map(item));
    list.hidden = false;
    place();
    told.textContent = `${shown.length} ${shown.length === 1 ? "word" : "words"}; Down to choose.`;
  };

  const keys = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen < 0 ? shown.length - 1 : chosen - 1),
    Enter: () => chosen >= 0 && (take(chosen), true),
    Tab: () => chosen >= 0 && (take(chosen), true),
    Escape: hide,
  };

  text.addEventListener("input", () => offer(false));
  text.addEventListener("blur", hide);
  text.addEventListener("scroll", () => shown.length && place());
  text.addEventListener("click", hide);
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === " " && event.ctrlKey) return event.preventDefault(), offer(true);
    if (!shown.length || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) hide();
      return;
    }
    if (keys[event.key]() !== false) event.preventDefault();
  });
};

const fields = { text: inRule, stories: inStory };
for (const [name, before] of Object.entries(fields)) {
  const found = [name, `${name}-words`, `${name}-words-told`].map((id) => document.getElementById(id));
  if (found.every(Boolean)) complete(...found, before);
}
const answer = await fetch("words").catch(() => null);
if (answer?.ok) {
  words = (await answer.json()).words;
  for (const list of document.querySelectorAll(".words")) list.dataset.ready = "yes";
}
