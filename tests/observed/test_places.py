"""Where names that nobody has sent stand in rule files of every form."""

from pathlib import Path

from streams.observed.lint import NameLint
from streams.observed.names import ObservedNames, Sample
from streams.observed.places import unseen_names

SEGMENT = """\
segment: quiet
enter: >-
  count("Signed In", days=7) > 3
  and sum("Signed In", "durration", days=7) > rfm.r
exit: idle_days < 1 and plna == "pro"
include: [plan, compny]
"""
TIER = """\
tier: lifecycle
levels:
  new: count("Signd In") > 1
  active: otherwise
"""
SCORES = """\
scores: rfm
recency: idle_days
frequency: count("Signed Inn", days=7)
monetary: mrrr
method: quintiles
"""


def test_each_is_told_with_its_place(tmp_path: Path) -> None:
    for name, text in {"quiet": SEGMENT, "lifecycle": TIER, "rfm": SCORES}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    seen = ObservedNames()
    seen.count({"Signed In": 5})
    seen.note(Sample("Signed In", ["duration"], ["plan", "company", "mrr"]))
    found = unseen_names(tmp_path, NameLint(seen, "1 day"))
    assert [(Path(each.file).stem, each.line, each.source[each.column - 1 :][: each.width]) for each in found] == [
        ("lifecycle", 3, '"Signd In"'),
        ("quiet", 4, '"durration"'),
        ("quiet", 5, "plna"),
        ("quiet", 6, "compny"),
        ("rfm", 3, '"Signed Inn"'),
        ("rfm", 4, "mrrr"),
    ]
    assert str(found[0]) == (
        f'{tmp_path}/lifecycle.yaml:3:14: never seen "Signd In"; nearest "Signed In", 5 in 1 day\n'
        '    new: count("Signd In") > 1\n'
        "               ^^^^^^^^^^"
    )
