import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";

/** Which row to go to: by its task's number, or by its place. */
type Wanted = { id: number } | { index: number };

/**
 * Keeps the keyboard in the list. When the element that had the focus goes with its row, the row that took its place
 * gets it, or `fallback` where none is left.
 *
 * Gives a function that moves the focus to a row as soon as that is there.
 */
export function useKeptFocus(
  section: RefObject<HTMLElement | null>,
  fallback: RefObject<HTMLElement | null>,
): (wanted: Wanted) => void {
  const held = useRef<{ element: Element; index: number } | null>(null);
  const wanted = useRef<Wanted | null>(null);

  const rows = useCallback(() => [...(section.current?.querySelectorAll("li[data-task]") ?? [])], [section]);
  const focusIn = useCallback((row: Element | undefined) => {
    row?.querySelector<HTMLElement>("input")?.focus();
    return row !== undefined;
  }, []);

  useEffect(() => {
    function note(event: FocusEvent) {
      const element = event.target as Element;
      const row = element.closest("li[data-task]");
      held.current = row && section.current?.contains(row) ? { element, index: rows().indexOf(row) } : null;
    }
    function forget({ target }: FocusEvent) {
      // Left, but still there: the reader has gone elsewhere. Otherwise it went with its row.
      queueMicrotask(() => {
        if ((target as Element).isConnected && document.activeElement !== target && held.current?.element === target)
          held.current = null;
      });
    }
    document.addEventListener("focusin", note);
    document.addEventListener("focusout", forget);
    return () => {
      document.removeEventListener("focusin", note);
      document.removeEventListener("focusout", forget);
    };
  }, [rows, section]);

  // After each render: what is shown has changed.
  useLayoutEffect(() => {
    const goal = wanted.current;
    if (goal) {
      const row =
        "id" in goal ? rows().find((one) => one.getAttribute("data-task") === String(goal.id)) : rows()[goal.index];
      wanted.current = null;
      if (!focusIn(row)) fallback.current?.focus();
      return;
    }
    const was = held.current;
    if (!was || was.element.isConnected) return;
    held.current = null;
    if (document.activeElement && document.activeElement !== document.body) return;
    const left = rows();
    if (!focusIn(left[Math.min(was.index, left.length - 1)])) fallback.current?.focus();
  });

  return useCallback(
    (goal: Wanted) => {
      const row =
        "id" in goal ? rows().find((one) => one.getAttribute("data-task") === String(goal.id)) : rows()[goal.index];
      if (!focusIn(row)) wanted.current = goal;
    },
    [rows, focusIn],
  );
}
