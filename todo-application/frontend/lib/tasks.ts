import { api } from "@todo/shared/client/api";

export interface Task {
  id: number;
  title: string;
  description: string | null;
  due_date: string | null;
  completed: boolean;
  created_at: string;
  updated_at: string;
}

export type Status = "all" | "pending" | "completed";
export type Sort = "created" | "title" | "due_date";

export interface Query {
  status: Status;
  sort: Sort;
  q: string;
}

/** What the reader can change about a task. */
export interface Draft {
  title: string;
  description: string;
  due_date: string | null;
}

export const PAGE_SIZE = 100;
export const TITLE_MAX = 200;
export const DESCRIPTION_MAX = 1000;

/** Give one page of tasks and how many there are in all. */
export async function listTasks(
  query: Query,
  limit: number,
  signal?: AbortSignal,
): Promise<{ tasks: Task[]; total: number }> {
  const params = { ...query, q: query.q || undefined, limit, offset: 0 };
  const { data, headers } = await api.get<Task[]>("/api/tasks", { params, signal });
  return { tasks: data, total: Number(headers["x-total-count"] ?? data.length) };
}

export interface Counts {
  all: number;
  pending: number;
  completed: number;
}

/** Give how many tasks there are of each status. */
export async function countTasks(signal?: AbortSignal): Promise<Counts> {
  const of = (status: Status) => listTasks({ status, sort: "created", q: "" }, 1, signal);
  const [all, pending] = await Promise.all([of("all"), of("pending")]);
  return { all: all.total, pending: pending.total, completed: all.total - pending.total };
}

export async function createTask(draft: Draft & { completed?: boolean }): Promise<Task> {
  return (await api.post<Task>("/api/tasks", draft)).data;
}

export async function changeTask(id: number, draft: Partial<Draft>): Promise<Task> {
  return (await api.patch<Task>(`/api/tasks/${id}`, draft)).data;
}

export async function toggleTask(id: number): Promise<Task> {
  return (await api.patch<Task>(`/api/tasks/${id}/complete`)).data;
}

export async function deleteTask(id: number): Promise<void> {
  await api.delete(`/api/tasks/${id}`);
}
