"""The Lua scripts of the store in Redis. Each is atomic, and all keys of one execution have the same hash tag.

A value is the sequence number of its item's creation, that of its latest write (16 digits each), and the packed
record. The index of a table has its partitions by the sequence number of their latest write.
"""

from __future__ import annotations

from pass_harness.mock_server.store import T, Table
from pass_harness.mock_server.store.packing import unpack
from pass_harness.mock_server.store.redis_connection import Script

_SEQUENCE = 16
_SEQUENCES = 2 * _SEQUENCE
ANY = "*"
"""In place of the sequence numbers of an expected value: every value is expected."""
CONFLICT = -1
"""Answer of `COMMIT` if a value is not the expected one."""

_PUT = """
-- KEYS[1]: the life; ARGV: expiry in seconds or 0, maximum number of partitions
local life, kept, most = KEYS[1], ARGV[1], tonumber(ARGV[2])
local function keep(key)
  if kept ~= '0' then redis.call('EXPIRE', key, kept) end
end
local function move_epoch()
  redis.call('HINCRBY', life, 'epoch', 1)
end
local function evict(index, prefix, caching)
  local over = redis.call('ZCARD', index) - most
  if over <= 0 then return end
  local gone = redis.call('ZPOPMIN', index, over)
  for i = 1, #gone, 2 do redis.call('UNLINK', prefix .. gone[i]) end
  if caching ~= '0' then move_epoch() end
end
-- caching: 0, 1 for present records, 2 for absent ones too; old: the current value or false; no record: delete
local function put(key, index, name, partition, caching, item, record, old)
  if record == '' then
    if not old then return 0 end
    redis.call('HDEL', key, item)
    if redis.call('EXISTS', key) == 0 then redis.call('ZREM', index, partition) end
    if caching ~= '0' then move_epoch() end
    return 1
  end
  local latest = redis.call('HINCRBY', life, 'sequence', 1)
  local sequence = string.format('%016d', latest)
  redis.call('HSET', key, item, (old and string.sub(old, 1, 16) or sequence) .. sequence .. record)
  if caching == '2' or (caching == '1' and old) then move_epoch() end
  if redis.call('ZADD', index, latest, partition) == 1 then
    redis.call('HSET', life, 'table:' .. name, '')
    evict(index, string.sub(key, 1, -#partition - 1), caching)
  end
  keep(key)
  keep(index)
  keep(life)
  return 1
end
"""
_STEPS = """
local steps = {}
-- adobe/throttle.py; a record is a map with the theoretical arrival time
function steps.admit(old, now, rate, burst)
  local tat = old and cmsgpack.unpack(string.sub(old, 33)).tat or 0
  local arrival = math.max(now, tat)
  local _, exponent = math.frexp(arrival)
  local rounding = (burst + 1) * math.ldexp(1, exponent - 53)
  if arrival - now - burst * 1000 / rate - rounding > 0 then return nil, 0 end
  return cmsgpack.pack({tat = arrival + 1000 / rate}), 1
end
-- domain/registration.py; the result is the number of earlier calls within the second
function steps.count(old, second)
  local last = old and cmsgpack.unpack(string.sub(old, 33))
  local before = last and last.second == second and last.tokens or 0
  return cmsgpack.pack({second = second, tokens = before + 1}), before
end
local function take(key, index, name, partition, caching, item, step, ...)
  local old = redis.call('HGET', key, item)
  local record, result = steps[step](old, ...)
  if record then put(key, index, name, partition, caching, item, record, old) end
  return result
end
"""

WRITE = Script(
    _PUT
    + """
-- KEYS: life, partition, index; ARGV from 3: table, partition, caching, item, record, expected sequence numbers
local old = redis.call('HGET', KEYS[2], ARGV[6])
if ARGV[8] ~= '*' and string.sub(old or '', 1, 32) ~= ARGV[8] then return old or '' end
return put(KEYS[2], KEYS[3], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], old)
"""
)
"""Write or delete an item: 1, 0 if there was nothing to delete, or the current value if another one is expected."""

LIST = Script(
    """
-- KEYS: list, its sequence; ARGV: entry
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
return redis.call('ZADD', KEYS[1], redis.call('INCR', KEYS[2]), ARGV[1])
"""
)
"""Add an entry to a list in the order of creation, unless it is there."""

