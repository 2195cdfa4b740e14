#!/usr/bin/env python3
"""What of the writes that Rolecall acknowledged is missing afterwards, and how long did it acknowledge none?

Makes users for some time through one address, each once and never again, and asks for decisions beside it. Then it reads
every acknowledged user by every address given. Ends with 1 if one is missing.
"""

import argparse
import http.client
import json
import os
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

TIMEOUT = 15  # seconds for one request


class Client:
    """One connection, made anew after whatever failed."""

    def __init__(self, url, key):
        self.address, self.key, self.connection = urlsplit(url).netloc, key, None

    def ask(self, method, path, body=None):
        """Status and body; instead of a status the kind of failure."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT)
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            self.connection.request(method, path, body and json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return type(error).__name__, None


class Loop(threading.Thread):
    """Asks the same again and again, and notes when an answer was as expected."""

    def __init__(self, client, end, pause, ask, good):
        super().__init__()
        self.client, self.end, self.pause, self.make, self.good = client, end, pause, ask, good
        self.answers, self.times, self.kept = Counter(), [time.monotonic()], []

    def run(self):
        number = 0
        while time.monotonic() < self.end:
            number += 1
            status, body = self.client.ask(*self.make(number))
            self.answers[status] += 1
            if self.good(status, body):
                self.times.append(time.monotonic())
                self.kept.append(body)
            time.sleep(self.pause)
        self.times.append(time.monotonic())


def longest_gap(loops):
    """The longest time in which none of them had a good answer, and when it began."""
    times = sorted(moment for loop in loops for moment in loop.times)
    return max((after - before, before - times[0]) for before, after in zip(times, times[1:]))


def report(what, loops):
    gap, begin = longest_gap(loops)
    answers = sum((loop.answers for loop in loops), Counter())
    counts = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items(), key=str))
    print(f"{what}: {counts}; longest time without a good one {gap:.1f} s, from {begin:.1f} s on", flush=True)


def missing(acknowledged, url, key):
    """Whom an address does not know. Asked again while it cannot answer, within a minute."""
    client, gone, end = Client(url, key), [], time.monotonic() + 60
    for user in acknowledged:
        while (status := client.ask("GET", f"/api/v1/users/{user}")[0]) not in (200, 404):
            if time.monotonic() > end:
                raise SystemExit(f"{url} does not answer: {status}")
            time.sleep(0.5)
        if status == 404:
            gone.append(user)
    return gone


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", metavar="URL", required=True, help="the address to write and to ask by")
    parser.add_argument("--read", metavar="URL", nargs="+", required=True, help="addresses to read by afterwards")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--writers", type=int, default=4)
    arguments = parser.parse_args()
    key = os.environ["KEY"]
    end, run = time.monotonic() + arguments.seconds, f"{time.time_ns():x}"

    def new_user(writer):
        return lambda number: ("POST", "/api/v1/users", {"subject": f"{run}-{writer}-{number}", "name": "Witness"})

    status, me = Client(arguments.write, key).ask("GET", "/api/v1/users/me")
    if status != 200:
        raise SystemExit(f"{arguments.write} does not know the key in KEY: {status}")
    question = {
        "subject": {"type": "user", "id": me["id"]},
        "action": {"name": "admin.users"},
        "resource": {"type": "tenant", "id": me["tenantId"]},
    }
    writers = [
        Loop(Client(arguments.write, key), end, 0.02, new_user(number), lambda status, _: status == 201)
        for number in range(arguments.writers)
    ]
    asker = Loop(
        Client(arguments.write, key),
        end,
        0.05,
        lambda _: ("POST", "/access/v1/evaluation", question),
        lambda status, body: status == 200 and body["decision"] is True,
    )
    for loop in [*writers, asker]:
        loop.start()
    for loop in [*writers, asker]:
        loop.join()
    report("writes", writers)
    report("decisions", [asker])
    acknowledged = [user["id"] for loop in writers for user in loop.kept]
    lost = {url: missing(acknowledged, url, key) for url in arguments.read}
    for url, users in lost.items():
        print(f"{url}: {len(users)} missing of {len(acknowledged)} acknowledged", *users[:10])
    if not acknowledged or any(lost.values()):
        raise SystemExit(1)


main()
