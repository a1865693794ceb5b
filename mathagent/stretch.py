"""One stretch of the model's writing: from the start of the reply, or from an output, to the next complete block."""

from __future__ import annotations

from mathagent.protocols import Block, Channel, Parser


class Stretch:
    """Collects what the model writes and says when a block is complete.

    Args:
        parser: a fresh parser.
        prefill: text that the prompt put there already; parsed, but none of the model's words.
    """

    def __init__(self, parser: Parser, prefill: str = "") -> None:
        self._parser = parser
        self._prefill = prefill
        self.said = ""
        self.reasoning = ""
        self.discarded = ""
        self.block: Block | None = parser.feed(prefill) if prefill else None

    def feed(self, text: str) -> Channel:
        """Take the next words; says what they begin in. What comes after a block is discarded."""
        channel = self._parser.channel
        if self.block is not None:
            self.discarded += text
            return channel
        self.said += text
        self._found(self._parser.feed(text))
        return channel

    def end(self, *, ended: bool) -> None:
        """No more words come; `ended` as in `Parser.finish`."""
        if self.block is None:
            self._found(self._parser.finish(ended=ended))

    def paused_at(self, stops: tuple[str, ...]) -> bool:
        """Whether the words end with one of these stop strings, and no block has come of it."""
        return bool(stops) and self.block is None and self.said.endswith(stops)

    @property
    def prose(self) -> str:
        """The model's prose: all its words, or those before the block."""
        if self.block is None:
            return self.said
        return self.block.before[len(self._prefill) :]

    @property
    def raw(self) -> str:
        """The block as the model wrote it, without what the prefill gave; "" without a block."""
        if self.block is None:
            return ""
        return self.block.raw[max(0, len(self._prefill) - len(self.block.before)) :]

    def _found(self, block: Block | None) -> None:
        if block is not None:
            self.block = block
            self.discarded = block.rest
