#!/usr/bin/env python3
"""An adapter of the DCM conformance suite for a peer of your own. Needs Python 3.9 and nothing else.

Fill in what says YOURS, and call `dcm-conformance run --target target.yaml` (transport: plaintext or
tls). The protocol is adapter.proto: requests on stdin; on stdout responses and nothing else.
"""

import json
import os
import socket
import subprocess
import sys
import time

# YOURS: the program, told where its configuration is.
COMMAND = ["./my-peer", "--config"]
# YOURS: what you claim, where a role that is not here is not tested; and what GetPeer names.
CLAIMS = [{"role": "destination", "level": 1}]
CAPABILITIES = ["guest.synthetic"]
START_SECONDS = 60


class Unsupported(Exception):
    """Cases that need it are not applicable."""


class Adapter:
    def __init__(self):
        self.prepared = None
        self.process = None

    def describe(self, request):
        return {
            "description": {
                "name": "my-peer 0.1",
                "claims": CLAIMS,
                "capabilities": CAPABILITIES,
                # 1 CreateGuest, 2 WritePages, 3 Pause, 4 Inspect, 5 Crash: those that you fill in.
                "operations": [5],
                "guests_outlive_crash": 0,  # YOURS: 1 where guests run on without their peer.
            }
        }

    def prepare(self, request):
        self.prepared = request
        # YOURS: write the configuration that your peer reads. The request has directory, name,
        # identity, listen, tls {ca, certificate, key} or nothing, peers [{name, identity,
        # endpoint}], operators [{identity}].
        with open(self.config(), "w", encoding="utf-8") as file:
            json.dump(request, file)

    def config(self):
        if self.prepared is None:
            raise RuntimeError("Prepare comes first.")
        return os.path.join(self.prepared["directory"], "config.json")

    def start(self, request):
        command = COMMAND + [self.config()]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        host, port = self.prepared["listen"].rsplit(":", 1)
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection((host, int(port)), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("The peer did not start.")

    def create_guest(self, request):
        raise Unsupported("YOURS: make a guest {name, memory_bytes, seed, writes_per_second}.")

    def write_pages(self, request):
        raise Unsupported("YOURS: write {page_count} pages of {guest} from {first_page} on.")

    def pause(self, request):
        raise Unsupported("YOURS: have {guest} stand still, or run on if {resume}.")

    def inspect(self, request):
        raise Unsupported("YOURS: give {'memory': {'blocks': [bytes, ...]}} of {guest}.")

    def crash(self, request):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, request):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


# ---- The messages of adapter.proto: for each field number its name and type; [type] is repeated.

TLS = {1: ("ca", str), 2: ("certificate", str), 3: ("key", str)}
KNOWN_PEER = {1: ("name", str), 2: ("identity", str), 3: ("endpoint", str)}
REQUEST = {
    1: ("describe", {}),
    2: ("prepare", {1: ("directory", str), 2: ("name", str), 3: ("identity", str),
                    4: ("listen", str), 5: ("tls", TLS), 6: ("peers", [KNOWN_PEER]),
                    7: ("operators", [KNOWN_PEER]), 8: ("operator_tls", TLS)}),
    3: ("start", {}),
    4: ("create_guest", {1: ("name", str), 2: ("memory_bytes", int), 3: ("seed", int),
                         4: ("writes_per_second", int)}),
    5: ("write_pages", {1: ("guest", str), 2: ("first_page", int), 3: ("page_count", int),
                        4: ("seed", int)}),
    6: ("pause", {1: ("guest", str), 2: ("resume", int)}),
    7: ("inspect", {1: ("guest", str), 2: ("migration_id", str)}),
    8: ("crash", {}),
    9: ("stop", {}),
}
RESPONSE = {
    1: ("failure", {1: ("unsupported", int), 2: ("sentence", str)}),
    2: ("description", {1: ("name", str), 2: ("claims", [{1: ("role", str), 2: ("level", int)}]),
                        3: ("capabilities", [str]), 4: ("operations", [int]),
                        5: ("silence_ms", int), 6: ("guests_outlive_crash", int)}),
    3: ("done", {}),
    4: ("memory", {1: ("blocks", [bytes])}),
}


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(kind, message):
    out = b""
    for number, (name, field) in kind.items():
        if name not in message:
            continue
        values = message[name] if isinstance(field, list) else [message[name]]
        field = field[0] if isinstance(field, list) else field
        for value in values:
            if field is int:
                out += varint(number << 3) + varint(int(value))
                continue
            body = (encode(field, value) if isinstance(field, dict)
                    else value.encode() if field is str else value)
            out += varint(number << 3 | 2) + varint(len(body)) + body
    return out


def decode(kind, data):
    message, at = {}, 0

    def number():
        nonlocal at
        result = shift = 0
        while True:
            byte, at = data[at], at + 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while at < len(data):
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        name, field = kind.get(tag >> 3, (None, None))
        repeated = isinstance(field, list)
        field = field[0] if repeated else field
        value = (decode(field, value) if isinstance(field, dict)
                 else value.decode() if field is str else value)
        if repeated:
            message.setdefault(name, []).append(value)
        elif name:
            message[name] = value
    return message


def answer(adapter, request):
    name, body = next(iter(decode(REQUEST, request).items()))
    try:
        return getattr(adapter, name)(body) or {"done": {}}
    except Unsupported as cannot:
        return {"failure": {"unsupported": 1, "sentence": str(cannot)}}
    except Exception as failed:
        return {"failure": {"unsupported": 0, "sentence": str(failed)}}


def main():
    adapter = Adapter()
    while len(length := sys.stdin.buffer.read(4)) == 4:
        request = sys.stdin.buffer.read(int.from_bytes(length, "big"))
        response = encode(RESPONSE, answer(adapter, request))
        sys.stdout.buffer.write(len(response).to_bytes(4, "big") + response)
        sys.stdout.buffer.flush()
    adapter.stop({})


if __name__ == "__main__":
    main()
