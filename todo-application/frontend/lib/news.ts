/** When to ask whether somebody else has changed something: often while the page is seen, less while nobody answers. */

/** With the time for one request, a change made elsewhere shows within 2 s. */
export const NEWS_MS = 1_500;
const NEWS_MAX_MS = 30_000;

export class NewsTimer {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private pause = NEWS_MS;
  private asking = false;
  private running = false;

  /** `ask` says whether it was answered. */
  constructor(private readonly ask: () => Promise<boolean>) {}

  /** The page is seen. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.wait();
  }

  /** The page is seen again: there may be news since. */
  resume(): void {
    this.stop();
    this.running = true;
    this.pause = NEWS_MS;
    void this.run();
  }

  stop(): void {
    this.running = false;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private wait(): void {
    this.timer = setTimeout(() => void this.run(), this.pause);
  }

  private async run(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const answered = await this.ask();
    this.asking = false;
    this.pause = answered ? NEWS_MS : Math.min(this.pause * 2, NEWS_MAX_MS);
    if (!this.running) return;
    if (this.timer) clearTimeout(this.timer);
    this.wait();
  }
}
