"""The benchmark: what a frame costs here, next to a bare ``websockets`` + ``orjson`` loop.

``python -m tests.bench`` runs it; nothing here is imported by the package.
"""
