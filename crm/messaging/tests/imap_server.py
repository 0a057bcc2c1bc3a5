"""A small IMAP4rev1 server on loopback, for tests: what a client of ours may ask, over a real connection."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import UTC, date, datetime

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Folder:
    """Mails by number; ``renumber`` is what a restored server does."""

    def __init__(self):
        self.uidvalidity, self.next, self.mails = 1, 1, {}

    def add(self, data: bytes, day: date | None = None) -> int:
        uid, self.next = self.next, self.next + 1
        self.mails[uid] = (data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), day or datetime.now(UTC).date())
        return uid

    def renumber(self):
        kept = list(self.mails.values())
        self.uidvalidity += 1
        self.next, self.mails = 1, {}
        for data, day in kept:
            self.add(data, day)


class ImapServer:
    """``folders["INBOX"].add(bytes)``; ``fetched`` lists the numbers that were read; ``before(uid)`` may raise to break off."""

    def __init__(self, user="li@example.com", password="secret"):
        self.user, self.password = user, password
        self.folders = {"INBOX": Folder()}
        self.fetched, self.sizes, self.logins = [], {}, 0
        self.drop_at, self.hang_at_login, self.refuse_uid = None, False, None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _finish(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader, writer):
        session = {"folder": None, "in": False}
        writer.write(b"* OK [CAPABILITY IMAP4rev1 ID] ready\r\n")
        try:
            while line := await reader.readline():
                tag, _space, rest = line.decode("utf-8", "replace").strip().partition(" ")
                if not await self._answer(tag, rest, writer, session):
                    break
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, tag, rest, writer, session):
        command, _space, arguments = rest.partition(" ")
        command = command.upper()
        if command == "UID":
            command, _space, arguments = arguments.partition(" ")
            command = "UID " + command.upper()
        method = getattr(self, "do_" + command.replace(" ", "_").lower(), None)
        if method is None or (not session["in"] and command not in {"CAPABILITY", "LOGIN", "LOGOUT", "ID", "NOOP"}):
            writer.write(f"{tag} BAD {command} is unknown here\r\n".encode())
            return True
        result = await method(arguments, writer, session)
        if result is None:
            return False
        writer.write(f"{tag} {result}\r\n".encode())
        return command != "LOGOUT"

    async def do_capability(self, _arguments, writer, _session):
        writer.write(b"* CAPABILITY IMAP4rev1 ID\r\n")
        return "OK done"

    async def do_noop(self, _arguments, _writer, _session):
        return "OK done"

    async def do_id(self, _arguments, writer, _session):
        writer.write(b'* ID ("name" "tests")\r\n')
        return "OK done"

    async def do_logout(self, _arguments, writer, _session):
        writer.write(b"* BYE\r\n")
        return "OK done"

    async def do_login(self, arguments, _writer, session):
        self.logins += 1
        if self.hang_at_login:
            await asyncio.sleep(3600)
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', arguments)]
        session["in"] = words == [self.user, self.password]
        return "OK in" if session["in"] else "NO [AUTHENTICATIONFAILED] wrong password"

    async def do_list(self, _arguments, writer, _session):
        for name in self.folders:
            writer.write(f'* LIST (\\HasNoChildren) "/" "{name}"\r\n'.encode())
        return "OK done"

    async def do_examine(self, arguments, writer, session):
        folder = self.folders.get(arguments.strip('"'))
        if folder is None:
            return "NO no such folder"
        session["folder"] = folder
        writer.write(f"* {len(folder.mails)} EXISTS\r\n* OK [UIDVALIDITY {folder.uidvalidity}] ok\r\n".encode())
        return "OK [READ-ONLY] done"

    async def do_uid_search(self, arguments, writer, session):
        mails = session["folder"].mails
        low = int(re.search(r"UID (\d+):\*", arguments).group(1))
        found = [uid for uid in mails if uid >= low] or ([max(mails)] if mails else [])
        if since := re.search(r"SINCE (\d+)-(\w+)-(\d+)", arguments):
            day = date(int(since[3]), MONTHS.index(since[2]) + 1, int(since[1]))
            found = [uid for uid in found if mails[uid][1] >= day]
        writer.write(("* SEARCH " + " ".join(map(str, found))).encode().rstrip() + b"\r\n")
        return "OK done"

    async def do_uid_fetch(self, arguments, writer, session):
        numbers, _space, items = arguments.partition(" ")
        mails = session["folder"].mails
        for number, uid in enumerate(sorted(mails), 1):
            if uid not in set(map(int, numbers.split(","))):
                continue
            data = mails[uid][0]
            if "RFC822.SIZE" in items:
                writer.write(f"* {number} FETCH (UID {uid} RFC822.SIZE {self.sizes.get(uid, len(data))})\r\n".encode())
                continue
            if self.drop_at == uid:
                self.drop_at = None
                return None
            if self.refuse_uid == uid:
                return "NO can't read it"
            part = re.search(r"BODY\.PEEK\[\](?:<0\.(\d+)>)?", items)
            self.fetched.append(uid)
            name = "BODY[]<0>" if part[1] else "BODY[]"
            data = data[: int(part[1])] if part[1] else data
            writer.write(f"* {number} FETCH (UID {uid} {name} {{{len(data)}}}\r\n".encode() + data + b")\r\n")
        return "OK done"
