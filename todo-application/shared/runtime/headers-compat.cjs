/** Debian builds Node 18 with a fetch whose Headers lack getSetCookie, which Next.js' headers() needs. */
if (typeof Headers.prototype.getSetCookie !== "function") {
  Object.defineProperty(Headers.prototype, "getSetCookie", {
    configurable: true,
    writable: true,
    value: function getSetCookie() {
      // Cookies are joined by commas, and dates have commas too: a new one begins with NAME=.
      return (this.get("set-cookie") ?? "")
        .split(/,(?=\s*[^\s;,=]+=)/)
        .map((cookie) => cookie.trim())
        .filter(Boolean);
    },
  });
}
