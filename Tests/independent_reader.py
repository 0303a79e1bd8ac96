#!/usr/bin/python3
"""Reads a Daybook log as docs/log-format.md describes it; knows nothing of the program's sources.

    independent_reader.py DIR             every event as a line of JSON, as `daybook log replay`
    independent_reader.py DIR --records   every record: its LSN, its bytes in hexadecimal
    independent_reader.py DIR --check     the head as LSN:HASH, as `daybook log verify` has it

Needs Python 3.9 and its package lz4 (Debian: python3-lz4). Reads what lies there at this moment: stop
the daemon or take a copy. Exit code 79: damaged; 78: a later format, or a record that is no event.
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Iterator

import lz4.block

HEADER = struct.Struct("<2I8s4I16s4Qq3Q32sQ")
Header = namedtuple("Header", "frame size magic crc version incompatible compatible log salt epoch "
                    "number first creation length last_lsn last_group hash written_length")
BLOCK = struct.Struct("<2I4s5IQI2H2Qq2I")
Block = namedtuple("Block", "frame size magic crc stored raw body_crc flags first count place "
                   "places group epoch time crc_before zero")
FOOTER = struct.Struct("<2I4sI6Q2I32s")
Footer = namedtuple("Footer", "frame size magic crc blocks count raw last_lsn last_group epoch "
                    "crc_before zero hash")
# What a segment says about the one before it.
End = namedtuple("End", "length last_lsn last_group hash", defaults=(0, 0, 0, bytes(32)))
BLOCK_FRAME, FOOTER_FRAME, REST_FRAME = 0x184D2A51, 0x184D2A52, 0x184D2A5F
LZ4_START, LZ4_END, PLAIN_BIT = bytes.fromhex("04224d18607073"), bytes(4), 1 << 31
PLAIN, MARK, PACKED = 1, 2 | 4, 1


class Damage(Exception):
    """Bytes that no writer leaves behind."""


class Tearable(Damage):
    """Bytes that a write cut short by a crash can leave behind."""


class NotUnderstood(Exception):
    """A later format, or a record that is no event."""


def demand(truth: bool, what: str, kind: type[Exception] = Damage) -> None:
    if not truth:
        raise kind(what)


def crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0x82F63B78 * (value & 1)
    return value


CRC_TABLE = [crc_of_byte(value) for value in range(256)]


def crc32c(data: bytes, before: int = 0) -> int:
    """The CRC-32C of `data`, going on from the CRC of what came before it."""
    crc = ~before & 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return ~crc & 0xFFFFFFFF


class Segment:
    """One file, walked from its header to its end; the fields say where the walk stands."""

    def __init__(self, path: Path, number: int, before: End, log: bytes | None, is_last: bool):
        self.data, self.is_last = path.read_bytes(), is_last
        head = self.data[:4096]
        demand(len(head) == 4096, "too short for a header")
        self.header = header = Header._make(HEADER.unpack_from(head))
        demand(header.magic == b"DAYBKLOG", "no segment of a log")
        demand(crc32c(head[20:], crc32c(head[:16])) == header.crc, "checksum of the header")
        known = {1: 0, 2: PACKED}.get(header.version)
        demand(known is not None and not header.incompatible & ~known,
               f"{path}: format {header.version}, flags {header.incompatible:x}", NotUnderstood)
        self.is_packed = header.incompatible & PACKED != 0
        demand(header.number == number, f"number {header.number}, not {number}")
        demand(header.first == before.last_lsn + 1 == int(path.stem), "first LSN")
        demand(header.log == (log or header.log), "belongs to another log")
        demand(header[13:17] == before, "does not follow the segment before")
        opening = b"DAYBKRAW" + struct.pack("<Q16s2Q32s", header.version, header.log, number,
                                            header.first, before.hash)
        frame = LZ4_START + struct.pack("<I", len(opening) | PLAIN_BIT) + opening + LZ4_END
        demand(head.endswith(frame), "opening of the raw stream")
        self.hash, self.raw = hashlib.sha256(opening), len(opening)
        self.seed = (header.salt ^ header.salt >> 32) & 0xFFFFFFFF
        self.offset, self.next_lsn, self.blocks = len(head), header.first, 0
        # The header stands before the first block as a whole group would.
        self.before = Block._make([0] * 17)._replace(
            crc=header.crc, places=1, group=header.last_group, epoch=header.epoch)
        self.is_sealed, self.torn = False, ""

    def records(self) -> Iterator[bytes]:
        try:
            while self.has_more():
                demand(not self.is_sealed, "a block behind the footer")
                if self.word(self.offset) == BLOCK_FRAME:
                    yield from self.take_block()
                else:
                    self.take_footer()
        except Tearable as defect:
            demand(self.is_last and not self.is_packed and not self.is_synced_behind(), str(defect))
            # Behind a footer it is what a crash left of the rest: nothing is missing.
            self.torn = "" if self.is_sealed else str(defect)
        demand(self.is_sealed or self.is_last and not self.is_packed, "the footer is missing")
        demand(not self.is_packed or self.offset == len(self.data), "bytes behind the footer")

    def end(self) -> End:
        length = self.header.written_length if self.is_packed else self.offset
        return End(length, self.next_lsn - 1, self.before.group, self.hash.digest())

    def word(self, offset: int) -> int:
        return int.from_bytes(self.data[offset:offset + 4], "little")

    def has_more(self) -> bool:
        start = self.offset
        if self.word(start) in (BLOCK_FRAME, FOOTER_FRAME):
            return True
        if self.word(start) == REST_FRAME:
            start += 8
            demand(self.word(start - 4) == len(self.data) - start, "length of the rest", Tearable)
        demand(not self.data[start:].strip(b"\0"), "bytes behind the last group", Tearable)
        return False

    def unpack(self, layout: struct.Struct, magic: bytes, offset: int) -> tuple[Any, ...]:
        data = self.data[offset:offset + layout.size]
        demand(len(data) == layout.size, "a header or footer that is cut short", Tearable)
        fields = layout.unpack(data)
        demand(fields[1:3] == (layout.size - 8, magic), "no header or footer", Tearable)
        demand(fields[3] == crc32c(data[16:], self.seed), "checksum of a header or footer", Tearable)
        return fields

    def take_block(self) -> Iterator[bytes]:
        block, before = Block._make(self.unpack(BLOCK, b"DBB1", self.offset)), self.before
        is_mark, is_plain = block.flags & MARK != 0, block.flags & PLAIN != 0
        if is_mark:
            sound = block.stored == block.raw == block.count == 0 and not is_plain
        else:
            sound = (1 <= block.stored <= block.raw <= min(4 << 20, 256 * block.stored + 64)
                     and is_plain == (block.stored == block.raw) and 2 <= 2 * block.count <= block.raw)
        demand(sound and block.flags < 8 and block.place < block.places, "limits of a block")
        start = self.offset + BLOCK.size
        end = start + (0 if is_mark else len(LZ4_START) + 4 + block.stored + len(LZ4_END))
        demand(end <= len(self.data), "a block that is cut short", Tearable)
        frame = self.data[start:end]
        demand(crc32c(frame) == block.body_crc, "checksum of a block", Tearable)
        demand(block.first == self.next_lsn, f"LSN {block.first}, not {self.next_lsn}")
        demand(block.crc_before == before.crc, "a block that follows another one")
        demand(block.epoch >= before.epoch, "an epoch that goes back")
        if self.is_packed:
            in_order = block.group >= before.group and block.places == 1 and not is_mark
        elif before.place + 1 == before.places or is_mark and block.epoch > before.epoch:
            in_order = (block.group, block.place) == (before.group + 1, 0)
        else:
            in_order = (block.group, block.place) == (before.group, before.place + 1)
        demand(in_order, "a group that is not the next")
        raw = b"" if is_mark else self.content(frame, block, is_plain)
        self.offset, self.before, self.raw = end, block, self.raw + len(raw)
        if not is_mark:
            self.blocks += 1
            yield from self.split(raw, block)

    @staticmethod
    def content(frame: bytes, block: Block, is_plain: bool) -> bytes:
        start = LZ4_START + struct.pack("<I", block.stored | PLAIN_BIT * is_plain)
        demand(frame.startswith(start) and frame.endswith(LZ4_END), "LZ4 frame of a block")
        raw = frame[len(start):-len(LZ4_END)]
        try:
            raw = raw if is_plain else lz4.block.decompress(raw, uncompressed_size=block.raw)
        except lz4.block.LZ4BlockError as error:
            raise Damage(f"LZ4 frame of a block: {error}") from None
        demand(len(raw) == block.raw, "raw length of a block")
        return raw

    def split(self, raw: bytes, block: Block) -> Iterator[bytes]:
        reader = Reader(raw)
        if self.header.version == 1:
            marker = b"DBM1" + struct.pack("<I2Qq", block.count, block.group, block.first, block.time)
            demand(raw.startswith(marker), "marker of a raw block")
            reader.take(len(marker))
            self.hash.update(marker)
        for _ in range(block.count):
            start = reader.offset
            try:
                record = reader.blob()
            except NotUnderstood as error:
                raise Damage(f"length of record {self.next_lsn}: {error}") from None
            demand(1 <= len(record) <= 262_144, f"length of record {self.next_lsn}")
            self.hash.update(raw[start:reader.offset])
            self.next_lsn += 1
            yield record
        demand(reader.offset == len(raw), "bytes behind the last record of a block")

    def take_footer(self) -> None:
        footer = Footer._make(self.unpack(FOOTER, b"DBF1", self.offset))
        last, before = self.next_lsn - 1, self.before
        if self.is_packed and footer.last_group > before.group:
            # Marks are left out of a packed segment; their groups still count.
            before = before._replace(group=footer.last_group)
        demand(footer[4:9] == (self.blocks, last + 1 - self.header.first, self.raw, last, before.group)
               and footer.crc_before == before.crc, "counts of the footer")
        demand(footer.hash == self.hash.digest(), "hash of the raw stream")
        self.offset, self.before = self.offset + FOOTER.size, before
        self.is_sealed = True

    def is_synced_behind(self) -> bool:
        """Whether something behind here shows that what stands here had been synced."""
        in_flight = self.before.group + (self.before.place + 1 == self.before.places)
        for found in re.finditer(rb"[QR]\x2a\x4d\x18", self.data[self.offset + 1:]):
            offset = self.offset + 1 + found.start()
            try:
                if self.word(offset) == FOOTER_FRAME:
                    return bool(self.unpack(FOOTER, b"DBF1", offset))
                if Block._make(self.unpack(BLOCK, b"DBB1", offset)).group > in_flight:
                    return True
            except Damage:
                continue
        return False


class Log:
    """The segments of a data directory; `head` and `torn` tell the end once all were read."""

    def __init__(self, directory: Path):
        names = re.compile(r"\d{20}\.lz4")
        self.paths = sorted(p for p in (directory / "log").iterdir() if names.fullmatch(p.name))
        self.head, self.torn = End(), ""

    def records(self) -> Iterator[tuple[int, bytes]]:
        log = None
        for number, path in enumerate(self.paths, start=1):
            try:
                segment = Segment(path, number, self.head, log, path == self.paths[-1])
                for record in segment.records():
                    yield segment.next_lsn - 1, record
            except Damage as defect:
                raise Damage(f"{path}: {defect}") from None
            self.head, self.torn, log = segment.end(), segment.torn, segment.header.log


class Reader:
    """Takes one field after another."""

    def __init__(self, data: bytes):
        self.data, self.offset = data, 0

    def take(self, count: int) -> bytes:
        demand(count <= len(self.data) - self.offset, "it ends too early", NotUnderstood)
        self.offset += count
        return self.data[self.offset - count:self.offset]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            is_shortest = not (shift == 63 and byte > 1 or shift and not byte)
            demand(is_shortest, "a number is not in its shortest form", NotUnderstood)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def blob(self) -> bytes:
        return self.take(self.varint())

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.offset)


# Kind: name, known flags, fields in the record's order; `2?` stands before what flag 2 announces.
REFERENCE = "submittedLSN:lsn previousLSN:lsn "
KINDS = {
    1: ("Submitted", 7, "flags priority:byte 1?executionTime:time user:text job:text type:text"
        " maxRetries:count initialSeconds:span factor:percent maxSeconds:span leaseSeconds:span"
        " 4?runLimitSeconds:span contentType:text 2?resultLocation:text payload:blob"),
    2: ("Claimed", 0, REFERENCE + "leaseSeconds:span worker:text"),
    3: ("Processing", 0, REFERENCE),
    4: ("Heartbeat", 3, REFERENCE + "leaseSeconds:span flags 1?progress:json 2?checkpoint:json"),
    5: ("Succeeded", 1, REFERENCE + "flags 1?message:text"),
    6: ("RetriableFailed", 1, REFERENCE + "reason:reason retryAt:time flags 1?message:text"),
    7: ("FatalFailed", 3, REFERENCE + "reason:reason flags 1?message:text"),
    8: ("Cancelled", 0, REFERENCE),
}
# The second encoding has the hash of the job's key behind the reference; `_` is not shown.
KINDS |= {kind + 15: (name, flags, layout.replace("previousLSN:lsn", "previousLSN:lsn _:hash"))
          for kind, (name, flags, layout) in KINDS.items() if kind > 1}
REFERENCE += "_:hash "
KINDS |= {
    16: ("Submitted", 3, ""),
    23: ("Cancelled", 0, REFERENCE + "reason:cancel"),
    24: ("Redriven", 0, REFERENCE + "dueAt:time"),
    25: ("Rescheduled", 3, REFERENCE + "flags 1?priority:byte 2?executionTime:time"),
    26: ("Ticked", 1, REFERENCE + "at:time outcome:outcome missedCount:word _:hash flags"
         " 1?next:time"),
    27: ("ControlChanged", 15, "scope:scope flags 2?waitingMax:word 4?runningMax:word"),
}
# How the JSON orders them.
MEMBERS = """lsn time event submittedLSN previousLSN user job type at outcome missedCount next dueAt
    executionTime expiresAt priority payload payloadBase64 contentType resultLocation maxRetries
    backoff worker leaseSeconds runLimitSeconds leaseExpiriesMax recurrence firstTick progress
    checkpoint reason message retryAt retriesExhausted scope name reset paused
    waitingMax runningMax""".split()
CANCEL_REASONS = ("requested", "expired")
OUTCOMES = ("submitted", "queued", "overlapped", "missed", "taken")
SCOPES = ("user", "type", "everyUser")
OVERLAPS = ("skip", "queue", "allow")
REASONS = ("reported", "leaseExpired", "runLimitExceeded", "poison")
VALUES = {
    "byte": lambda reader: reader.number(1),
    "lsn": lambda reader: reader.number(8),
    "count": lambda reader: reader.varint(),
    "span": lambda reader: decimal(reader.varint() / 1e6),
    "percent": lambda reader: decimal(reader.varint() / 100),
    "time": lambda reader: quoted(moment(reader.take(8))),
    "text": lambda reader: quoted(reader.blob().decode()),
    "reason": lambda reader: quoted(REASONS[reader.number(1)]),
    "json": lambda reader: compact(reader.blob()),
    "blob": lambda reader: reader.blob(),
    "word": lambda reader: reader.number(4),
    "hash": lambda reader: reader.number(4),
    "cancel": lambda reader: quoted(CANCEL_REASONS[reader.number(1)]),
    "outcome": lambda reader: quoted(OUTCOMES[reader.number(1)]),
    "scope": lambda reader: SCOPES[reader.number(1)],
}


def moment(field: bytes) -> str:
    time = datetime(1970, 1, 1) + timedelta(microseconds=int.from_bytes(field, "little", signed=True))
    digits = f".{time.microsecond:06}".removesuffix("000") if time.microsecond else ""
    return f"{time.replace(microsecond=0).isoformat()}{digits}Z"


def decimal(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def quoted(text: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    plain = (short.get(c) or (c if c >= " " else f"\\u{ord(c):04x}") for c in text)
    return f'"{"".join(plain)}"'


def compact(text: bytes) -> str:
    """JSON without the white space between its parts."""
    return b"".join(re.findall(rb'"(?:[^"\\]|\\.)*"|[^"\s]+', text)).decode()


def shown_payload(data: bytes, content_type: str) -> dict[str, str]:
    """As JSON where it is JSON, as a string where it is text, else in base64."""
    kind = content_type.split(";")[0].lower().rstrip(" ")
    try:
        if data and (kind == "application/json" or kind.endswith("+json")):
            # int() refuses NaN and its like, encode() half a surrogate pair.
            value = json.loads(data.decode(), parse_constant=int, parse_int=str)
            json.dumps(value, ensure_ascii=False).encode()
            return {"payload": compact(data)}
        if data and kind.startswith("text/"):
            return {"payload": quoted(data.decode())}
    except ValueError:
        pass
    return {"payloadBase64": quoted(base64.b64encode(data).decode())} if data else {}


def members(found: dict[str, Any], names: list[str]) -> str:
    return "{" + ",".join(f'"{name}":{found[name]}' for name in names if name in found) + "}"


def recurrence(reader: Reader) -> str:
    found: dict[str, Any] = {"overlap": quoted(OVERLAPS[reader.number(1)])}
    missed = reader.number(1)
    found["missed"] = quoted(("skip", "once", "all")[missed])
    if missed == 2:
        found["missedMax"] = reader.varint()
    rule = reader.number(1)
    demand(rule <= 2, f"recurrence rule {rule}", NotUnderstood)
    if rule == 2:
        found["cron"] = quoted(reader.blob().decode())
        found["zone"] = quoted(reader.rest().decode())
    else:
        found["interval"] = VALUES["span"](reader)
        found["mode"] = quoted(("fixedRate", "fixedDelay")[rule])
    demand(not reader.rest(), "bytes behind a recurrence", NotUnderstood)
    return members(found, ["interval", "mode", "cron", "zone", "overlap", "missed", "missedMax"])


def submitted(reader: Reader) -> dict[str, Any]:
    """The fields of kind 16 behind its time: a head of fixed width, then what it gives lengths of."""
    (_, flags, priority, *name_bytes, policy_bytes, recurrence_bytes, location_bytes,
     payload_bytes, due, expires) = struct.unpack("<I6B2HI2q", reader.take(34))
    demand(not flags & ~3, f"flags {flags:02x}", NotUnderstood)
    found: dict[str, Any] = {"priority": priority}
    for name, count in zip(("user", "job", "type"), name_bytes):
        found[name] = quoted(reader.take(count).decode())
    for flag, name, time in ((1, "executionTime", due), (2, "expiresAt", expires)):
        if flags & flag:
            found[name] = quoted(moment(time.to_bytes(8, "little", signed=True)))
    policy = Reader(reader.take(policy_bytes))
    layout = ("maxRetries:count initialSeconds:span factor:percent maxSeconds:span jitter:percent"
              " leaseSeconds:span runLimitSeconds:span leaseExpiriesMax:count")
    for field in layout.split():
        name, kind = field.split(":")
        found[name] = VALUES[kind](policy)
    if found["runLimitSeconds"] == "0":
        del found["runLimitSeconds"]
    found["contentType"] = quoted(policy.rest().decode())
    if recurrence_bytes:
        found["recurrence"] = recurrence(Reader(reader.take(recurrence_bytes)))
    if location_bytes:
        found["resultLocation"] = quoted(reader.take(location_bytes).decode())
    found["payload"] = reader.take(payload_bytes)
    if recurrence_bytes:
        found["firstTick"] = VALUES["time"](reader)
    return found


def event(lsn: int, record: bytes) -> str:
    """The event as a line of JSON."""
    reader = Reader(record)
    try:
        number = reader.number(1)
        name, known_flags, layout = KINDS[number]
        found = {"lsn": lsn, "event": quoted(name), "time": VALUES["time"](reader)}
        flags = 0
        if number == 16:
            found |= submitted(reader)
        for field in layout.split():
            condition, _, field = field.rpartition("?")
            if field == "flags":
                flags = reader.number(1)
                demand(not flags & ~known_flags, f"flags {flags:02x}", NotUnderstood)
            elif not condition or flags & int(condition):
                member, kind = field.split(":")
                found[member] = VALUES[kind](reader)
            if field == "scope:scope" and found["scope"] != "everyUser":
                found["name"] = VALUES["text"](reader)
        demand(reader.offset == len(record), "bytes behind the last field", NotUnderstood)
    except (LookupError, OverflowError, UnicodeDecodeError, NotUnderstood) as error:
        raise NotUnderstood(f"record {lsn} is no event: {error}") from None
    if name == "FatalFailed":
        found["retriesExhausted"] = "true" if flags & 2 else "false"
    if name == "ControlChanged":
        found["scope"] = quoted(found["scope"])
        found |= {"reset": "true"} if flags & 8 else {"paused": "true" if flags & 1 else "false"}
    if number == 8:
        found["reason"] = quoted("requested")
    if name != "Submitted":
        return members(found, MEMBERS)
    # What the first encoding did not have: nothing was shortened, nothing was parked.
    found = {"jitter": 0, "leaseExpiriesMax": 0} | found
    found |= shown_payload(found.pop("payload"), json.loads(found["contentType"]))
    found["backoff"] = members(found, ["initialSeconds", "factor", "maxSeconds", "jitter"])
    return members(found, MEMBERS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--records", action="store_true", help="print LSNs and bytes")
    mode.add_argument("--check", action="store_true", help="print only the head, as LSN:HASH")
    options = parser.parse_args()
    log = Log(options.directory)
    try:
        for lsn, record in log.records():
            if not options.check:
                print(f"{lsn} {record.hex()}" if options.records else event(lsn, record))
    except (Damage, NotUnderstood) as error:
        print(error, file=sys.stderr)
        return 79 if isinstance(error, Damage) else 78
    if options.check:
        print(f"{log.head.last_lsn}:{log.head.hash.hex()}")
    if log.torn:
        print(f"torn tail: {log.torn}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main())
