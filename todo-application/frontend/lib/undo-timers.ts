/** Times after which something can no longer be undone; they all stand still while the reader looks at the offer. */

interface Timer {
  left: number;
  begun: number;
  handle: ReturnType<typeof setTimeout> | null;
}

/** After a pause there is still time to think again. */
const AFTER_PAUSE_MS = 3_000;

export class UndoTimers {
  private readonly timers = new Map<string, Timer>();
  private paused = false;

  constructor(
    private readonly ms: number,
    private readonly over: (key: string) => void,
  ) {}

  start(key: string): void {
    const timer: Timer = { left: this.ms, begun: 0, handle: null };
    this.timers.set(key, timer);
    if (!this.paused) this.run(key, timer);
  }

  cancel(key: string): void {
    const timer = this.timers.get(key);
    if (timer?.handle) clearTimeout(timer.handle);
    this.timers.delete(key);
  }

  cancelAll(): void {
    for (const key of [...this.timers.keys()]) this.cancel(key);
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    for (const timer of this.timers.values()) {
      if (timer.handle) clearTimeout(timer.handle);
      timer.handle = null;
      timer.left = Math.max(timer.left - (Date.now() - timer.begun), AFTER_PAUSE_MS);
    }
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const [key, timer] of this.timers) this.run(key, timer);
  }

  private run(key: string, timer: Timer): void {
    timer.begun = Date.now();
    timer.handle = setTimeout(() => {
      this.timers.delete(key);
      this.over(key);
    }, timer.left);
  }
}
