"""What a worker still has of a shard that it let go: just what the last checkpoint holds, and Redis beside it.

Comes in: the last checkpoint of an owner, whole and published. Goes out: the same, for the next owner here, who need
not load it from Redis if nobody else has claimed the shard meanwhile (`streams.state.claiming`).

When the group is balanced anew every worker gives up all its shards, and most come back. What was fetched beyond the
checkpoint is no part of this: it is read again from `positions`, as after a load.
"""

from collections.abc import Mapping
from typing import NamedTuple

from streams.core.engine.past import Past
from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.core.rules.rulebook import Rulebook


class Resumable(NamedTuple):
    """epoch: of the claim by which it was owned. number: of the last checkpoint. positions: what that says of the
    inputs. rulebook: under which it was."""

    epoch: int
    number: int
    positions: Mapping[str, int]
    shard: Shard
    identities: Identities
    rulebook: Rulebook

    def under(self, rulebook: Rulebook, past: Past | None) -> "Resumable":
        """The same under other rules, to which its profiles come one by one. past: of these."""
        shard = self.shard.under(rulebook, past)
        return self._replace(shard=shard, identities=self.identities.of(shard), rulebook=rulebook)
