"""A worker process of the tests of outgoing effects, to be killed: python -m crm.records.tests.outgoing_worker ADDRESS MODE."""

import os
import sys
import time
import urllib.request

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")


def main(address: str, mode: str) -> None:
    """Send what is due to a server at ``address``; “before” and “after” hang there, for the parent to kill it."""
    django.setup()
    from crm.records.outgoing import outgoing_kind
    from crm.records.sending import send_due

    def send(outgoing):
        if mode == "before":
            print("hanging", flush=True)
            time.sleep(60)
        request = urllib.request.Request(address, data=b"{}", headers={"Idempotency-Key": outgoing.key})
        urllib.request.urlopen(request, timeout=5).read()
        if mode == "after":
            print("hanging", flush=True)
            time.sleep(60)

    outgoing_kind("test.once")(send)
    outgoing_kind("test.repeat", may_repeat=True)(send)
    send_due()
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
