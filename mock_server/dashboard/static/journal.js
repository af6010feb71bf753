/** What the page knows of the journal: summaries of the newest exchanges, gaps where some were missed, findings. */

export const MOST_KEPT = 5000;

export class Journal {
  constructor() {
    this.listeners = [];
    this.empty();
  }

  empty() {
    /** Summaries of exchanges, and `{gap: n}` where n are missing; oldest first. */
    this.entries = [];
    /** How many entries have left at the front. */
    this.left = 0;
    this.left = 0;
    /** Rules by the id of an exchange that is evidence against them. */
    this.evidence = new Map();
    /** Counts what happened, so that a view can tell whether it is up to date. */
    this.version = 0;
    this.generation = (this.generation ?? 0) + 1;
    this.changed();
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** The newest exchange. */
  get last() {
    return this.entries.findLast((entry) => entry.id);
  }

  add(exchange) {
    this.push(exchange);
  }

  addGap(missing) {
    if (missing > 0) this.push({ gap: missing });
  }

  addFinding(finding) {
    for (const id of finding.exchanges) {
      const rules = this.evidence.get(id) ?? [];
      if (!rules.includes(finding.rule)) this.evidence.set(id, [...rules, finding.rule]);
    }
    while (this.evidence.size > MOST_KEPT) this.evidence.delete(this.evidence.keys().next().value);
    this.changed();
  }

  push(entry) {
    this.entries.push(entry);
    // In lots, for taking one off the front of an array costs as much as taking many.
    if (this.entries.length > MOST_KEPT * 1.1) {
      const lot = this.entries.length - MOST_KEPT;
      this.entries.splice(0, lot);
      this.left += lot;
    }
    this.changed();
  }

  changed() {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
