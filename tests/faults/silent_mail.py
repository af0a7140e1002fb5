"""A mail server that takes connections and never says a word."""

import socket
import threading


class SilentMail:
    """Listens on a port of loopback; what connects is held until the end."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.held = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                self.held.append(self._listener.accept()[0])
            except OSError:
                return

    def stop(self):
        # Closing alone would not wake the thread.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()
        for connection in self.held:
            connection.close()
