"""What every backend of this application is built on; a backend itself is the package `app`."""
