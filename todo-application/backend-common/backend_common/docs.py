"""/docs: Swagger UI on the description in /openapi.json. Its files come from a Python package, not from elsewhere."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.responses import FileResponse, HTMLResponse

from backend_common.documented import SECURITY_SCHEMES, TEXT
from backend_common.errors import ApiError

router = APIRouter(include_in_schema=False)

# Only what this page is made of; Swagger UI sets styles of elements and shows its icons from data: addresses.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Found without importing the package: only the files in it are used.
STATIC = Path(find_spec("fastapi_offline").submodule_search_locations[0]) / "static"
FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}


@router.get("/docs")
async def page(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(PAGE.format(title=request.app.title), headers=HEADERS)


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    """What the page loads."""
    if name == "start.js":
        return Response(START, media_type="text/javascript", headers=HEADERS)
    if name not in FILES:
        raise ApiError(404, "not_found", "The documentation has no such file.")
    return FileResponse(STATIC / name, media_type=FILES[name], headers=HEADERS)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once; set it as `app.openapi`."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description.strip(), routes=app.routes, tags=None
        )
        document.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
        for path in document["paths"].values():
            for operation in path.values():
                for response in operation["responses"].values():
                    response.setdefault("headers", {})["X-Request-ID"] = {"schema": TEXT, "required": True}
        app.openapi_schema = document
    return app.openapi_schema
