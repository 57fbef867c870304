/** What a reader typed and the server does not have yet, kept in this tab over a reload or an ended session. */

/** Grows when what is kept changes its form: what an older page left is not taken for the new. */
const FORM = "1";

export interface Drafts {
  read<T>(name: string): T | null;
  /** Keep a value; null removes it. */
  write(name: string, value: unknown): void;
}

const prefixOf = (userId: number | string) => `todo.drafts.${FORM}.${userId}.`;

/** Give the drafts of one person. Where the browser keeps nothing, the page works without. */
export function draftsOf(userId: number | string): Drafts {
  const prefix = prefixOf(userId);
  return {
    read<T>(name: string): T | null {
      try {
        return JSON.parse(window.sessionStorage.getItem(prefix + name) ?? "null") as T | null;
      } catch {
        return null;
      }
    },
    write(name, value) {
      try {
        if (value === null) window.sessionStorage.removeItem(prefix + name);
        else window.sessionStorage.setItem(prefix + name, JSON.stringify(value));
      } catch {
        // No room or no permission: nothing survives a reload, and nothing else is lost.
      }
    },
  };
}

/** Forget everything of a person, who has signed out. */
export function forgetDrafts(userId: number | string): void {
  try {
    const names = Object.keys(window.sessionStorage).filter((name) => name.startsWith(prefixOf(userId)));
    for (const name of names) window.sessionStorage.removeItem(name);
  } catch {
    // Nothing could be kept either.
  }
}
