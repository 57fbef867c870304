/** The tasks as the backend gives and takes them. */
import { api } from "@todo/shared/client/api";
import type { AxiosResponse } from "axios";

export interface Task {
  id: number;
  title: string;
  description: string | null;
  due_date: string | null;
  completed: boolean;
  created_at: string;
  updated_at: string;
  /** Grows with each change; older backends have none. */
  version?: number;
}

export type Status = "all" | "pending" | "completed";
export type Sort = "created" | "title" | "due_date";

export interface Query {
  status: Status;
  sort: Sort;
  q: string;
}

/** What the reader can write about a task. */
export interface Draft {
  title: string;
  description: string;
  due_date: string | null;
}

export interface Counts {
  all: number;
  pending: number;
  completed: number;
}

/** One page of tasks and how many there are in all. */
export interface Page {
  tasks: Task[];
  total: number;
  /** The state of all tasks, whatever the query; older backends name none. */
  etag?: string;
}

export const PAGE_SIZE = 100;
/** The most that the backend gives at once. */
export const PAGE_MAX = 500;
export const TITLE_MAX = 200;
export const DESCRIPTION_MAX = 1000;

/** The requests, as an object so that tests of the store need no network. */
export interface TaskApi {
  list(query: Query, limit: number, offset: number, signal?: AbortSignal): Promise<Page>;
  /** The same where the state is no longer `etag`, else null. */
  news(query: Query, limit: number, etag: string, signal?: AbortSignal): Promise<Page | null>;
  read(id: number): Promise<Task>;
  /** `key` makes a repeated request the same one: the backend answers with the task that the first made. */
  create(draft: Draft, key: string): Promise<Task>;
  /** With a version the change is refused (412) when the task is no longer the one that the reader saw. */
  change(id: number, values: Partial<Draft> & { completed?: boolean }, version?: number): Promise<Task>;
  remove(id: number, version?: number): Promise<void>;
  /** Remove while the page goes away: nobody is left to hear the answer. */
  removeOnLeaving(id: number, version?: number): void;
}

function ifMatch(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { "If-Match": `"${version}"` };
}

function paramsOf(query: Query, limit: number, offset: number) {
  return { ...query, q: query.q || undefined, limit, offset };
}

function pageOf({ data, headers }: AxiosResponse<Task[]>): Page {
  return { tasks: data, total: Number(headers["x-total-count"] ?? data.length), etag: headers.etag };
}

export const taskApi: TaskApi = {
  async list(query, limit, offset, signal) {
    return pageOf(await api.get<Task[]>("/api/tasks", { params: paramsOf(query, limit, offset), signal }));
  },
  async news(query, limit, etag, signal) {
    const answer = await api.get<Task[]>("/api/tasks", {
      params: paramsOf(query, limit, 0),
      headers: { "If-None-Match": etag },
      validateStatus: (status) => status === 200 || status === 304,
      signal,
    });
    return answer.status === 304 ? null : pageOf(answer);
  },
  async read(id) {
    return (await api.get<Task>(`/api/tasks/${id}`)).data;
  },
  async create(draft, key) {
    return (await api.post<Task>("/api/tasks", draft, { headers: { "Idempotency-Key": key } })).data;
  },
  async change(id, values, version) {
    return (await api.patch<Task>(`/api/tasks/${id}`, values, { headers: ifMatch(version) })).data;
  },
  async remove(id, version) {
    await api.delete(`/api/tasks/${id}`, { headers: ifMatch(version) });
  },
  removeOnLeaving(id, version) {
    void fetch(`/api/tasks/${id}`, { method: "DELETE", keepalive: true, headers: ifMatch(version) }).catch(() => {});
  },
};
