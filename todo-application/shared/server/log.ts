/** Log lines as JSON on standard output: severity, time, service, message and what the caller adds. */
import { settings } from "./settings";

const LEVELS = { debug: 10, info: 20, warning: 30, error: 40 } as const;
export type Severity = keyof typeof LEVELS;

/** Write one log line, unless LOG_LEVEL asks for less. Never hand over headers, bodies or query strings. */
export function log(severity: Severity, message: string, fields: Record<string, unknown> = {}): void {
  const { service, logLevel } = settings();
  const wanted = logLevel === "warn" ? "warning" : logLevel;
  const threshold = wanted in LEVELS ? LEVELS[wanted as Severity] : LEVELS.info;
  if (LEVELS[severity] < threshold) return;
  process.stdout.write(
    `${JSON.stringify({ time: new Date().toISOString(), severity, service, message, ...fields })}\n`,
  );
}
