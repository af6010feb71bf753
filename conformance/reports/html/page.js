// The page works without this script. It filters rules and findings, scrolls wide timelines to the finding, and opens all
// details for print.
const bar = document.querySelector(".filter");
if (bar) {
  const rules = [...document.querySelectorAll("[data-rule]")];
  const status = bar.querySelector("[role=status]");
  const search = bar.querySelector("input[type=search]");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const finds = (words, text) => words.every(word => text.toLowerCase().includes(word));
  const findingsOf = rule => [...rule.querySelectorAll(".finding")];
  const texts = new Map(rules.flatMap(findingsOf).map(finding => [finding, finding.textContent]));
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(boxes.filter(box => box.checked).map(box => box.value));
    let shown = 0;
    for (const rule of rules) {
      const named = finds(words, rule.dataset.rule);
      let found = named;
      for (const finding of findingsOf(rule)) {
        // A rule that is found by its name keeps all its findings.
        const matches = named || finds(words, texts.get(finding));
        finding.hidden = !matches;
        if (matches && !named) {
          found = true;
          for (let around = finding; around; around = around.parentElement.closest("details")) around.open = true;
        }
      }
      rule.hidden = !found || !verdicts.has(rule.dataset.verdict);
      shown += !rule.hidden;
    }
    for (const part of document.querySelectorAll("section[data-rules], .follows")) {
      part.hidden = words.length + boxes.length - verdicts.size > 0 && !part.querySelector("[data-rule]:not([hidden])");
    }
    status.textContent = shown === rules.length ? "" : shown ? `${shown} of ${rules.length} rules` : "No rule or finding matches.";
  };
  bar.addEventListener("input", apply);
  search.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    search.value = "";
    apply();
  });
  document.addEventListener("keydown", event => {
    const types = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || types) return;
    event.preventDefault();
    search.focus();
  });
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
