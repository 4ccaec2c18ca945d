/* "Which metric do I need?": show the metrics that any words of the field ask for, the best first, as catalog.find does. */
const ENDINGS = ["ations", "ation", "ings", "ing", "ies", "ers", "ed", "es", "ly", "er", "s", "e", "y"];

function stem(word) {
  for (const ending of ENDINGS)
    if (word.endsWith(ending) && word.length - ending.length >= 3 && !word.endsWith("ss")) {
      const cut = word.slice(0, -ending.length), twice = cut.at(-1) === cut.at(-2) && !"ls".includes(cut.at(-1));
      return cut.length > 3 && twice ? cut.slice(0, -1) : cut;
    }
  return word;
}

/* Return the ten best names; the last word may be unfinished. */
function ranked(text, { fillers, same, metrics }) {
  const inMetrics = new Map(), vocabularies = new Map();
  for (const [name, phrases] of Object.entries(metrics)) {
    vocabularies.set(name, new Set(phrases.flat()));
    for (const word of vocabularies.get(name)) inMetrics.set(word, (inMetrics.get(word) || 0) + 1);
  }
  const canon = (word) => same[word] || same[stem(word)] || stem(word);
  const begins = (word) => {
    const full = [...Object.keys(same), ...inMetrics.keys()].find((known) => known.startsWith(word));
    return full && word.length >= 3 ? canon(full) : canon(word);
  };
  const without = text.toLowerCase().replace(/\sby \S+\s*$/, ""); // a grouping, as in "churn by plan"
  const typed = without.replace(/is(ation|e|ed|ing)\b/g, "iz$1").match(/[a-z0-9]+/g) || [];
  const told = typed.filter((word) => !fillers.includes(word));
  const asked = new Set(told.map((word) => (inMetrics.has(canon(word)) ? canon(word) : begins(word))));
  const all = vocabularies.size, weigh = (word) => (inMetrics.has(word) ? Math.log(1 + all / inMetrics.get(word)) : 1);
  const weight = (words) => words.reduce((sum, word) => sum + weigh(word), 0);
  const common = (words) => weight([...asked].filter((word) => words.has(word)));
  const total = weight([...asked]);
  const scores = Object.entries(metrics).map(([name, phrases]) => {
    const best = phrases.map((words) => (2 * common(new Set(words))) / (total + weight(words)));
    return [name, Math.max(...best) + common(vocabularies.get(name)) / total];
  });
  scores.sort((one, other) => other[1] - one[1]);
  return scores.filter(([, score]) => score > 0 && score >= scores[0][1] / 2).slice(0, 10).map(([name]) => name);
}

document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("ask");
  if (!field) return;
  const known = JSON.parse(document.getElementById("asking").textContent);
  const terms = new Map([...document.querySelectorAll("article dl > dt")].map((term) => {
    const link = term.nextElementSibling.querySelector("a").getAttribute("href");
    return [link.replace(".html", ""), term];
  }));
  const families = [...document.querySelectorAll("article section section")];
  const list = document.createElement("dl");
  list.id = "found";
  list.setAttribute("aria-live", "polite");
  field.after(list);
  field.addEventListener("input", () => {
    const asks = field.value.trim() !== "", names = asks ? ranked(field.value, known) : [];
    for (const family of families) family.hidden = asks;
    const found = names.map((name) => terms.get(name)).flatMap((term) => [term, term.nextElementSibling]);
    list.replaceChildren(...found.map((part) => part.cloneNode(true)));
    if (asks && !names.length) list.textContent = "Nothing found. Other words may help, or the list of all metrics.";
  });
});
