/** The page's copy of the journal: summaries of the newest exchanges, gaps for missed ones, and findings. */

export const MAX_ENTRIES = 5000;
const MAX_READINGS = 100;

export class Journal {
  constructor() {
    this.listeners = [];
    this.empty();
  }

  empty() {
    /** Summaries of exchanges, and `{gap: n}` for n missing ones; oldest first. */
    this.entries = [];
    /** Number of entries that were removed at the front. */
    this.removed = 0;
    /** Rules by the id of an exchange that is evidence against them. */
    this.evidence = new Map();
    /** Readings `{at, wall}` of the clock of the space after its latest advances. */
    this.readings = [];
    /** Number of changes, by which a view detects that it is out of date. */
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
    while (this.evidence.size > MAX_ENTRIES) this.evidence.delete(this.evidence.keys().next().value);
    this.changed();
  }

  addReading({ now, wall }) {
    this.readings = [...this.readings.slice(-MAX_READINGS + 1), { at: now, wall }];
    this.changed();
  }

  push(entry) {
    this.entries.push(entry);
    // In batches: to remove one entry at the front of an array costs as much as to remove many.
    if (this.entries.length > MAX_ENTRIES * 1.1) {
      const batch = this.entries.length - MAX_ENTRIES;
      this.entries.splice(0, batch);
      this.removed += batch;
    }
    this.changed();
  }

  changed() {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
