/**
 * Serves what the build made for browsers (/_next/static) from files that were compressed once, at the build. Next.js
 * would compress each answer anew, in gzip only.
 */
const sirv = require("sirv");

const PREFIX = "/_next/static";

/** `folder` has the files, with NAME.br and NAME.gz beside each. Calls `next` for whatever it does not have. */
exports.assets = function assets(folder) {
  // Names hold a hash of the content: what they stand for never changes.
  const serve = sirv(folder, { brotli: true, gzip: true, immutable: true, maxAge: 31_536_000 });
  return function onRequest(request, response, next) {
    const { url } = request;
    if (!url.startsWith(`${PREFIX}/`)) return next();
    request.url = url.slice(PREFIX.length);
    return serve(request, response, () => {
      request.url = url;
      next();
    });
  };
};
