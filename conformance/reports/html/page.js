// The page works without this script. It filters the rules, scrolls wide timelines to the finding, and opens all
// details for print.
const bar = document.querySelector(".filter");
if (bar) {
  const rules = [...document.querySelectorAll("[data-rule]")];
  const status = bar.querySelector("[role=status]");
  const search = bar.querySelector("input[type=search]");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const apply = () => {
    const text = search.value.trim().toLowerCase();
    const verdicts = new Set(boxes.filter(box => box.checked).map(box => box.value));
    let shown = 0;
    for (const rule of rules) {
      const matches = verdicts.has(rule.dataset.verdict) && rule.dataset.rule.toLowerCase().includes(text);
      rule.hidden = !matches;
      shown += matches;
    }
    for (const section of document.querySelectorAll("section[data-rules]")) {
      section.hidden = !section.querySelector("[data-rule]:not([hidden])");
    }
    status.textContent = shown === rules.length ? "" : `${shown} of ${rules.length} rules`;
  };
  bar.addEventListener("input", apply);
  bar.hidden = false;
}
const scrollToFinding = root => {
  for (const timeline of root.querySelectorAll("[data-show]")) {
    timeline.scrollLeft = timeline.dataset.show - timeline.clientWidth / 2;
  }
};
scrollToFinding(document);
document.addEventListener("toggle", event => scrollToFinding(event.target), true);
addEventListener("beforeprint", () => {
  for (const closed of document.querySelectorAll("details:not([open])")) closed.open = true;
});
