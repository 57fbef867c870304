/** The body of a backend's answer on its way to the browser. */
import type { IncomingMessage } from "node:http";

/**
 * Give the body as a stream that breaks off when the backend sends nothing for `idleMs`; `onStall` is told then.
 *
 * Only the wait for the backend counts: a slow reader takes all the time it needs. Event streams may be silent.
 */
export function bodyOfAnswer(answer: IncomingMessage, idleMs: number, onStall: () => void): ReadableStream<Uint8Array> {
  const chunks = answer[Symbol.asyncIterator]();
  const patient = answer.headers["content-type"]?.startsWith("text/event-stream") === true;
  return new ReadableStream({
    async pull(controller) {
      const stall = () => {
        onStall();
        answer.destroy(new Error("the backend stopped in the middle of its answer"));
      };
      const timer = patient ? undefined : setTimeout(stall, idleMs);
      try {
        const { value, done } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error);
      } finally {
        clearTimeout(timer);
      }
    },
    cancel() {
      answer.destroy();
    },
  });
}
