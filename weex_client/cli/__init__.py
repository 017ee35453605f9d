"""The command line: commands, what they print, and the terminal view. No streaming logic."""
