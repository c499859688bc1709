"""What the README states as facts."""

import re
from pathlib import Path

import pytest

from streams.kafka.publisher import home_partition

README = (Path(__file__).parents[1] / "README.md").read_text()
SHARDS = re.findall(r"^\| `(.+?)` \| (\d+) \| (\d+) \|$", README, re.MULTILINE)


def test_the_shards_formula_has_ten_examples() -> None:
    assert len(SHARDS) == 10


@pytest.mark.parametrize(("user", "of_four", "of_twelve"), SHARDS)
def test_a_users_shard_is_the_one_the_readme_names(user: str, of_four: str, of_twelve: str) -> None:
    assert (home_partition(user, 4), home_partition(user, 12)) == (int(of_four), int(of_twelve))
