"""Reading other people's trainings: TensorBoard's event files, as they are and as they grow."""


class EventsUnreadable(Exception):
    """What reads event files is not installed; the message is one line."""
