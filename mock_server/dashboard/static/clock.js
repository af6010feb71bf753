/** The clock of the space and the mock's monotonic clock, read from the mock and carried on by the browser's. */

import { get } from "./api.js";

export class Clock {
  constructor() {
    this.offset = 0;
    this.set(Date.now(), performance.now() / 1000);
  }

  async read() {
    const before = performance.now();
    const { now, wall } = await get("/health");
    // Half of the way there and back has passed since the mock looked.
    const since = (performance.now() - before) / 2;
    this.set(now + since, wall + since / 1000);
    this.offset = (await get("/clock")).offset;
  }

  set(now, wall) {
    this.readAt = performance.now();
    this.readNow = now;
    this.readWall = wall;
  }

  /** Ms since the epoch, as the space has it. */
  now() {
    return this.readNow + performance.now() - this.readAt;
  }

  /** Seconds, as `wall` of exchanges has them. */
  wall() {
    return this.readWall + (performance.now() - this.readAt) / 1000;
  }
}
