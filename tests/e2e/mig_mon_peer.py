#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One end of the stream of `mig_mon vm`, the original one or hostile: mig_mon_peer.py WHAT PORT [ARGUMENT]"""

import socket
import struct
import sys

PAGE = b"p" * 4096
SEND_PAGE, REQ_PAGE, HANDSHAKE, HELLO = 0x123, 0x124, 0x125, 0x126
VM_PAGES = 2**40 // 4096


def header(magic, index=0):
    return struct.pack("=QQ", magic, index)


def hello(page_size=4096, flags=0, vm_size=2**30, session=1, channel=0, channels=1, size=40, version=1, reason=0):
    return header(HELLO, reason) + struct.pack("=IIIIQQII", size, version, page_size, flags, vm_size, session, channel, channels)


def read(s, size):
    data = b""
    while len(data) < size:
        got = s.recv(size - len(data))
        if not got:
            raise SystemExit(f"closed after {len(data)} of {size} bytes")
        data += got
    return data


def read_header(s):
    return struct.unpack("=QQ", read(s, 16))


def read_page(s):
    magic, index = read_header(s)
    assert magic == SEND_PAGE, hex(magic)
    read(s, 4096)
    return index


def until_closed(s):
    try:
        while s.recv(1 << 16):
            pass
    except OSError:
        pass


def accept(port):
    listening = socket.create_server(("127.0.0.1", port))
    print("waiting", flush=True)
    return listening.accept()[0]


# Destinations.


def destination(port):
    """Precopy: pages in order and nothing else. Goes after 1000."""
    s = accept(port)
    assert [read_page(s) for _ in range(1000)] == list(range(1000))


def destination_postcopy(port):
    """Both streams: one requested page between the others."""
    s = accept(port)
    assert read_header(s) == (HANDSHAKE, 0)
    wanted = 7000000
    s.sendall(header(REQ_PAGE, wanted))
    # What was on its way before the request comes first; how much that is depends on the source.
    pages = []
    while wanted not in pages and len(pages) < 50000:
        pages.append(read_page(s))
    pages += [read_page(s) for _ in range(100)]
    pages.remove(wanted)
    assert pages == list(range(len(pages))), pages[:10]


def destination_all(port, pages):
    """All bytes of a stream that ends by itself, compared."""
    s = accept(port)
    count, passes = map(int, pages.split("x"))
    for n in range(count * passes):
        assert read_page(s) == n % count
    assert s.recv(1) == b"", "more than was expected"


def destination_silent(port):
    """Requests nothing: precopy has to go on."""
    s = accept(port)
    assert read_header(s) == (HANDSHAKE, 0)
    for _ in range(20000):
        read_page(s)


def destination_nonsense(port):
    s = accept(port)
    s.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    until_closed(s)


def destination_floods(port):
    s = accept(port)
    try:
        while True:
            s.sendall(header(REQ_PAGE, 1) * 1000)
    except OSError:
        pass


def answers_hello(port, how):
    """What may come back for a HELLO."""
    s = accept(port)
    assert read(s, 56)[:16] == header(HELLO)
    if how == "closes":
        return
    if how == "refuses":
        s.sendall(hello(reason=14) + b"not on Sundays")
    elif how == "endless":
        s.sendall(hello(reason=2**40) + b"x" * 5000)
    elif how == "nonsense":
        s.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    until_closed(s)


# Sources.


def source(s):
    s.sendall(header(HANDSHAKE))
    for n in range(100):
        magic, index = read_header(s)
        assert magic == REQ_PAGE and index < VM_PAGES, (hex(magic), index)
        s.sendall(header(SEND_PAGE, n) + PAGE)
        answer = header(SEND_PAGE, index) + PAGE
        s.sendall(answer[:3000])
        s.sendall(answer[3000:])


def says(*messages):
    def send(s):
        try:
            for message in messages:
                s.sendall(message)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        until_closed(s)
    return send


def refused(*messages):
    """Prints the reason that comes for the last of these HELLOs."""
    def send(s):
        s.sendall(b"".join(messages))
        for _ in messages:
            magic, length = read_header(s)
            assert magic == HELLO
            read(s, 40)
            print("reason:", read(s, length).decode())
    return send


def reset(s):
    s.sendall(header(HANDSHAKE))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hurries_and_stops(s):
    """Fast, and then a message that is alone: it must not wait for more."""
    s.settimeout(5)
    block = b"".join(header(SEND_PAGE, n) + PAGE for n in range(256))
    for _ in range(300):
        s.sendall(block)
    s.sendall(header(HANDSHAKE))
    for _ in range(3):
        magic, index = read_header(s)
        assert magic == REQ_PAGE
        s.sendall(header(SEND_PAGE, index) + PAGE)


SOURCES = {
    "source": source,
    "hurries-and-stops": hurries_and_stops,
    "reset": reset,
    "nonsense": says(b"GET / HTTP/1.0\r\n\r\n" * 1000),
    "endian": says(struct.pack(">QQ", SEND_PAGE, 0) + PAGE),
    "page-size": says(header(SEND_PAGE) + PAGE * 2 + header(SEND_PAGE, 1) + PAGE * 2),
    "beyond": says(header(SEND_PAGE, 2**62) + PAGE),
    "half": says(header(SEND_PAGE) + PAGE[:100]),
    "half-hello": says(hello()[:30]),
    "large-hello": says(hello(size=2**32 - 1) + b"x" * 100000),
    "late-hello": says(header(SEND_PAGE) + PAGE + hello()),
    "hello-page-size": refused(hello(page_size=12345)),
    "hello-vm": refused(hello(vm_size=2**63)),
    "hello-flags": refused(hello(flags=1 << 20)),
    "hello-channels": refused(hello(channels=2**32 - 1)),
}
DESTINATIONS = {f.__name__: f for f in (destination, destination_postcopy, destination_all, destination_silent,
                                        destination_nonsense, destination_floods, answers_hello)}

what, port = sys.argv[1], int(sys.argv[2])
if what in DESTINATIONS:
    DESTINATIONS[what](port, *sys.argv[3:])
else:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        SOURCES[what](connection)
print("as it should be", flush=True)
