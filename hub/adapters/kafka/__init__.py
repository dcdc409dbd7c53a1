"""Kafka through aiokafka, with none of its defaults that lose data; the only room that knows it."""

from hub.adapters.kafka.feed import Feed
from hub.adapters.kafka.peek import Peek, stamp_of
from hub.adapters.kafka.producer import Message, Outlet
from hub.adapters.kafka.record import UNREADABLE, Record
from hub.adapters.kafka.settings import KafkaSettings
from hub.adapters.kafka.shared import SharedOutlet
from hub.adapters.kafka.tail import Tail
from hub.adapters.kafka.topics import TopicDrift, apply_topics, check_topics, partition_counts

__all__ = [
    "UNREADABLE",
    "Feed",
    "KafkaSettings",
    "Message",
    "Outlet",
    "Peek",
    "Record",
    "SharedOutlet",
    "Tail",
    "TopicDrift",
    "apply_topics",
    "check_topics",
    "partition_counts",
    "stamp_of",
]
