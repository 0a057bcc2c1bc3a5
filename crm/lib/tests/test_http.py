"""The client for requests to other servers: where it may go, how long it waits, and how sure it is."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crm.lib.http import NoAnswer, NotReached, call


@pytest.fixture
def server():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"])), self.headers["X-Key"]))
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
            if self.path == "/large":
                for _block in range(100):
                    self.wfile.write(b"x" * 65536)
            elif self.path == "/slow":
                threading.Event().wait(3)
            else:
                self.wfile.write("好".encode())

        def log_message(self, *arguments):
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            pass

    running = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", seen
    running.shutdown()


@pytest.fixture
def own_network(settings):
    settings.OUTGOING_PRIVATE = ["127.0.0.0/8"]


def test_it_asks_and_hears(server, own_network):
    address, seen = server
    answer = call("POST", address + "/a", data=b"{}", headers={"X-Key": "k"})
    assert (answer.status, answer.text, answer.ok) == (200, "好", True)
    assert seen == [("/a", b"{}", "k")]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "http://",
        "nonsense",
    ],
)
def test_private_addresses_and_other_schemes_are_refused(url):
    with pytest.raises(NotReached):
        call("GET", url, seconds=2)


def test_only_the_named_network_is_allowed(server, settings):
    settings.OUTGOING_PRIVATE = ["10.0.0.0/8", "pbx.example.com"]
    with pytest.raises(NotReached):
        call("POST", server[0], data=b"")
    assert server[1] == []


def test_redirects_are_not_followed(server, own_network):
    assert call("POST", server[0] + "/away", data=b"").status == 302
    assert len(server[1]) == 1


def test_too_much_and_too_slow(server, own_network):
    with pytest.raises(NoAnswer, match="larger"):
        call("POST", server[0] + "/large", data=b"")
    with pytest.raises(NoAnswer):
        call("POST", server[0] + "/slow", data=b"", seconds=1)


def test_a_refused_connection_did_not_arrive_a_broken_one_may_have(own_network):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(NotReached):
            call("POST", f"http://127.0.0.1:{port}/", data=b"x", seconds=2)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def drop():
            connection, _address = server.accept()
            connection.recv(1000)
            connection.close()

        threading.Thread(target=drop, daemon=True).start()
        with pytest.raises(NoAnswer):
            call("POST", f"http://127.0.0.1:{server.getsockname()[1]}/", data=b"x", seconds=2)
