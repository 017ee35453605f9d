"""What was streamed, kept: a recorder, the tape it writes, and ways to read and play it again."""

from weex_client.recording.recorder import Recorder, RecorderStats
from weex_client.recording.recording import Recording
from weex_client.recording.records import ChannelRecord, CoverageRecord, GapRecord, SessionRecord
from weex_client.recording.replay import replaying

__all__ = [
    "ChannelRecord",
    "CoverageRecord",
    "GapRecord",
    "Recorder",
    "RecorderStats",
    "Recording",
    "SessionRecord",
    "replaying",
]
