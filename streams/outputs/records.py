"""Records about subjects: one definition of each, for writing and for reading, whatever kind the subject is of.

Comes in: a struct with the fields of a record about users. Goes out: the same of each kind, which calls the subject's
id as `SubjectKind` says.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec

from streams.core.subjects import KINDS, USER, SubjectKind

Record = TypeVar("Record", bound=msgspec.Struct)


class _Kind(msgspec.Struct, gc=False):
    kind: str = USER.name  # versions before there were kinds left it out


_decode_kind = msgspec.json.Decoder(_Kind).decode


class Records(Generic[Record]):
    """record: with fields `kind` and `subject`, both of users.

    by_place: kind -> what is called with all fields in their order, which takes a sixth of the time by name. by_kind:
    kind -> the struct that is read.
    """

    def __init__(self, record: type[Record], kinds: Sequence[SubjectKind] = KINDS):
        self._kinds = {kind.name: kind for kind in kinds}
        self.by_kind: Mapping[str, type[msgspec.Struct]] = {kind.name: _about(kind, record) for kind in kinds}
        self.by_place: Mapping[str, Any] = {name: _by_place(each) for name, each in self.by_kind.items()}
        self._decode = {name: msgspec.json.Decoder(each).decode for name, each in self.by_kind.items()}

    def decode(self, raw: bytes) -> tuple[Record, SubjectKind]:
        """Fields that later versions add are passed over. msgspec.DecodeError: it is no such record."""
        name = _decode_kind(raw).kind
        if name not in self._decode:
            raise msgspec.ValidationError(f"it is about a kind of subject that this version does not know: {name}")
        return cast(Record, self._decode[name](raw)), self._kinds[name]


def _about(kind: SubjectKind, record: type[msgspec.Struct]) -> type[msgspec.Struct]:
    own = [("kind", str, kind.name), ("subject", str, msgspec.field(name=kind.id_field))]
    return msgspec.defstruct(f"{kind.name.title()}{record.__name__}", own, bases=(record,), kw_only=True, gc=False)


def _by_place(record: type[msgspec.Struct]) -> type[msgspec.Struct]:
    fields = [(each.name, each.type, msgspec.field(name=each.encode_name)) for each in msgspec.structs.fields(record)]
    return msgspec.defstruct(record.__name__, fields, gc=False)
