"""For test_openapi.py: a key used for another body is refused, and rightly so; here each request has its own."""

import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[ -~]{1,200}", key):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
