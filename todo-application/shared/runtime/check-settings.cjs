/** Says what is wrong with the settings before anything starts: a server that can only fail must not look alive. */

const ADDRESSES = ["TODO_API_URL", "CHATBOT_API_URL", "TODO_PUBLIC_URL", "CHATBOT_PUBLIC_URL"];
const LEVELS = ["debug", "info", "warn", "warning", "error"];

/** Why the value is no address, or nothing. A backend's address has no path: requests bring their own. */
function addressProblem(value, mayHavePath) {
  const needed = `needed is an address such as http://${mayHavePath ? "localhost:30000" : "todo-backend:8000"}`;
  let url;
  try {
    url = new URL(value);
  } catch {
    return needed;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return needed;
  if (url.username || url.password) return "it must not have a user or a password";
  if (!mayHavePath && (url.pathname !== "/" || url.search || url.hash)) return `${needed}, without a path`;
}

/** Give one sentence for each variable of `env` that cannot be used. Unset and empty ones have defaults. */
exports.problems = function problems(env) {
  const found = [];
  const check = (name, problemOf) => {
    const value = env[name]?.trim();
    const problem = value && problemOf(value);
    // An address may hold a password.
    if (problem) found.push(`${name} is ${/@/.test(value) ? "not usable" : JSON.stringify(value)}: ${problem}`);
  };
  for (const name of ADDRESSES) check(name, (value) => addressProblem(value, name.endsWith("PUBLIC_URL")));
  for (const name of ["SHUTDOWN_DRAIN_SECONDS", "SHUTDOWN_GRACE_SECONDS"]) {
    check(name, (value) => (/^\d+(\.\d+)?$/.test(value) ? "" : "needed is a number of seconds, 0 or more"));
  }
  check("PORT", (value) => (/^\d+$/.test(value) && Number(value) < 65536 ? "" : "needed is a port, 0 to 65535"));
  check("LOG_LEVEL", (value) => (LEVELS.includes(value.toLowerCase()) ? "" : `needed is one of ${LEVELS.join(", ")}`));
  check("CHATKIT_DOMAIN_KEY", (value) =>
    /^[\w.-]{1,200}$/.test(value)
      ? ""
      : "needed is the key that OpenAI gave for the page's domain, such as domain_pk_1a2b",
  );
  return found;
};
