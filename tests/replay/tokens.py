"""A small deterministic tokenizer (words, numbers, signs, spaces) and a prefix cache in whole blocks, as vLLM has."""

from __future__ import annotations

import re
from zlib import crc32

_TOKEN = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]|_|\n|\s")


def tokenize(text: str) -> list[str]:
    """Cut text into tokens; joined they give it back."""
    return _TOKEN.findall(text)


def logprob(token: str) -> float:
    """What the server says of a token's log-probability: a number that the token alone decides, from -1 to 0."""
    return -(crc32(token.encode()) % 1000) / 1000


class Vocabulary:
    """Numbers for tokens, given out in the order of first use."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._tokens: list[str] = []

    def encode(self, text: str) -> list[int]:
        """Token ids of a text."""
        ids = []
        for token in tokenize(text):
            if token not in self._ids:
                self._ids[token] = len(self._tokens)
                self._tokens.append(token)
            ids.append(self._ids[token])
        return ids

    def decode(self, ids: list[int]) -> str:
        """The text of token ids. Raises IndexError for an id never given out."""
        return "".join(self._tokens[i] for i in ids)


class PrefixCache:
    """Which prefixes were seen. Only whole blocks count, and the last token is always computed, as in vLLM."""

    def __init__(self, block_size: int = 16) -> None:
        self.block_size = block_size
        self.queries = 0  # tokens
        self.hits = 0  # tokens
        self._seen: set[int] = set()

    def lookup(self, tokens: list[str]) -> int:
        """Count the tokens of a prompt that are cached."""
        hit = 0
        for end, key in self._blocks(tokens):
            if key not in self._seen or end > len(tokens) - 1:
                break
            hit = end
        self.queries += len(tokens)
        self.hits += hit
        return hit

    def store(self, tokens: list[str]) -> None:
        """Keep a prompt with its reply."""
        self._seen.update(key for _, key in self._blocks(tokens))

    def _blocks(self, tokens: list[str]) -> list[tuple[int, int]]:
        keys, key = [], 0
        for end in range(self.block_size, len(tokens) + 1, self.block_size):
            key = hash((key, *tokens[end - self.block_size : end]))
            keys.append((end, key))
        return keys
