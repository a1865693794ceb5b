"""Near-duplicates among many texts: MinHash and locality-sensitive hashing by `datasketch`, then the sets themselves.

The threshold of 0.7 is that of InternLM-Math (arXiv 2402.06332). Texts with different numbers are never duplicates: a
problem with other numbers is another problem, whatever its words.
"""

from __future__ import annotations

from typing import Any

from mathagent.errors import RunError
from mathagent.overlap.normal import Normal, normal

_PERMUTATIONS = 128
_SLACK = 0.1  # MinHash estimates: candidates are looked for a little below the threshold


class NearDuplicates:
    """Texts that were kept, to ask whether a further one is nearly one of them.

    Args:
        threshold: share of the trigrams of both texts that they have in common (Jaccard), from which on they are
            duplicates.

    Raises RunError where `datasketch` is not installed.
    """

    def __init__(self, threshold: float = 0.7) -> None:
        try:
            from datasketch import MinHash, MinHashLSH
        except ImportError:
            raise RunError("near-duplicates need datasketch", "pip install 'mathagent[augment]'") from None
        self._threshold = threshold
        self._hashed: Any = MinHash
        self._index: Any = MinHashLSH(threshold=threshold - _SLACK, num_perm=_PERMUTATIONS)
        self._kept: dict[str, Normal] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, name: str, text: str) -> str | None:
        """Keep a text under a name, unless it is nearly a kept one; then the name of that one."""
        reduced = normal(text)
        hashed = self._hashed(num_perm=_PERMUTATIONS)
        hashed.update_batch([ngram.encode() for ngram in sorted(reduced.ngrams)])
        for other in sorted(self._index.query(hashed)):
            if self._alike(reduced, self._kept[other]):
                return str(other)
        if name in self._kept:
            raise ValueError(f"{name!r} is kept already")
        self._index.insert(name, hashed)
        self._kept[name] = reduced
        return None

    def _alike(self, one: Normal, other: Normal) -> bool:
        if one.numbers != other.numbers:
            return False
        both = len(one.ngrams | other.ngrams)
        return both == 0 or len(one.ngrams & other.ngrams) / both >= self._threshold
