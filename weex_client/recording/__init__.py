"""What was streamed, kept: a recorder, the tape it writes, and ways to read and play it again."""

from weex_client.recording.recorder import Recorder, RecorderStats
from weex_client.recording.recording import Recording
from weex_client.recording.replay import replaying

__all__ = ["Recorder", "RecorderStats", "Recording", "replaying"]
