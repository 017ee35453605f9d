"""The WEEX V3 face of the embedded exchange: sockets, feeds and the HTTP reads."""
