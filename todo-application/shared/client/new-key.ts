/** A random name, for an Idempotency-Key: `crypto.randomUUID` is not there on pages neither https nor localhost. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
