-- Says under which epoch tickets are issued and spent on this server, and begins a new one where marks may
-- have been lost since the last: another life of the server, or no epoch at all (FLUSHALL, eviction).
--
-- KEYS  1 the site's meta
-- ARGV  1 the life of this server, as the caller has just read it
--       2 a random epoch, in case a new one begins
--       3 an epoch whose serial numbers have run out, or nothing
-- Answers the epoch.
--
-- The high marks go with the old epoch: a ticket's MAC covers its epoch, so its serial number may come back
-- in the next.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'life')
if meta[1] and meta[2] == ARGV[1] and meta[1] ~= ARGV[3] then
  return meta[1]
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'life', ARGV[1])
return ARGV[2]
