"""Records about subjects, of whatever kind."""

import json

import msgspec
import pytest

from streams.core.subjects import USER, SubjectKind
from streams.outputs.change import ChangeRecord, decode_change
from streams.outputs.membership import MembershipRecord
from streams.outputs.records import Records

COMPANY = SubjectKind("company", "company_id", "company-memberships", "company-members", "company")


def test_a_further_kind_is_a_value_its_records_differ_in_its_name_and_its_id_alone() -> None:
    records = Records(MembershipRecord, (USER, COMPANY))
    made = {kind.name: records.by_place[kind.name](1, kind.name, "x-1", {}, "now", 7) for kind in (USER, COMPANY)}
    users, companies = (msgspec.json.encode(made[kind.name]) for kind in (USER, COMPANY))
    assert users == b'{"schema":1,"kind":"user","user_id":"x-1","segments":{},"updated_at":"now","version":7}'
    assert companies == users.replace(b"user", b"company")
    for raw, kind in ((users, USER), (companies, COMPANY)):
        record, found = records.decode(raw)
        assert (record.subject, found) == ("x-1", kind)


def test_the_fields_of_a_change_stand_where_they_stood_for_every_kind() -> None:
    records = Records(ChangeRecord, (USER, COMPANY))
    names = {
        kind: [field.encode_name for field in msgspec.structs.fields(each)] for kind, each in records.by_kind.items()
    }
    assert names["company"] == [name.replace("user_id", "company_id") for name in names["user"]]
    assert names["user"].index("user_id") == 4


def test_a_kind_that_is_not_known_is_told_by_its_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="does not know: company"):
        decode_change(json.dumps({"kind": "company", "company_id": "c-1"}).encode())
