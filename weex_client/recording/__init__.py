"""What was streamed, kept: a recorder, the tape it writes, and ways to read and play it again."""
