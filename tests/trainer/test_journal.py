"""Messages and the journal."""

from __future__ import annotations

import contextlib
import math
import tempfile
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.full_disk import largest_file
from trainer_proc.contract.codec import decode_frame, decode_reply, decode_request, encode, pack_values, unpack_values
from trainer_proc.contract.errors import JournalDamaged, JournalUnreadable
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.messages import PROTOCOL, Body, Frame, PhaseChanged, RunStarted
from trainer_proc.contract.requests import Command, Reply, Request

LEAVES = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(),
    bytes: st.binary(max_size=20),
    bool: st.booleans(),
    type(None): st.none(),
}


tables = st.recursive(
    st.one_of(LEAVES.values()),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(LEAVES[str], within, max_size=3),
    max_leaves=5,
)
"""Values of a preset's tables, which are sent unchanged."""


def any_of(hint):
    """Every value that a message or its field can have."""
    if hint is Any:
        return tables
    if hint in LEAVES:
        return LEAVES[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        first, *rest = get_args(hint)
        if rest == [...]:
            return st.lists(any_of(first), max_size=3).map(tuple)
        return st.tuples(any_of(first), *map(any_of, rest))
    if get_origin(hint) is dict:
        return st.dictionaries(*map(any_of, get_args(hint)), max_size=3)
    if hint is RunStarted:  # of a newer major version it would be refused
        fields = {name: any_of(field) for name, field in get_type_hints(hint).items()}
        return st.builds(hint, **fields | {"protocol": st.integers(0, PROTOCOL)})
    if isinstance(hint, type):
        return st.builds(hint, **{name: any_of(field) for name, field in get_type_hints(hint).items()})
    return st.one_of([any_of(choice) for choice in get_args(hint)])


frames = st.builds(Frame, number=LEAVES[int], time=st.floats(), body=any_of(Body))
frame_lists = st.lists(any_of(Body), max_size=6).map(
    lambda bodies: [Frame(number, 1e9, body) for number, body in enumerate(bodies)]
)


@contextlib.contextmanager
def journal_of(written):
    """Write a journal with these frames; return it and the byte at which each frame ends."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "journal.msgpack"
        writer = JournalWriter(path)
        ends = []
        for frame in written:
            writer.append(encode(frame))
            ends.append(path.stat().st_size)
        writer.close()
        yield path, ends


def encoded(read):
    """Return frames as bytes, because NaN does not equal NaN."""
    return [encode(frame) for frame in read]


@pytest.mark.parametrize("kind", get_args(Body))
@given(data=st.data())
@settings(max_examples=20)
def test_every_body_survives_the_wire(kind, data):
    frame = data.draw(st.builds(Frame, number=LEAVES[int], time=st.floats(), body=any_of(kind)))
    decoded = decode_frame(encode(frame))
    assert type(decoded.body) is kind
    assert encode(decoded) == encode(frame)


@given(st.builds(Request, id=LEAVES[int], command=any_of(Command)))
def test_a_request_survives_the_wire(request):
    assert encode(decode_request(encode(request))) == encode(request)


@given(any_of(Union[get_args(Reply)]))  # noqa: UP007 (a union made from a tuple)
def test_a_reply_survives_the_wire(reply):
    assert encode(decode_reply(encode(reply))) == encode(reply)


@given(frames, st.data())
def test_bytes_that_are_no_message_are_one_kind_of_error(frame, data):
    damaged = bytearray(encode(frame))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for decode in (decode_frame, decode_request, decode_reply):
        with contextlib.suppress(msgspec.DecodeError):
            decode(bytes(damaged))


def test_text_that_is_not_utf_8_and_bottomless_nesting_are_decode_errors_too():
    phase = encode(Frame(0, 0.0, PhaseChanged("building", "what")))
    with pytest.raises(msgspec.DecodeError):
        decode_frame(phase.replace(b"what", b"wh\xfft"))
    with pytest.raises(msgspec.DecodeError):
        decode_frame(phase[:-1] + b"\x91" * 100_000 + b"\x00")
    ping_with_more = b"\x92\x01\x82\xa4type\xa4Ping\xa4more" + b"\x91" * 100_000 + b"\x00"
    with pytest.raises(msgspec.DecodeError):
        decode_request(ping_with_more)


@given(st.lists(st.floats()))
def test_metric_values_are_kept_at_float32_precision(values):
    unpacked = unpack_values(pack_values(values))
    assert len(unpacked) == len(values)
    for value, kept in zip(values, unpacked, strict=True):
        if math.isnan(value):
            assert math.isnan(kept)
        elif abs(value) > 3.4028234663852886e38:
            assert kept == math.copysign(math.inf, value)
        else:
            assert kept == pytest.approx(value, rel=1e-7, abs=1e-45)


@settings(max_examples=40)
@given(frame_lists, st.data())
def test_a_journal_cut_at_any_byte_keeps_the_complete_frames_before_the_cut(written, data):
    with journal_of(written) as (path, ends):
        cut = data.draw(st.integers(0, path.stat().st_size))
        with open(path, "ab") as file:
            file.truncate(cut)
        whole = [frame for frame, end in zip(written, ends, strict=True) if end <= cut]
        assert encoded(JournalReader(path).read_new()) == encoded(whole)

        writer = JournalWriter(path)
        assert writer.next_number == len(whole)
        assert path.stat().st_size == ([0, *ends][len(whole)])
        added = Frame(writer.next_number, 2e9, PhaseChanged("training"))
        writer.append(encode(added))
        writer.close()
        assert encoded(JournalReader(path).read_new()) == encoded([*whole, added])


@settings(max_examples=40)
@given(frame_lists, st.lists(st.integers(1, 200), min_size=1))
def test_a_growing_journal_reads_as_the_complete_one(written, chunk_sizes):
    with journal_of(written) as (path, _):
        data = path.read_bytes()
        growing = path.with_name("growing")
        reader = JournalReader(growing)
        read = reader.read_new()
        position = 0
        with open(growing, "wb", buffering=0) as file:
            while position < len(data):
                size = chunk_sizes[position % len(chunk_sizes)]
                file.write(data[position : position + size])
                position += size
                read += reader.read_new()
        assert encoded(read) == encoded(written)
        assert reader.offset == len(data)


@settings(max_examples=60)
@given(st.lists(any_of(Body), min_size=1, max_size=3), st.data())
def test_a_damaged_journal_is_reported_in_one_line(bodies, data):
    with journal_of([Frame(number, 1e9, body) for number, body in enumerate(bodies)]) as (path, ends):
        damaged = bytearray(path.read_bytes())
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(damaged)
        read = []
        try:
            read = JournalReader(path).read_new()
        except JournalUnreadable as error:  # of a newer version, if that byte was changed
            line = str(error)
        else:
            line = ""  # the change made another valid frame, or one that seems to end later
        assert len(read) <= len(ends)
        assert len(line.splitlines()) <= 1
        assert not line or line.startswith(str(path))


@settings(max_examples=40)
@given(frame_lists, st.integers(1, 300), st.integers(1, 3))
def test_a_journal_read_in_pieces_is_the_complete_one(written, piece, most):
    with journal_of(written) as (path, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainer_proc.contract.journal._PIECE", piece)
        assert encoded(JournalReader(path).read_new()) == encoded(written)
        reader, read = JournalReader(path), []
        for _ in range(path.stat().st_size // piece + len(written) + 2):
            read += reader.read_new(most)
        assert encoded(read) == encoded(written)


def test_damage_names_the_byte_where_it_begins():
    written = [Frame(number, 0.0, PhaseChanged("training", str(number))) for number in range(3)]
    with journal_of(written) as (path, ends):
        damaged = bytearray(path.read_bytes())
        damaged[ends[1]] = 0xC5
        path.write_bytes(damaged)
        for opened in (JournalWriter, lambda path: JournalReader(path).read_new()):
            with pytest.raises(JournalDamaged, match=f"damaged at byte {ends[1]}:"):
                opened(path)
        assert path.read_bytes() == bytes(damaged)


@settings(max_examples=30)
@given(frame_lists.filter(bool), st.data())
def test_a_frame_that_the_disk_refuses_leaves_nothing_behind(written, data):
    refused = Frame(len(written), 2e9, PhaseChanged("training", "x" * 100))
    with journal_of(written) as (path, ends):
        writer = JournalWriter(path)
        room = data.draw(st.integers(0, 100), label="bytes that still fit")
        with largest_file(ends[-1] + room), pytest.raises(OSError, match=r"File too large|only a part"):
            writer.append(encode(refused))
        assert path.stat().st_size == ends[-1]
        writer.append(encode(refused))
        writer.close()
        assert encoded(JournalReader(path).read_new()) == encoded([*written, refused])


def test_a_journal_that_does_not_exist_yet_is_empty(tmp_path):
    reader = JournalReader(tmp_path / "journal.msgpack")
    assert reader.read_new() == []
    assert not reader.path.exists()
