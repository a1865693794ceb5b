"""Messages cut into packets and put together again, however they are torn, and what is refused on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels_sandbox.packets import PACKET, PAYLOAD, Assembler, Garbled, packets
from kernels_sandbox.wire import HEADROOM, TooHeavy, decode

sizes = st.integers(0, 3 * PAYLOAD)


def assemble(stream: list[bytes], limit: int = 1 << 30) -> list[bytearray | None]:
    """Every message in what was read."""
    assembler = Assembler(lambda: limit)
    return [message for data in stream for message in assembler.feed(data)]


@given(st.lists(sizes, max_size=4), st.integers(1, 2 * PACKET))
def test_messages_survive_however_they_are_torn(lengths: list[int], step: int) -> None:
    bodies = [bytes([65 + number]) * length for number, length in enumerate(lengths)]
    whole = [packet for body in bodies for packet in packets(body)]
    assert all(len(packet) <= PACKET for packet in whole)
    assert assemble(whole) == bodies
    stream = b"".join(whole)
    assert assemble([stream[at : at + step] for at in range(0, len(stream), step)]) == bodies


def test_a_message_that_was_broken_off_does_not_harm_the_next() -> None:
    begun, *_ = packets(b"x" * (2 * PAYLOAD))
    _, *rest = packets(b"y" * (2 * PAYLOAD))
    assert assemble([begun, *packets(b"next"), *rest, *packets(b"last")]) == [b"next", b"last"]


def test_a_message_that_is_too_long_is_told_once_and_dropped() -> None:
    long = list(packets(b"x" * (10 * PAYLOAD)))
    assert assemble([*long, *packets(b"next")], limit=3 * PAYLOAD) == [None, b"next"]


def test_a_packet_that_lies_is_garbled() -> None:
    with pytest.raises(Garbled):
        assemble([b"\xff" * 100])


@pytest.mark.parametrize(
    "content", ["[" + "[]," * 100_000 + "[]]", '{"a": "\\ud83d\\ude00' + "x" * 300_000 + '"}']
)
def test_what_would_swell_is_refused_before_it_is_parsed(content: str) -> None:
    body = b'{"msg_type": "x"}\n{}\n{}\n' + content.encode()
    with pytest.raises(TooHeavy):
        decode(bytearray(body), len(body))
    assert decode(bytearray(body), 30 * len(body)) is None or content.startswith("{")


def test_text_of_the_size_of_the_budget_is_taken() -> None:
    text = b"x" * 1_000_000
    message = decode(
        bytearray(b'{"msg_type": "stream"}\n{"msg_id": "i"}\n{}\n{"text": "' + text + b'"}'), 1_000_000
    )
    assert message is not None
    assert (message.type, message.parent_id, len(message.content["text"])) == ("stream", "i", len(text))
    assert len(text) < message.size < len(text) + HEADROOM
