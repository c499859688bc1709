"""Members of segments as CSV (https://www.rfc-editor.org/rfc/rfc4180): what `segmenter members --csv` and the dashboard
write, the same to the letter.

Comes in: a segment and a member. Goes out: a line. People open it in a spreadsheet, which would run an id such as
`=HYPERLINK(..)` as a formula; ids come from whoever sends events, so one of that kind begins with an apostrophe
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from typing import Final

from streams.admin.members import Member
from streams.core.instants import format_time

HEADER: Final = "user_id,segment,since"
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def line(segment: str, member: Member) -> str:
    """Without its end.

    >>> line("vip", Member("=1+1", None)), line("vip", Member("a,b", 0))
    ("'=1+1,vip,", '"a,b",vip,1970-01-01T00:00:00.000Z')
    """
    written = io.StringIO()
    since = "" if member.since_ms is None else format_time(member.since_ms)
    csv.writer(written, lineterminator="").writerow([_as_text(member.user), segment, since])
    return written.getvalue()


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
