"""The exceptions of the SDK. Each becomes one kind of ``medcloudcare.pod.v1.Failure``."""


class SeriesNotSuitable(Exception):
    """The series cannot be made into a volume, or the model says that it is not the kind of series it can read.

    A model raises it itself to refuse a series: ``raise SeriesNotSuitable("needs at least 20 slices, this has 3")``.
    """


class ResultInvalid(ValueError):
    """What ``run`` returned is not a valid result of the declared type; the message says what is wrong with it."""


class Cancelled(Exception):
    """The job was cancelled. Raised by :meth:`InferTask.progress`, so that a long loop ends by itself."""
