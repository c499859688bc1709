// What stands before the caret: the beginning of a word, and which sorts of words may go on from there; null where none may.
// quoted: whether it stands between quotes, which are closed once it is taken. A caret is where something would be typed.
const lineBefore = (text) => text.value.slice(text.value.lastIndexOf("\n", text.selectionStart - 1) + 1, text.selectionStart);

export const inRule = (text) => {
  const line = lineBefore(text);
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

// A story's lines have columns two blanks or more apart: when, who, what, and what is known of it.
export const inStory = (text) => {
  const line = lineBefore(text);
  if (/^\s*#/.test(line) || /^\S/.test(line)) return null;
  const key = line.match(/^ {1,2}(\w*)$/);
  if (key) return { word: key[1], sorts: ["story key"], quoted: false };
  const above = text.value.slice(0, text.selectionStart).split("\n").reverse();
  const block = above.map((each) => each.match(/^ {1,2}(\w+):/)?.[1]).find(Boolean);
  const columns = line.replace(/^\s*(\w+:\s+)?/, "").split(/ {2,}/);
  const last = columns.at(-1);
  if (block === "changes" && columns.length === 3) {
    const segment = last.match(/^(?:enters|leaves|is now) (\S*)$/);
    return segment ? { word: segment[1], sorts: ["segment"], quoted: false } : { word: last, sorts: ["verb"], quoted: false };
  }
  if (block !== "events") return null;
  if (columns.length === 3) return { word: last, sorts: ["event", "billing"], quoted: false };
  const known = columns.length > 3 && last.match(/(?:^| )([\w.]*)$/);
  return known ? { word: known[1], sorts: columns[2] === "identify" ? ["trait"] : ["property"], quoted: false, ends: "=" } : null;
};
