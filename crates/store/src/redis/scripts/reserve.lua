-- Sets serial numbers aside for one session.
--
-- KEYS  1 the site's meta   2 the session's record
-- ARGV  1 epoch   2 the high mark's field   3 how many   4 until   5 now
-- Answers the first of the numbers; -1 if the epoch is over; -2 if the epoch has no numbers left.
--
-- The record is laid out as in spend.lua. A session without one begins at the high mark, which no number
-- that was given out before reaches: what an evicted or expired record gave out never comes back.
local FULL = 4294967296
local SPARE = 60

local meta = redis.call('HMGET', KEYS[1], 'epoch', ARGV[2])
if meta[1] ~= ARGV[1] then
  return -1
end
local high = tonumber(meta[2] or 0)
local count, till, now = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local record = redis.call('GET', KEYS[2])
local begin, next, runs = high, high, ''
if record then
  local was
  begin, next, was = struct.unpack('>I4I4I4', record)
  runs = string.sub(record, 13)
  if was > till then
    till = was
  end
  if next + count >= FULL then
    begin, next, runs = high, high, ''
  end
end

local first = next
next = next + count
if next >= FULL then
  return -2
end
if next > high then
  redis.call('HSET', KEYS[1], ARGV[2], next)
end
local ttl = till - now + SPARE
if ttl < SPARE then
  ttl = SPARE
end
redis.call('SET', KEYS[2], struct.pack('>I4I4I4', begin, next, till) .. runs, 'EX', ttl)
return first
