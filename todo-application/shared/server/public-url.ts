/** Links from one frontend to the other. */

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Give the address under which the reader of this page reaches the other frontend.
 *
 * A public address on localhost is only right for a browser on the same machine. Where the page was opened by
 * another host name, that name is kept and only the port is taken from the public address. The cookie belongs to a
 * host name too, so this also keeps the reader signed in.
 *
 * @param publicUrl the configured address, such as http://localhost:30001
 * @param pageHost the Host header of the request for this page, such as 192.168.49.2:30000
 */
export function publicUrlFor(publicUrl: string, pageHost: string | null): string {
  let url: URL;
  try {
    url = new URL(publicUrl);
  } catch {
    return "";
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return "";
  if (pageHost && LOOPBACK.has(url.hostname)) {
    try {
      url.hostname = new URL(`http://${pageHost}`).hostname;
    } catch {
      // A Host header that is no host: the configured address stands.
    }
  }
  return url.toString();
}
