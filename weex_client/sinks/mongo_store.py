"""Messages in a MongoDB database. Batches come from ``sink``; documents from ``documents``.

A message's key is its ``_id``, which MongoDB keeps unique without any further index. So a write
may be repeated whatever became of the one before.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import bson.errors
import pymongo
from bson.decimal128 import Decimal128
from pymongo import ASCENDING, AsyncMongoClient, ReplaceOne, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
)

from weex_client.errors import ConfigError, SinkError
from weex_client.models.payload import plain_text
from weex_client.sinks.contract import Outcome, RefusedRowsError
from weex_client.sinks.documents import DecimalWriter, decimal128, document_of
from weex_client.sinks.mongo_address import place_of, secrets_of
from weex_client.sinks.rows import Row

__all__ = ["SCHEMA_VERSION", "MongoStore"]

_logger = logging.getLogger("weex_client.sinks")

SCHEMA_VERSION: Final = 1
_DATABASE: Final = "market"
# Holds one document about the store itself.
_ABOUT: Final = "weex_client"

_DUPLICATE_KEY: Final = 11000
# It is the document, and no other time will do: BadValue, FailedToParse, TypeMismatch, names with
# dollars or dots, DocumentValidationFailure, too large, a key too long for an index. Whatever else
# is wrong with a write may be over later.
_DOCUMENT_AT_FAULT: Final = frozenset({2, 9, 14, 52, 55, 56, 57, 121, 10334, 17280, 17419})
# Unauthorized, AuthenticationFailed, and what Atlas says for the second.
_NOT_ALLOWED: Final = frozenset({13, 18, 8000})
# The driver waits for an answer of its goodbye; a server that is away gives none.
_GOODBYE_SECONDS: Final = 1.0
_MAX_REASON_LENGTH: Final = 200

Document = dict[str, Any]


class MongoStore:
    """One database of one server."""

    def __init__(
        self,
        uri: str,
        *,
        database: str | None = None,
        collection: str | None = None,
        connect_seconds: float = 5.0,
        write_seconds: float = 10.0,
    ) -> None:
        self.place = place_of(uri)
        self._uri = uri
        self._secrets = secrets_of(uri)
        self._database_name = database
        self._collection_name = collection
        self._connect_seconds = connect_seconds
        self._write_seconds = write_seconds
        self._client: AsyncMongoClient[Document] | None = None
        self._database: AsyncDatabase[Document] | None = None
        self._decimal: DecimalWriter = decimal128
        self._collections: dict[str, AsyncCollection[Document]] = {}
        # Tells this opening from others: an attempt that comes through late, after the retry
        # and what followed it, must not put an old state over a new one.
        self._run = secrets.token_hex(8)
        self._revision = 0

    async def open(self) -> None:
        """Connect, and make sure that this account may write.

        Raises:
            SinkError: If the server does not answer or refuses, or the database is a store of
                another version.
            ConfigError: If the address is none, or asks for writes without acknowledgement.
        """
        self._client = self._made_client()
        try:
            database = self._client.get_default_database(_DATABASE)
            if self._database_name is not None:
                database = self._client.get_database(self._database_name)
            concern = _durable(database.write_concern)
            self._database = database.with_options(write_concern=concern)
            # What the address says, or what was put in its place.
            seconds = min(self._connect_seconds, self._client.options.server_selection_timeout)
            await self._guarded(self._prepare(self._database), seconds)
        except BaseException:
            await self.close()
            raise

    def _made_client(self) -> AsyncMongoClient[Document]:
        patience = round(1000 * self._connect_seconds)
        ours: dict[str, Any] = {"serverSelectionTimeoutMS": patience, "connectTimeoutMS": patience}
        asked = self._uri.lower()
        try:
            # The driver would let these come before what the address says.
            return AsyncMongoClient(
                self._uri,
                **{name: value for name, value in ours.items() if f"{name.lower()}=" not in asked},
            )
        except (PyMongoError, ValueError, TypeError):
            # The driver's words, and the traceback, may hold a part of the password.
            raise ConfigError(
                f"{self.place} is no address that MongoDB's driver takes; user and password must"
                " be percent-encoded (urllib.parse.quote_plus)"
            ) from None

    async def _prepare(self, database: AsyncDatabase[Document]) -> None:
        """Read what is said about the store, or write it into a new one."""
        about = database[_ABOUT]
        said = await about.find_one({"_id": "store"})
        if said is None:
            has_decimals = await _takes_decimals(about)
            said = {"_id": "store", "version": SCHEMA_VERSION, "has_decimals": has_decimals}
            try:
                await about.insert_one(said)
            except DuplicateKeyError:  # another program was first
                said = await about.find_one({"_id": "store"}) or said
        if said.get("version") != SCHEMA_VERSION:
            raise SinkError(
                f"{self.place} holds a store of version {said.get('version')}, and this package"
                f" writes version {SCHEMA_VERSION}: name another database",
                place=self.place,
            )
        # An account that may only read learns it now.
        await about.update_one({"_id": "store"}, {"$set": {"version": SCHEMA_VERSION}})
        if not said["has_decimals"]:
            _logger.warning("%s has no Decimal128: numbers are stored as text", self.place)
        self._decimal = decimal128 if said["has_decimals"] else plain_text

    async def close(self) -> None:
        """Say goodbye to the server, if it is there."""
        client, self._client = self._client, None
        self._database = None
        self._collections.clear()
        if client is not None:
            with pymongo.timeout(_GOODBYE_SECONDS):
                await client.close()

    async def write(self, rows: Sequence[Row]) -> Outcome:
        """Store rows, as documents of one collection a channel.

        Raises:
            SinkError: If the server is away or takes nothing now.
            RefusedRowsError: If BSON cannot hold a value.
        """
        by_collection: dict[tuple[str, bool], list[Row]] = {}
        for row in rows:
            name = self._collection_name or row.channel
            by_collection.setdefault((name, row.identity.is_state), []).append(row)
        stored, repeated = 0, 0
        refused: list[tuple[Row, str]] = []
        for (name, is_state), members in by_collection.items():
            write = self._replace if is_state else self._insert
            outcome = await self._guarded(self._write_all(name, members, write))
            stored += outcome.stored
            repeated += outcome.repeated
            refused += outcome.refused
        return Outcome(stored, repeated, refused)

    async def _write_all(
        self,
        name: str,
        rows: Sequence[Row],
        write: Callable[[AsyncCollection[Document], Mapping[str, Row]], Any],
    ) -> Outcome:
        newest = _newest(rows)
        outcome: Outcome = await write(await self._collection(name), newest)
        beside = len(rows) - len(newest)
        if rows[0].identity.is_state:  # states that were replaced in the same batch
            return outcome._replace(stored=outcome.stored + beside)
        return outcome._replace(repeated=outcome.repeated + beside)

    async def _collection(self, name: str) -> AsyncCollection[Document]:
        collection = self._collections.get(name)
        if collection is None:
            if self._database is None:
                raise InvalidOperation("not open")
            collection = self._database[name]
            await collection.create_index([("time", ASCENDING)])
            await collection.create_index([("symbol", ASCENDING), ("time", ASCENDING)])
            self._collections[name] = collection
        return collection

    async def _insert(
        self, collection: AsyncCollection[Document], rows: Mapping[str, Row]
    ) -> Outcome:
        """Insert what happened once, and leave out what is there already."""
        documents = [document_of(row, self._decimal) for row in rows.values()]
        try:
            await collection.insert_many(documents, ordered=False)
        except BulkWriteError as exc:
            repeated, refused = _told(exc, list(rows.values()))
            return Outcome(len(rows) - len(repeated) - len(refused), len(repeated), refused)
        return Outcome(len(rows), 0)

    async def _replace(
        self, collection: AsyncCollection[Document], rows: Mapping[str, Row]
    ) -> Outcome:
        """Put states in the place of older ones."""
        self._revision += 1
        members = list(rows.values())
        changes = [self._replacement(row) for row in members]
        refused: list[tuple[Row, str]] = []
        try:
            await collection.bulk_write(
                [ReplaceOne(where, new, upsert=True) for where, new in changes], ordered=False
            )
        except BulkWriteError as exc:
            there, refused = _told(exc, members)
            # Either the one that is there is newer, or somebody wrote the first one just now.
            again = [ReplaceOne(*changes[number]) for number in there]
            matched = 0
            if again:
                matched = (await collection.bulk_write(again, ordered=False)).matched_count
            repeated = len(there) - matched
            return Outcome(len(rows) - repeated - len(refused), repeated, refused)
        return Outcome(len(rows), 0)

    def _replacement(self, row: Row) -> tuple[Document, Document]:
        """Return which document a state may replace, and the new one."""
        new = document_of(row, self._decimal)
        new["writer"] = {"run": self._run, "revision": self._revision}
        where: Document = {"_id": new["_id"]}
        if new.get("is_closed") is False:  # no forming candle replaces a closed one
            where["is_closed"] = {"$ne": True}
        # Last: NX-27017 0.8.1, which the tests run, forgets what stands behind an $or.
        where["$or"] = [
            {"writer.run": {"$ne": self._run}},
            {"writer.revision": {"$lt": self._revision}},
        ]
        return where, new

    async def _guarded(self, work: Any, seconds: float | None = None) -> Any:
        """Do something with the server within a time; make the driver's errors the sink's."""
        try:
            with pymongo.timeout(self._write_seconds if seconds is None else seconds):
                return await work
        except (bson.errors.BSONError, OverflowError, UnicodeEncodeError) as exc:
            reason = self._reason(exc)
            raise RefusedRowsError(f"BSON cannot hold it: {reason}", place=self.place) from exc
        except PyMongoError as exc:
            raise self._translated(exc) from exc

    def _translated(self, error: PyMongoError) -> SinkError:
        reason = self._reason(error)
        if isinstance(error, OperationFailure) and error.code in _NOT_ALLOWED:
            text = f"{self.place} refuses this user: {reason}; check user, password and rights"
        elif isinstance(error, ServerSelectionTimeoutError):
            text = f"cannot reach {self.place}: {reason}"
        elif isinstance(error, ConnectionFailure) or error.timeout:
            text = f"lost {self.place}: {reason}"
        else:
            text = f"{self.place} did not write: {reason}"
        return SinkError(text, place=self.place, retryable=True)

    def _reason(self, error: BaseException) -> str:
        """Return the driver's words without the state of everything, and without secrets."""
        details = getattr(error, "details", None) or {}
        errors = details.get("writeErrors") or details.get("writeConcernErrors") or [details]
        said = errors[0].get("errmsg") if isinstance(error, OperationFailure) else None
        text = str(said or error).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split())[:_MAX_REASON_LENGTH] or type(error).__name__


