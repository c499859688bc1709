"""Who is told of partitions, and from where they are read then."""

from typing import Any

from aiokafka import TopicPartition

from streams.kafka.group import _Listener


class Asked:
    """A consumer that only remembers where it was told to go on."""

    def __init__(self, told: list[object]):
        self._told, self._coordinator = told, self
        self.generation, self.member_id = 1, "me"

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._told.append((tp.topic, offset))

    async def seek_to_beginning(self, *tps: TopicPartition) -> None:
        self._told.append(("from the beginning", sorted(tp.topic for tp in tps)))


class Knows:
    """An owner that stored how far two of four topics were read."""

    def __init__(self, told: list[object]):
        self._told = told

    async def own(self, number: int, _: object) -> dict[str, int]:
        self._told.append(("owned", number))
        return {"b": 7, "d": 9}


async def test_where_a_partition_goes_on_is_sought_at_once_and_only_then_the_beginning_of_others() -> None:
    told: list[object] = []
    consumer: Any = Asked(told)
    owner: Any = Knows(told)
    assigned = {TopicPartition(topic, number) for topic in "abcd" for number in (0, 1)}
    await _Listener(consumer, owner).on_partitions_assigned(assigned)
    for number in (0, 1):
        owned, one, other, beginning = told[4 * number : 4 * number + 4]
        assert owned == ("owned", number)
        assert {one, other} == {("b", 7), ("d", 9)}
        assert beginning == ("from the beginning", ["a", "c"])
