/** The clock of the space and the monotonic clock of the mock, extrapolated with the browser's clock between reads. */

import { get } from "./api.js";

export class Clock {
  constructor() {
    this.offset = 0;
    this.set(Date.now(), performance.now() / 1000);
  }

  async read() {
    const before = performance.now();
    const { now, wall } = await get("/health");
    // Half of the round-trip time has passed since the mock read its clocks.
    const since = (performance.now() - before) / 2;
    this.set(now + since, wall + since / 1000);
    this.offset = (await get("/clock")).offset;
  }

  /** Takes the clocks of an event of the mock. */
  take({ now, wall, offset }) {
    this.set(now, wall);
    this.offset = offset;
  }

  set(now, wall) {
    this.readAt = performance.now();
    this.readNow = now;
    this.readWall = wall;
  }

  /** Time of the space, in ms since the epoch. */
  now() {
    return this.readNow + performance.now() - this.readAt;
  }

  /** Time of the monotonic clock in seconds, as `wall` of exchanges. */
  wall() {
    return this.readWall + (performance.now() - this.readAt) / 1000;
  }
}
