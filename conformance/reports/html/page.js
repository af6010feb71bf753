// The page is whole without this. It narrows the list of rules, brings the finding of a wide drawing into view, and
// opens what is folded for print.
const bar = document.querySelector(".filter");
if (bar) {
  const rules = [...document.querySelectorAll("[data-rule]")];
  const said = bar.querySelector("[role=status]");
  const words = bar.querySelector("input[type=search]");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const apply = () => {
    const wanted = words.value.trim().toLowerCase();
    const verdicts = new Set(boxes.filter(box => box.checked).map(box => box.value));
    let shown = 0;
    for (const rule of rules) {
      const matches = verdicts.has(rule.dataset.verdict) && rule.dataset.rule.toLowerCase().includes(wanted);
      rule.hidden = !matches;
      shown += matches;
    }
    for (const section of document.querySelectorAll("section[data-rules]")) {
      section.hidden = !section.querySelector("[data-rule]:not([hidden])");
    }
    said.textContent = shown === rules.length ? "" : `${shown} of ${rules.length} rules`;
  };
  bar.addEventListener("input", apply);
  bar.hidden = false;
}
const bringIntoView = root => {
  for (const drawing of root.querySelectorAll("[data-show]")) {
    drawing.scrollLeft = drawing.dataset.show - drawing.clientWidth / 2;
  }
};
bringIntoView(document);
document.addEventListener("toggle", event => bringIntoView(event.target), true);
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) folded.open = true;
});
