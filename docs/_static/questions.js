/* "Which metric do I need?": show the questions and metrics that have all words of the field. */
document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("ask");
  if (!field) return;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const term of document.querySelectorAll("article dl > dt")) {
      const metric = term.nextElementSibling;
      const text = (term.textContent + " " + metric.textContent).toLowerCase();
      term.hidden = metric.hidden = !words.every((word) => text.includes(word));
    }
    for (const family of document.querySelectorAll("article section section"))
      family.hidden = !family.querySelector("dt:not([hidden])");
  });
});
