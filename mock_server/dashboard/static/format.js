/** Formats of times, durations and numbers. */

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const NUMBER = new Intl.NumberFormat("en-GB");
const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]];

export const number = (value) => NUMBER.format(value);
export const time = (ms) => TIME.format(ms);
export const exactTime = (ms) => `${TIME.format(ms)}.${String(ms % 1000).padStart(3, "0")}`;
export const day = (ms) => DAY.format(ms);

/** Returns a number with its noun: `1 finding`, `2 findings`. */
export const count = (n, noun, nouns = `${noun}s`) => `${number(n)} ${n === 1 ? noun : nouns}`;

/** Returns a duration in ms as its two largest units: `2 h 5 m`. */
export function duration(ms) {
  let left = Math.max(Math.round(ms / 1000) * 1000, 0);
  const parts = [];
  for (const [unit, length] of UNITS) {
    const whole = Math.floor(left / length);
    left -= whole * length;
    if (whole || (unit === "s" && !parts.length)) parts.push(`${whole} ${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** Returns the duration of an answer as text. */
export const durationText = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : duration(ms));

/** Returns JSON with indentation; other text unchanged. */
export function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
