"""Which scores are better when they are lower."""

import re

_COUNTS = r"(split|merged|missed|invented|over_segmented|under_segmented|many_to_many|missing|background)"
_LOWER = re.compile(
    r"rand|(voi|hausdorff95|surface_distance)(_.*)?|betti(_\d)?|surface_voi_(split|merge)|cremi(_.*)?|cleft(_(?!f1).*)?"
    rf"|pq_(missed|invented)|erl_(?!max).*|objects_{_COUNTS}"
)


def is_lower_better(score: str) -> bool:
    """Whether less of a score is better, by its flat name: errors, distances and counts of what is wrong."""
    return _LOWER.fullmatch(score) is not None
