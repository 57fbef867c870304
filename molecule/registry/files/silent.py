"""A server that accepts every connection and never answers. Usage: silent.py PORT FOLDER

The folder is there to be seen in the command line.
"""

import socket
import sys

held = []
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        held.append(server.accept()[0])
