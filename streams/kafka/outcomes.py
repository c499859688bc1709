"""Every error of aiokafka, and what becomes of it: a table.

Comes in: an error. Goes out: whether to try again, and for how long; or the error of ours to end with, which says what
to do.

PASSES       waiting cures it: tried again for ever, and told
ENDS         a person cures it: the worker ends, with a word
UNSURE       it may pass: tried again `TRIES` times in a row, then the app begins anew, and after so many of that in a
             row (`streams.runtime.running`) the worker ends

What is wrong with a batch that was fetched is none of them: `streams.kafka.batches` makes a dead letter of it. An error
that is not in the table, of a newer aiokafka, is unsure.
"""

from typing import Final

from aiokafka import errors as kafka
from aiokafka.errors import KafkaError

from streams.errors import SegmenterError, Unreachable, UsageError

# Of one call in a row: about a minute.
TRIES: Final = 25

PASSES: Final[frozenset[type[KafkaError]]] = frozenset(
    {
        # A broker, a leader or a coordinator is away, moves, or is busy.
        kafka.BrokerNotAvailableError,
        kafka.Cancelled,
        kafka.GroupCoordinatorNotAvailableError,
        kafka.GroupLoadInProgressError,
        kafka.KafkaConnectionError,
        kafka.KafkaStorageError,
        kafka.KafkaTimeoutError,
        kafka.KafkaUnavailableError,
        kafka.LeaderNotAvailableError,
        kafka.ListenerNotFound,
        kafka.LogDirNotFound,
        kafka.MetadataEmptyBrokerList,
        kafka.NoBrokersAvailable,
        kafka.NodeNotReadyError,
        kafka.NotControllerError,
        kafka.NotCoordinatorForGroupError,
        kafka.NotEnoughReplicasAfterAppendError,
        kafka.NotEnoughReplicasError,
        kafka.NotLeaderForPartitionError,
        kafka.OperationNotAttempted,
        kafka.QuotaViolationError,
        kafka.ReassignmentInProgress,
        kafka.ReplicaNotAvailableError,
        kafka.RequestTimedOutError,
        kafka.StaleControllerEpochError,
        kafka.StaleLeaderEpochCodeError,
        kafka.StaleMetadata,
        kafka.TooManyInFlightRequests,
        # A topic is new and not everywhere yet; or is gone, and made again (or asked for) when the app begins anew.
        kafka.TopicAlreadyExistsError,
        kafka.UnknownTopicOrPartitionError,
        # The group changes hands.
        kafka.CommitFailedError,
        kafka.IllegalGenerationError,
        kafka.IllegalStateError,
        kafka.MemberIdRequired,
        kafka.RebalanceInProgressError,
        kafka.UnknownMemberIdError,
        # A producer that lost touch: a fresh one takes its place.
        kafka.DuplicateSequenceNumber,
        kafka.InvalidProducerEpoch,
        kafka.OutOfOrderSequenceNumber,
        kafka.ProducerClosed,
        kafka.ProducerFenced,
        kafka.UnknownProducerId,
        # Records are gone: the app begins anew, and says which.
        kafka.NoOffsetForPartitionError,
        kafka.OffsetOutOfRangeError,
        # A connection is out of step and made anew.
        kafka.CorrelationIdError,
        kafka.FetchSessionIdNotFound,
        kafka.InvalidFetchSessionEpoch,
        kafka.KafkaProtocolError,
    }
)

