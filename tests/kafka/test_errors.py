"""What goes wrong with Kafka, in words for a line of the log."""

from aiokafka.errors import CommitFailedError, KafkaConnectionError, KafkaTimeoutError

from streams.kafka.errors import in_words


def test_a_cluster_none_of_whose_brokers_answers_is_said_without_pythons_names() -> None:
    error = KafkaConnectionError("Unable to bootstrap from [('127.0.0.1', 1, <AddressFamily.AF_INET: 2>)]")
    assert in_words(error) == "no broker of Kafka answers"


def test_a_commit_that_a_rebalance_was_before_is_said_without_advice_about_kafkas_client() -> None:
    error = CommitFailedError("... You can address this by increasing max_poll_interval_ms ...")
    assert in_words(error) == "the consumer group has given these shards to somebody meanwhile"


def test_another_error_is_said_as_it_says_itself() -> None:
    assert in_words(KafkaTimeoutError("no answer")) == "KafkaTimeoutError: no answer"
