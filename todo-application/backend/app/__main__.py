"""`python -m app`: see backend_common/server.py."""

from app.main import create_app
from app.settings import MIGRATIONS, SERVICE, Settings
from backend_common.server import main

if __name__ == "__main__":
    main(SERVICE, Settings, MIGRATIONS, create_app)
