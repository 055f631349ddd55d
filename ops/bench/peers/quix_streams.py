"""Quix Streams: one dataframe, two topics; a checkpoint flushes the producer before it commits the offsets."""

from quixstreams import Application
from quixstreams.models import BytesDeserializer, BytesSerializer, SerializationContext, Serializer, Topic

from ops.bench.codec import decode, key_of
from ops.bench.job import PRODUCER, Job

_COMMIT_INTERVAL_S = 0.5

Row = tuple[bytes, bytes]
"""Key and value: what the dataframe carries after validation."""


class RowValue(Serializer):
    """Writes the value of a row."""

    def __call__(self, value: Row, ctx: SerializationContext) -> bytes:
        return value[1]


def validate(value: bytes) -> Row:
    """Validate a record."""
    return key_of(decode(value)), value


def create(job: Job) -> Application:
    """Build the application. Its guarantee is its default, at least once."""
    application = Application(
        broker_address=job.bootstrap,
        consumer_group=job.group,
        auto_offset_reset="earliest",
        commit_interval=_COMMIT_INTERVAL_S,
        producer_extra_config=dict(PRODUCER),
        state_dir=job.state_dir,
        auto_create_topics=False,
        loglevel="WARNING",
    )
    source = application.topic(job.source, value_deserializer=BytesDeserializer())
    frame = application.dataframe(source).apply(validate)
    for name in (job.first, job.second):
        frame = frame.to_topic(_output(application, name), key=lambda row: row[0])
    return application


def _output(application: Application, name: str) -> Topic:
    return application.topic(name, value_serializer=RowValue(), key_serializer=BytesSerializer())


if __name__ == "__main__":
    given = Job.from_arguments()
    app = create(given)
    given.wait_for_start()
    app.run()