USER: Final = "SEGMENTER_KAFKA_USERNAME, its password and SEGMENTER_KAFKA_SASL_MECHANISM"
TOO_OLD: Final = "is too old for this: Apache Kafka 2.3 is the oldest that will do"
TOO_LONG: Final = (
    "takes no record that is so long: let max.message.bytes of our topics be 1 MB or more, and of rerouted-events"
    " 2.1 MB (`segmenter topics` creates them so)"
)
CREATION: Final = (
    "refuses to create a topic so: create it by hand, or set SEGMENTER_PARTITIONS and SEGMENTER_REPLICATION to what"
    " it allows"
)
ENDS: Final[dict[type[KafkaError], str]] = {
    kafka.TopicAuthorizationFailedError: "does not let us use a topic: allow our user to describe, read and"
    " write all that `segmenter topics` shows",
    kafka.GroupAuthorizationFailedError: "does not let us into the consumer group: allow our user to read the group"
    " SEGMENTER_GROUP",
    kafka.ClusterAuthorizationFailedError: "does not let us do this: allow our user IdempotentWrite on the cluster,"
    " and Create where topics are to be created",
    kafka.TransactionalIdAuthorizationFailed: "does not let us write: allow our user IdempotentWrite on the cluster",
    kafka.AuthenticationFailedError: f"refuses our user: look after {USER}",
    kafka.SaslAuthenticationFailed: f"refuses our user: look after {USER}",
    kafka.AuthenticationMethodNotSupported: f"does not know our way of saying who we are: look after {USER}",
    kafka.UnsupportedSaslMechanismError: f"does not know our way of saying who we are: look after {USER}",
    kafka.IllegalSaslStateError: "asks for no user there: look after SEGMENTER_KAFKA_SECURITY_PROTOCOL",
    kafka.SecurityDisabled: "has no security switched on: look after SEGMENTER_KAFKA_SECURITY_PROTOCOL",
    kafka.DelegationTokenAuthDisabled: f"takes no delegation tokens: look after {USER}",
    kafka.DelegationTokenAuthorizationFailed: f"refuses the delegation token: look after {USER}",
    kafka.DelegationTokenExpired: f"says that the delegation token has expired: look after {USER}",
    kafka.DelegationTokenNotFound: f"does not know the delegation token: look after {USER}",
    kafka.DelegationTokenOwnerMismatch: f"says that the delegation token is another's: look after {USER}",
    kafka.DelegationTokenRequestNotAllowed: f"takes no delegation tokens there: look after {USER}",
    kafka.InvalidPrincipalType: f"refuses our user: look after {USER}",
    kafka.IncompatibleBrokerVersion: TOO_OLD,
    kafka.UnrecognizedBrokerVersion: TOO_OLD,
    kafka.UnsupportedForMessageFormatError: TOO_OLD,
    kafka.UnsupportedVersionError: TOO_OLD,
    kafka.MessageSizeTooLargeError: TOO_LONG,
    kafka.RecordListTooLargeError: TOO_LONG,
    kafka.InvalidTimestampError: "refuses the time of our records: this machine's clock and its own differ, or the"
    " topic's message.timestamp.* leave no room",
    kafka.InvalidTopicError: "takes no topic of that name: look after SEGMENTER_TOPIC_PREFIX and SEGMENTER_TOPIC_…",
    kafka.InconsistentGroupProtocolError: "has another program in our consumer group: choose another SEGMENTER_GROUP",
    kafka.InvalidGroupIdError: "takes no consumer group of that name: choose another SEGMENTER_GROUP",
    kafka.InvalidSessionTimeoutError: "takes no such SEGMENTER_SESSION_TIMEOUT: choose one between its"
    " group.min.session.timeout.ms and group.max.session.timeout.ms",
    kafka.InvalidConfigurationError: CREATION,
    kafka.InvalidPartitionsError: CREATION,
    kafka.InvalidReplicationAssignmentError: CREATION,
    kafka.InvalidReplicationFactorError: CREATION,
    kafka.PolicyViolationError: CREATION,
}

UNSURE: Final[frozenset[type[KafkaError]]] = frozenset(
    {
        KafkaError,
        kafka.BrokerResponseError,
        kafka.UnknownError,  # also whatever a newer broker says that aiokafka has no name for
        kafka.CorruptRecordException,  # to what we write: it was damaged on its way, or is not what the topic takes
        # What we never ask for: a fault of ours, or of the broker's.
        kafka.IllegalArgumentError,
        kafka.InvalidCommitOffsetSizeError,
        kafka.InvalidFetchRequestError,
        kafka.InvalidRequestError,
        kafka.InvalidRequiredAcksError,
        kafka.KafkaConfigurationError,
        kafka.NoError,
        kafka.OffsetMetadataTooLargeError,
        # Of what we do not use: transactions of our own, removing groups, aiokafka's own reading of batches.
        kafka.ConcurrentTransactions,
        kafka.GroupIdNotFound,
        kafka.InvalidProducerIdMapping,
        kafka.InvalidTransactionTimeout,
        kafka.InvalidTxnState,
        kafka.NonEmptyGroup,
        kafka.RecordTooLargeError,
        kafka.TransactionCoordinatorFenced,
        kafka.UnsupportedCodecError,
    }
)


def may_pass(error: BaseException, tries: int = 1) -> bool:
    """Whether to try again what has failed so many times in a row."""
    if isinstance(error, KafkaError):
        return type(error) in PASSES or (type(error) not in ENDS and tries < TRIES)
    return isinstance(error, Unreachable)


def ending(error: KafkaError, subject: str) -> SegmenterError:
    """The error of ours for one that ends the worker, or the life of its app. subject: what was being done."""
    if what_to_do := ENDS.get(type(error)):
        return UsageError(f"{subject}: the broker {what_to_do}. ({error})")
    return Unreachable(f"{subject}: {error}")
