"""Says its version, and waits."""

import time

print("version 1")
while True:
    time.sleep(3600)
