# To be sourced, with bash or sh: with TODO_CA_BUNDLE set, pip, npm, curl and Go trust the authorities in that file beside
# those that they trusted before. Proxies need nothing: HTTPS_PROXY and NO_PROXY are known to all of them.
if [ -n "${TODO_CA_BUNDLE:-}" ]; then
  if ! grep -q -- '-----BEGIN CERTIFICATE-----' "$TODO_CA_BUNDLE" 2>/dev/null; then
    echo "TODO_CA_BUNDLE: found $TODO_CA_BUNDLE without a readable certificate; needed a file (PEM) of certificate" >&2
    echo "authorities. Correct the path, or unset it for no extra authority." >&2
    exit 1
  fi
  if [ -z "${TODO_AUTHORITIES:-}" ]; then # once, however many scripts call one another
    TODO_AUTHORITIES=$(mktemp); authorities_made=$TODO_AUTHORITIES
    trap 'rm -f "$authorities_made"' EXIT
    for bundle in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
      /etc/ssl/cert.pem; do
      if [ -n "$bundle" ] && [ -f "$bundle" ]; then cat "$bundle" >>"$TODO_AUTHORITIES"; break; fi
    done
    { echo; cat "$TODO_CA_BUNDLE"; } >>"$TODO_AUTHORITIES"
    chmod 644 "$TODO_AUTHORITIES" # apt fetches as a user of its own
    export TODO_AUTHORITIES PIP_CERT="$TODO_AUTHORITIES" SSL_CERT_FILE="$TODO_AUTHORITIES"
    export REQUESTS_CA_BUNDLE="$TODO_AUTHORITIES" CURL_CA_BUNDLE="$TODO_AUTHORITIES" NODE_EXTRA_CA_CERTS="$TODO_AUTHORITIES"
  fi
fi
