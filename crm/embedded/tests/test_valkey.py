import redis

from crm.embedded.valkey import Valkey


def test_what_was_written_is_there_after_a_restart_and_no_port_is_open(data):
    for expected in (None, b"kept"):
        server = Valkey(data)
        server.start()
        try:
            client = redis.Redis(unix_socket_path=str(server.socket))
            assert client.get("key") == expected
            assert client.config_get("port") == {"port": "0"}
            client.set("key", "kept")
            client.close()
        finally:
            server.stop()
        assert server.child.returncode == 0
