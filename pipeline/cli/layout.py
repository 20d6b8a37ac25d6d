"""Tables for narrow terminals: which columns stay, and how wide each one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GAP = 2  # spaces between two columns
TEXT_WIDTH_MIN = 20  # below this, lines hold two words at most,
TEXT_WIDTH_LEAST = 12  # and below this, words fall apart


@dataclass(frozen=True, slots=True)
class Narrow:
    """What may happen to columns that do not fit side by side.

    ``texts`` are broken between words, ``clipped`` cut to one line; ``left_out`` go away one after the other, the
    first one first, until the rest fits. All other columns are as wide as their widest value.
    """

    texts: tuple[str, ...] = ()
    clipped: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def fit(
    columns: Mapping[str, str], cells: Sequence[Mapping[str, str]], width: int, narrow: Narrow
) -> dict[str, int] | None:
    """The widths of the columns that stay; None if the rest of them is too wide as well.

    ``columns`` maps keys to headings, which are broken between words where the values are shorter.
    """
    wanted = {key: max(_word(heading), _longest(cells, key)) for key, heading in columns.items()}
    bendable = {*narrow.texts, *narrow.clipped}
    for text_min in (TEXT_WIDTH_MIN, TEXT_WIDTH_LEAST):
        least = {
            key: max(_word(columns[key]), min(wide, text_min)) if key in bendable else wide
            for key, wide in wanted.items()
        }
        for key in narrow.left_out:
            if _total(least) <= width:
                break
            least.pop(key, None)
        spare = width - _total(least)
        if spare >= 0:
            return _grown(least, wanted, spare)
    return None


def is_wider(columns: Mapping[str, str], cells: Sequence[Mapping[str, str]], width: int) -> bool:
    """Whether headings and values side by side, none of them broken, need more than ``width``."""
    from rich.cells import cell_len

    return _total({key: max(cell_len(heading), _longest(cells, key)) for key, heading in columns.items()}) > width


def _grown(least: dict[str, int], wanted: dict[str, int], spare: int) -> dict[str, int]:
    """The spare width given to the columns that want more, by how much they want."""
    widths = dict(least)
    lacking = {key: wanted[key] - wide for key, wide in least.items()}
    lack = sum(lacking.values())
    for key, more in lacking.items():
        widths[key] += more if lack <= spare else spare * more // lack
    return widths


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _word(heading: str) -> int:
    return max((len(word) for word in heading.split()), default=0)


def _longest(cells: Sequence[Mapping[str, str]], key: str) -> int:
    from rich.cells import cell_len

    return max((cell_len(line) for row in cells for line in row[key].split("\n")), default=0)