STEP = Script(
    _PUT
    + _STEPS
    + """
-- KEYS: life, partition, index; ARGV from 3: table, partition, caching, item, step, its arguments
local arguments = {}
for i = 8, #ARGV do arguments[#arguments + 1] = tonumber(ARGV[i]) end
return take(KEYS[2], KEYS[3], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], unpack(arguments))
"""
)
"""Execute a named step on an item, and return its result."""

FETCH = Script(
    _PUT
    + _STEPS
    + """
-- KEYS: life, partition of the record of the space, then partition and index of each; ARGV from 3: expected sequence
-- numbers of the record, its item; then for each: kind, item, and for a step table, partition, caching, name, number
-- of arguments, arguments
local record = redis.call('HGET', KEYS[2], ARGV[4])
if not record or string.sub(record, 1, 32) ~= ARGV[3] then return {record} end
local found = {1, tonumber(redis.call('HGET', life, 'epoch') or 0)}
local at = 5
for i = 3, #KEYS, 2 do
  local kind, item = ARGV[at], ARGV[at + 1]
  at = at + 2
  if kind == 'item' then
    found[#found + 1] = redis.call('HGET', KEYS[i], item)
  elseif kind == 'rows' then
    found[#found + 1] = redis.call('HGETALL', KEYS[i])
  else
    local arguments = {}
    for j = at + 5, at + 4 + tonumber(ARGV[at + 4]) do arguments[#arguments + 1] = tonumber(ARGV[j]) end
    local name, partition, caching, step = unpack(ARGV, at, at + 3)
    found[#found + 1] = take(KEYS[i], KEYS[i + 1], name, partition, caching, item, step, unpack(arguments))
    at = at + 5 + #arguments
  end
end
return found
"""
)
"""Read the items that one request needs, and execute its named steps.

The answer is 1, the epoch of the life, and what was found. If the record of the space is not the expected one, it is
that record (nil without one), and nothing else was done.
"""

COMMIT = Script(
    _PUT
    + """
-- KEYS: life, numbers, entries, then partition and index of each write; ARGV from 3: log or '', limit, entry,
-- expected total or ''; then for each write: table, partition, caching, item, record, expected sequence numbers
local log, total = ARGV[3], ARGV[6]
if total ~= '' and (redis.call('HGET', life, 'total:' .. log) or '0') ~= total then return 0 end
local olds = {}
for i = 4, #KEYS, 2 do
  local at = 7 + (i - 4) * 3
  local old = redis.call('HGET', KEYS[i], ARGV[at + 3])
  if ARGV[at + 5] ~= '*' and string.sub(old or '', 1, 32) ~= ARGV[at + 5] then return -1 end
  olds[i] = old
end
for i = 4, #KEYS, 2 do
  local at = 7 + (i - 4) * 3
  put(KEYS[i], KEYS[i + 1], ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], olds[i])
end
if log == '' then return 1 end
local number = redis.call('HINCRBY', KEYS[2], log, 1)
redis.call('HINCRBY', life, 'total:' .. log, 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], number .. '-0', 'e', ARGV[5])
keep(life)
keep(KEYS[2])
keep(KEYS[3])
return number
"""
)
"""Write items and append an entry to a log, in one step; return the number of the entry.

The answer is `CONFLICT` if a value is not the expected one, 0 if the log has another total of entries than expected;
then nothing is written. An item is written at most once.
"""


def sequences(value: bytes | None) -> bytes:
    """Return the sequence numbers of a value, which no other value of the item has; empty without a value."""
    return value[:_SEQUENCES] if value is not None else b""


def record_in(table: Table[T], value: bytes | None) -> T | None:
    """Return the record in a value."""
    return unpack(table, value[_SEQUENCES:]) if value is not None else None


def in_order(table: Table[T], values: dict[bytes, bytes]) -> list[tuple[str, T]]:
    """Return the items of a partition with their records, oldest first."""
    ordered = sorted(values.items(), key=lambda item: item[1][:_SEQUENCE]) if len(values) > 1 else values.items()
    return [(item.decode(), unpack(table, value[_SEQUENCES:])) for item, value in ordered]


def pairs(answer: list[bytes]) -> dict[bytes, bytes]:
    """Return the response to HGETALL as a dictionary."""
    return dict(zip(answer[::2], answer[1::2], strict=True))
