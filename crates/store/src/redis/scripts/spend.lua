-- Spends one ticket, and sets numbers aside for those that replace it.
--
-- KEYS  1 the site's meta   2 the session's record
-- ARGV  1 epoch   2 the high mark's field   3 serial   4 how many replace it   5 until   6 now
-- Answers 0 if the epoch is over, 1 unknown, 2 spent before, 3 spent now without replacement, or 4 and the
-- first replacing number added.
--
-- A record is one string, so that eviction and expiry lose all of it or nothing, in big-endian 32-bit
-- numbers: the first serial number it may hold, the one after the last, the second until which it counts, and
-- the spent ones as rising runs of first and last.
local FULL = 4294967296
local MOST_RUNS = 1024
local SPARE = 60
-- A session that is ahead of all others moves the high mark by so much at once, not with every ticket.
local AHEAD = 32

local meta = redis.call('HMGET', KEYS[1], 'epoch', ARGV[2])
if meta[1] ~= ARGV[1] then
  return 0
end
local record = redis.call('GET', KEYS[2])
if not record then
  return 1
end
local unpack, pack, sub = struct.unpack, struct.pack, string.sub
local begin, next, till = unpack('>I4I4I4', record)
local serial, now = tonumber(ARGV[3]), tonumber(ARGV[6])
if now > till or serial < begin or serial >= next then
  return 1
end

-- Run i is the 8 bytes that end at 12 + 8 * i. Find how many runs begin at or before the serial number:
-- nearly always all of them, for tickets are spent about in the order in which they were issued.
local runs = (#record - 12) / 8
local low, top = 0, runs
if runs > 0 and unpack('>I4', record, 5 + 8 * runs) <= serial then
  low = runs
end
while low < top do
  local middle = math.ceil((low + top) / 2)
  if unpack('>I4', record, 5 + 8 * middle) <= serial then
    low = middle
  else
    top = middle - 1
  end
end

local first, last = serial, serial
local before, after = 12 + 8 * low, 13 + 8 * low
if low > 0 then
  local left, right = unpack('>I4I4', record, before - 7)
  if serial <= right then
    return 2
  end
  if right + 1 == serial then
    first = left
    before = before - 8
  end
end
if low < runs then
  local left, right = unpack('>I4I4', record, after)
  if left == serial + 1 then
    last = right
    after = after + 8
  end
end
local spent = sub(record, 13, before) .. pack('>I4I4', first, last) .. sub(record, after)
if #spent > 8 * MOST_RUNS then
  -- The oldest gap closes: what was unspent in it counts as spent.
  spent = sub(spent, 1, 4) .. sub(spent, 13)
end

local answer = 3
local replace = tonumber(ARGV[4])
if replace > 0 and next + replace < FULL then
  answer = 4 + next
  next = next + replace
  if next > tonumber(meta[2] or 0) then
    local high = next + AHEAD
    if high >= FULL then
      high = FULL - 1
    end
    redis.call('HSET', KEYS[1], ARGV[2], high)
  end
  local new = tonumber(ARGV[5])
  if new > till then
    till = new
  end
end
redis.call('SET', KEYS[2], pack('>I4I4I4', begin, next, till) .. spent, 'EX', till - now + SPARE)
return answer
