// Offers the words that can stand in a rule, below the caret. Down and Up choose, Enter or Tab takes what is chosen, Escape
// closes; Ctrl+Space asks for all. Whoever listens hears how many there are and which is chosen (a listbox, by WAI-ARIA).
const MOST = 8;
const text = document.getElementById("text");
const list = document.getElementById("words");
const told = document.getElementById("words-told");

let words = null;
let shown = [];
let chosen = -1;
let begins = 0;

const fetched = async () => {
  const answer = await fetch("words").catch(() => null);
  if (!answer?.ok) return;
  words = (await answer.json()).words;
  list.dataset.ready = "yes";
};

// What stands before the caret: the beginning of a word, and which sorts of words may go on from there.
const before = () => {
  const line = text.value.slice(text.value.lastIndexOf("\n", text.selectionStart - 1) + 1, text.selectionStart);
  if (/^\s*#/.test(line)) return null;
  const quotes = line.match(/"/g)?.length ?? 0;
  if (quotes % 2) {
    const word = line.slice(line.lastIndexOf('"') + 1);
    const opened = line.slice(0, line.length - word.length);
    if (/in_segment\(\s*"$/.test(opened)) return { word, sorts: ["segment"], quoted: true };
    return { word, sorts: /,\s*"$/.test(opened) ? ["property", "event"] : ["event"], quoted: true };
  }
  const word = line.match(/[A-Za-z_][\w.]*$/)?.[0] ?? "";
  if (line === line.match(/^\s*/)[0] + word) return { word, sorts: ["key"], quoted: false };
  const whole = line.match(/properties\.(\w*)$/);
  if (whole) return { word: whole[1], sorts: ["property"], quoted: false };
  return { word, sorts: ["feature", "function", "trait", "option"], quoted: false };
};

const fitting = ({ word, sorts }) => {
  const wanted = word.toLowerCase();
  const rank = ({ text: said }) => (said.toLowerCase().startsWith(wanted) ? 0 : said.toLowerCase().includes(wanted) ? 1 : 2);
  const found = words.filter((each) => sorts.includes(each.sort) && rank(each) < 2);
  found.sort((a, b) => rank(a) - rank(b) || sorts.indexOf(a.sort) - sorts.indexOf(b.sort));
  return found.slice(0, MOST);
};

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
  const { text: said, quoted } = shown[number];
  const end = text.selectionStart;
  const closes = quoted && text.value[end] !== '"' ? '"' : "";
  text.setSelectionRange(begins, end);
  // The one way of putting text in that the browser can undo.
  if (!document.execCommand("insertText", false, said + closes)) {
    text.setRangeText(said + closes, begins, end, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  hide();
};

const offer = (asked) => {
  const there = words && text.selectionStart === text.selectionEnd ? before() : null;
  const found = there && (asked || there.word) ? fitting(there) : [];
  if (!found.length || (found.length === 1 && found[0].text === there.word)) return hide();
  hide();
  begins = text.selectionStart - there.word.length;
  shown = found.map((each) => ({ ...each, quoted: there.quoted }));
  list.replaceChildren(
    ...shown.map((each, number) => {
      const item = document.createElement("li");
      item.id = `word-${number}`;
      item.role = "option";
      item.ariaSelected = "false";
      const [name, says] = [document.createElement("span"), document.createElement("span")];
      name.textContent = each.text.trim();
      says.textContent = each.says;
      says.className = "quiet";
      item.append(name, " ", says);
      item.addEventListener("pointerdown", (event) => (event.preventDefault(), take(number)));
      return item;
    }),
  );
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

if (text && list) {
  fetched();
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
}
