/** Tasks and a backend in memory for tests of the store: its answers can be held back, and faults can be set. */
import { AxiosError, AxiosHeaders } from "axios";
import { compare, matches } from "../lib/listing";
import type { Page, Query, Task, TaskApi } from "../lib/tasks";

export function task(id: number, values: Partial<Task> = {}): Task {
  const title = `Task ${id}`;
  return { id, title, description: "", due_date: null, completed: false, created_at: "", updated_at: "", ...values };
}

/** A failed request as axios reports it; without a status nobody answered. */
export function refusal(status?: number, code = "code"): AxiosError {
  const config = { headers: new AxiosHeaders() };
  const data = { error: { code, message: `status ${status}`, request_id: "r" } };
  const response = status ? { status, data, statusText: "", headers: {}, config } : undefined;
  return new AxiosError("failed", "ERR", config, null, response);
}

export class FakeBackend {
  tasks = new Map<number, Task>();
  /** What was asked, in order: "POST Milk", "PATCH 1", … and "GET" for lists. */
  asked: string[] = [];
  keys: string[] = [];
  /** The next changes fail so. */
  faults: (AxiosError | null)[] = [];
  /** Lists fail so, while it is set. */
  listFault: AxiosError | null = null;
  /** News are of when they were asked for, and come with `release`. */
  slowNews = false;
  /** Whether it names the state of lists; older ones don't. */
  tags = true;
  private made = new Map<string, number>();
  private gates: (() => void)[] = [];
  private holding = false;

  constructor(...tasks: Task[]) {
    for (const one of tasks) this.tasks.set(one.id, { version: 1, ...one });
  }

  /** Keep every change waiting until `release`. */
  hold(): void {
    this.holding = true;
  }
  release(): void {
    this.holding = false;
    for (const open of this.gates.splice(0)) open();
  }

  private async change<T>(name: string, act: () => T): Promise<T> {
    this.asked.push(name);
    const fault = this.faults.shift();
    if (this.holding) await new Promise<void>((resolve) => this.gates.push(resolve));
    if (fault) throw fault;
    return act();
  }

  private found(id: number, version?: number): Task {
    const one = this.tasks.get(id);
    if (!one) throw refusal(404);
    if (version !== undefined && version !== one.version) throw refusal(412, "precondition_failed");
    return one;
  }

  private listed(query: Query, limit: number, offset: number): Page {
    if (this.listFault) throw this.listFault;
    const all = [...this.tasks.values()].filter((one) => matches(one, query));
    all.sort((one, other) => compare(one, other, query.sort));
    return { tasks: all.slice(offset, offset + limit), total: all.length, etag: this.etag };
  }

  get etag(): string | undefined {
    return this.tags ? JSON.stringify([...this.tasks.values()].map(({ id, version }) => [id, version])) : undefined;
  }

  readonly api: TaskApi = {
    list: async (query, limit, offset) => {
      this.asked.push("GET");
      return this.listed(query, limit, offset);
    },
    news: async (query, limit, etag) => {
      this.asked.push("news");
      if (this.listFault) throw this.listFault;
      const answer = etag === this.etag ? null : this.listed(query, limit, 0);
      if (this.slowNews) await new Promise<void>((resolve) => this.gates.push(resolve));
      return answer;
    },
    read: async (id) => this.found(id),
    create: (draft, key) => {
      this.keys.push(key);
      return this.change(`POST ${draft.title}`, () => {
        const id = this.made.get(key) ?? Math.max(0, ...this.tasks.keys()) + 1;
        this.made.set(key, id);
        if (!this.tasks.has(id)) this.tasks.set(id, task(id, { ...draft, version: 1 }));
        return this.found(id);
      });
    },
    change: (id, values, version) =>
      this.change(`PATCH ${id}`, () => {
        const before = this.found(id, version);
        const after = { ...before, ...values, version: (before.version ?? 0) + 1 };
        this.tasks.set(id, after);
        return after;
      }),
    remove: (id, version) =>
      this.change(`DELETE ${id}`, () => {
        this.found(id, version);
        this.tasks.delete(id);
      }),
    removeOnLeaving: (id) => {
      this.asked.push(`DELETE ${id} on leaving`);
      this.tasks.delete(id);
    },
  };
}