async def _takes_decimals(about: AsyncCollection[Document]) -> bool:
    """Try whether a server has MongoDB's Decimal128; servers that only speak like one may not."""
    probe: Document = {"_id": f"probe {secrets.token_hex(8)}", "number": Decimal128("1.50")}
    try:
        await about.insert_one(probe)
    except WriteError:
        await about.insert_one({**probe, "number": "1.50"})  # or it takes nothing at all now
        await about.delete_one({"_id": probe["_id"]})
        return False
    found = await about.find_one({"_id": probe["_id"]})
    await about.delete_one({"_id": probe["_id"]})
    return found is not None and found["number"] == probe["number"]


def _durable(concern: WriteConcern) -> WriteConcern:
    """Return a write concern under which what was acknowledged survives a crash.

    Raises:
        ConfigError: If the address asks for writes that nobody acknowledges.
    """
    asked = dict(concern.document)
    if asked.get("w") == 0:
        raise ConfigError("w=0 loses messages in silence: leave it out of the address")
    asked.setdefault("w", "majority")
    asked.setdefault("j", True)
    return WriteConcern(**asked)


def _newest(rows: Sequence[Row]) -> dict[str, Row]:
    """Return one row for each key: of a state the last one, but no forming after a closed one."""
    newest: dict[str, Row] = {}
    for row in rows:
        key = row.key_text
        before = newest.get(key)
        if before is None or (
            row.identity.is_state
            and not (before.fields.get("is_closed") and not row.fields.get("is_closed"))
        ):
            newest[key] = row
    return newest


def _told(error: BulkWriteError, rows: Sequence[Row]) -> tuple[list[int], list[tuple[Row, str]]]:
    """Read which rows of a batch were there already, and which are refused.

    Raises:
        BulkWriteError: If the fault is the server's, and the batch is to be written again.
    """
    details = error.details
    if details.get("writeConcernErrors"):
        raise error
    repeated: list[int] = []
    refused: list[tuple[Row, str]] = []
    for each in details.get("writeErrors", ()):
        is_key = "_id" in each.get("keyPattern", {"_id": 1})
        if each.get("code") == _DUPLICATE_KEY and is_key:
            repeated.append(each["index"])
        elif each.get("code") in (_DUPLICATE_KEY, *_DOCUMENT_AT_FAULT):
            refused.append((rows[each["index"]], str(each.get("errmsg"))))
        else:
            raise error
    return repeated, refused
